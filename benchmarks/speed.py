"""How long does a step take, beside other ways to train the same networks?

    python benchmarks/speed.py --output=benchmarks/speed.jsonl

Every contender is a process of its own; they train in turn, round by round, while the others wait.
A row has medians over the rounds: milliseconds of wall and of processor time per step, their ratio
to geans' GAN in the same round, the seconds until the first step is done, and the process' peak
memory. The share of the convolution rate compares a step's operations with what the same processor
reaches in one large convolution, measured in the same round. PyTorch and JAX come with
`pip install ".[speed]"`; without them their rows are left out, and it says so. About 15 minutes on
two cores.
"""

import argparse
import importlib.util
import json
import math
import pathlib
import statistics
import subprocess
import sys

import contenders

from geans import report
from geans.models import execution

PACKAGES = {"PyTorch eager": "torch", "JAX lax.scan": "jax"}
BASE = "geans GAN"
LINE = (
    "{workload:9} {contender:24} {wall_milliseconds:8.2f} ms wall {processor_milliseconds:8.2f} ms "
    "processor {wall_ratio:5.2f} {processor_ratio:5.2f}  first {first_step_seconds:4.1f} s "
    "{peak_megabytes} MB"
)
CONVOLUTIONS = 20  # In a round.


def operations(workload):
    """Floating point operations of an alternating step, those of its matrix products alone."""
    # The generator makes fakes once, for both players, and is trained; the discriminator sees real
    # and fake images and is trained, and then passes the slope of fake ones on. Going back takes
    # two products for each one forwards.
    generator, discriminator = map(execution.operations, contenders.networks_of(workload))
    return workload["batch_size"] * (3 * generator + 8 * discriminator)


class Contender:
    """A process that trains on command."""

    def __init__(self, workload, name):
        script = pathlib.Path(__file__).with_name("contenders.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script), workload, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.first = self._answer()

    def _answer(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise RuntimeError(f"{self.process.args} ended with {self.process.wait()}.")

    def train(self, steps):
        """Trains some steps; returns the seconds they took and the memory."""
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()
        return self._answer()

    def end(self):
        """Ends the process."""
        self.process.stdin.close()
        self.process.wait()


def compare(name, chosen, rounds):
    workload = contenders.WORKLOADS[name]
    steps = workload["steps"]
    running = {}
    for contender in chosen:
        if contender == "JAX lax.scan" and "units" not in workload:
            continue
        running[contender] = Contender(name, contender)
        running[contender].train(steps)  # Warms up: caches, threads, JAX' compilation.
    found, rates = {contender: [] for contender in running}, []
    convolution = Contender(name, "convolution")
    for _ in range(rounds):
        for contender, process in running.items():
            found[contender].append(process.train(steps))
        rates.append(CONVOLUTIONS * of_convolution() / convolution.train(CONVOLUTIONS)["wall"])
    convolution.end()
    for contender, answers in found.items():
        running[contender].end()
        row = _row(name, contender, answers, found[BASE], running[contender].first, steps)
        if contender == BASE and name.startswith("dcgan"):
            row |= _share(operations(workload) * steps, answers, rates)
        yield row


def of_convolution():
    """Operations of the convolution that is measured."""
    images, kernel = (contenders.CONVOLUTION[name] for name in ("images", "kernel"))
    return 2 * math.prod(images[:3]) * math.prod(kernel)


def _share(operations, answers, rates):
    shares = [operations / each["wall"] / rate for each, rate in zip(answers, rates, strict=True)]
    return {
        "convolution_gflops": round(statistics.median(rates) / 1e9),
        "share_of_convolution_rate": round(statistics.median(shares), 3),
    }


def _row(name, contender, answers, base, first, steps):
    milliseconds = {
        kind: statistics.median(each[kind] for each in answers) / steps * 1e3
        for kind in ("wall", "processor")
    }
    ratios = {
        kind: statistics.median(a[kind] / b[kind] for a, b in zip(answers, base, strict=True))
        for kind in ("wall", "processor")
    }
    return {
        "workload": name,
        "contender": contender,
        "wall_milliseconds": round(milliseconds["wall"], 3),
        "processor_milliseconds": round(milliseconds["processor"], 3),
        "wall_ratio": round(ratios["wall"], 3),
        "processor_ratio": round(ratios["processor"], 3),
        "first_step_seconds": round(first["wall"], 2),
        "peak_megabytes": round(max(each["megabytes"] for each in answers)),
        "rounds": len(answers),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workloads", default=",".join(contenders.WORKLOADS))
    parser.add_argument("--contenders", nargs="*", default=list(contenders.CONTENDERS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--output", help="JSONL file to write")
    arguments = parser.parse_args()
    chosen = arguments.contenders
    for contender, package in PACKAGES.items():
        if contender in chosen and importlib.util.find_spec(package) is None:
            print(f"{contender} is left out: {package} is not installed.")
            chosen.remove(contender)
    rows = []
    for name in arguments.workloads.split(","):
        for row in compare(name, chosen, arguments.rounds):
            rows.append(row | report.versions())
            print(LINE.format(**row), flush=True)
            if arguments.output:
                report.write_lines(rows, arguments.output)


if __name__ == "__main__":
    main()
