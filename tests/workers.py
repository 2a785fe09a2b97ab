"""Real processes that train together over 127.0.0.1, as on as many machines."""

import json
import os
import pathlib
import socket
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]


def start_one(script, *arguments, **environment):
    """A Python process that runs `script`; what it prints can be read from it."""
    paths = [os.environ.get("PYTHONPATH", ""), str(ROOT)]  # Scripts import from `tests`.
    environment = {"PYTHONPATH": os.pathsep.join(filter(None, paths))} | environment
    return subprocess.Popen(
        [sys.executable, script, *map(str, arguments)],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def start(script, arguments):
    """One worker for each of the tuples of arguments."""
    return [
        start_one(script, *of_worker, TF_CONFIG=task)
        for of_worker, task in zip(arguments, tasks(len(arguments)), strict=True)
    ]


def tasks(count):
    """The TF_CONFIG of each of `count` workers on free ports."""
    cluster = {"worker": [f"127.0.0.1:{port}" for port in _free_ports(count)]}
    for index in range(count):
        yield json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})


def finish(processes, timeout=600):
    """Waits for processes that shall succeed; returns what they printed."""
    outputs = []
    for process in processes:
        output, _ = process.communicate(timeout=timeout)
        assert process.returncode == 0, output[-3000:]
        outputs.append(output)
    return outputs


def _free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
