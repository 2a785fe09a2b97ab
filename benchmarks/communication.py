"""What do the workers of a training say to each other, and how much?

    python benchmarks/communication.py --output=benchmarks/communication.jsonl

Two workers on this machine train GAN and GEAN on the same batches. A row has the all-reduces in the
traced graphs of a step and of a window's end, by function (branches of conditionals are functions
of their own), and the bytes per step that passed through the loopback device, to which all else
that goes on on the machine adds. Takes about 2 minutes.
"""

import argparse
import json
import os
import pathlib
import socket
import subprocess
import sys

CASES = {
    "gan": ("GAN", {}),
    "gan, simultaneous": ("GAN", {"order": "simultaneous"}),
    "gean, window 4": ("GEAN", {"update_every": 4}),
    "gean, epoch": ("GEAN", {}),
}
BATCH_SIZE, STEPS = 64, 32


def loopback_bytes():
    lines = pathlib.Path("/proc/net/dev").read_text().splitlines()
    (line,) = (line for line in lines if line.strip().startswith("lo:"))
    return int(line.split()[1])


def make_model(rule):
    import keras

    import geans
    from geans import networks

    model_class, options = CASES[rule]
    model = getattr(geans, model_class)(
        networks.mlp.generator(64, (28, 28, 1), seed=0),
        networks.mlp.discriminator((28, 28, 1), seed=0),
        seed=0,
        **options,
    )
    model.compile(keras.optimizers.Adam(2e-4), keras.optimizers.Adam(2e-4))
    return model


def reduces_in(graph):
    """How many all-reduces a graph and its functions have, by the name of the function."""
    definition = graph.as_graph_def()
    parts = {"": definition.node} | {
        function.signature.name: function.node_def for function in definition.library.function
    }
    counts = {
        name: sum(node.op.startswith("CollectiveReduce") for node in nodes)
        for name, nodes in parts.items()
    }
    return {name: count for name, count in counts.items() if count}


def measure(rule):
    """Trains two epochs and counts in the second; a dict."""
    import numpy as np
    import tensorflow as tf

    from geans import rules

    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        model = make_model(rule)
    images = np.random.default_rng(0).uniform(-1, 1, (STEPS * BATCH_SIZE, 28, 28, 1))
    dataset = tf.data.Dataset.from_tensor_slices(images.astype("float32")).batch(BATCH_SIZE)
    model.fit(dataset, verbose=0)
    before = loopback_bytes()
    model.fit(dataset, verbose=0)
    sent = loopback_bytes() - before
    functions = {}
    with strategy.scope():
        batch = strategy.experimental_distribute_dataset(model.with_batch_positions(dataset))
        step = tf.function(
            lambda iterator: strategy.run(model.train_step, args=(next(iterator),)),
            autograph=False,
        )
        functions["step"] = step.get_concrete_function(iter(batch)).graph
        if isinstance(model.rule, rules.Window):
            window = tf.function(model.end_epoch, autograph=False)
            functions["window"] = window.get_concrete_function().graph
    return {
        "rule": rule,
        "window_steps": STEPS if rule.endswith("epoch") else getattr(model.rule, "every", 1),
        "parameters": sum(
            v.shape.num_elements()
            for player in model.players.values()
            for v in player.trained_variables
        ),
        "reduces": {name: reduces_in(graph) for name, graph in functions.items()},
        "bytes_per_step": sent / STEPS,
    }


def start(rule, folder):
    sockets = [socket.socket() for _ in range(2)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    cluster = {"worker": [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]}
    for each in sockets:
        each.close()
    for index in range(2):
        task = {"cluster": cluster, "task": {"type": "worker", "index": index}}
        yield subprocess.Popen(
            [sys.executable, __file__, f"--worker={rule}", f"--output={folder}/{index}"],
            env=os.environ | {"TF_CONFIG": json.dumps(task)},
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", required=True)
    parser.add_argument("--worker")
    arguments = parser.parse_args()
    if arguments.worker:
        pathlib.Path(arguments.output).write_text(json.dumps(measure(arguments.worker)))
        return
    import tempfile

    rows = []
    for rule in CASES:
        with tempfile.TemporaryDirectory() as folder:
            for process in list(start(rule, folder)):
                if process.wait(timeout=300):
                    sys.exit(f"A worker of {rule!r} failed.")
            rows.append(json.loads(pathlib.Path(folder, "0").read_text()))
            print(rows[-1])
    from geans import report

    for row in rows:
        row |= {"batch_size": BATCH_SIZE, "steps": STEPS, **report.versions()}
    pathlib.Path(arguments.output).write_text("".join(f"{json.dumps(row)}\n" for row in rows))


if __name__ == "__main__":
    main()
