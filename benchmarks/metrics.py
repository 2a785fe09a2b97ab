"""How long do metrics take, and how much memory, compared with the reference packages?

    pip install prdc scipy
    python benchmarks/metrics.py --output=benchmarks/metrics.jsonl

Ours and theirs run in turn, round by round, each in a process of its own, on the same float32
features of dimension 2,048: the Fréchet distance of 3,000 + 3,000 against the formula with
`scipy.linalg.sqrtm`, precision, recall, density and coverage of 10,000 + 10,000 against the package
`prdc`. A row has medians over the rounds; memory is the peak above that before the call, which
includes the features. Shared machines drift: trust the ratios, which are medians of rounds, too.
Takes about 10 minutes on two CPU cores.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import numpy as np

from geans import metrics, report

DIMENSION = 2048


def frechet_by_sqrtm(real, fake):
    import scipy.linalg

    covariances = [np.cov(each, rowvar=False) for each in (real, fake)]
    root = scipy.linalg.sqrtm(covariances[0] @ covariances[1])
    means = np.sum((real.mean(axis=0) - fake.mean(axis=0)) ** 2)
    return means + np.trace(covariances[0] + covariances[1]) - 2 * np.trace(root).real


def prdc_of_the_package(real, fake):
    import prdc

    return prdc.compute_prdc(real, fake, nearest_k=5)["density"]


WAYS = {
    "frechet_distance": (
        3_000,
        {"geans": metrics.frechet_distance, "scipy.linalg.sqrtm": frechet_by_sqrtm},
    ),
    "prdc": (
        10_000,
        {
            "geans": lambda real, fake: metrics.prdc(real, fake, k=5).density,
            "prdc": prdc_of_the_package,
        },
    ),
}


def measure(metric, way):
    """Seconds, megabytes and the value, of one call in this process."""
    count, ways = WAYS[metric]
    random = np.random.default_rng(0)
    real, fake = random.standard_normal((2, count, DIMENSION), dtype="float32")
    fake *= np.float32(0.97)
    # Imports what it needs, and starts its threads.
    ways[way](real[:20, :10], fake[:20, :10])
    before, start = report.peak_memory_mb(), time.perf_counter()
    value = ways[way](real, fake)
    seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "megabytes": report.peak_memory_mb() - before,
        "value": float(value),
    }


def measure_alone(metric, way):
    command = [sys.executable, __file__, f"--measure={metric},{way}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def compare(metric, rounds):
    count, ways = WAYS[metric]
    found = {way: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            found[way].append(measure_alone(metric, way))
    for way in ways:
        row = {"metric": metric, "by": way, "samples": count, "dimension": DIMENSION}
        for name in ("seconds", "megabytes"):
            values = [each[name] for each in found[way]]
            ratios = [a / b[name] for a, b in zip(values, found["geans"], strict=True)]
            row[name] = round(statistics.median(values), 1)
            row[f"{name}_to_geans"] = round(statistics.median(ratios), 2)
        yield row | {"value": found[way][0]["value"], "rounds": rounds}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", help="JSONL file to write")
    parser.add_argument("--measure", help="METRIC,WAY: measure once, in this process")
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(*arguments.measure.split(","))))
        return
    rows = []
    for metric in WAYS:
        for row in compare(metric, arguments.rounds):
            rows.append(row)
            print(
                "{metric:16} {by:18} {seconds:7.1f} s ({seconds_to_geans:.2f}) "
                "{megabytes:7.1f} MB ({megabytes_to_geans:.2f})".format(**row),
                flush=True,
            )
    if arguments.output:
        with open(arguments.output, "w") as file:
            file.writelines(json.dumps(row | report.versions()) + "\n" for row in rows)


if __name__ == "__main__":
    main()
