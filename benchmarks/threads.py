"""How should TensorFlow's threads share the cores of a CPU?

    python benchmarks/threads.py --data_dir=DIR --output=benchmarks/threads.jsonl

For each preset, processes with different numbers of threads within an operation and of operations
at once measure a training step, in turns. The default of TensorFlow is one thread per core for
both; `startup.share_cores` chooses.
"""

import argparse
import dataclasses
import json
import os
import statistics
import subprocess
import sys
import time

PRESETS = ("faces", "gan_fashion", "gan_ring")
ROUNDS = 2


def measure(name, data_dir):
    """Prints milliseconds of wall and processor time of a step, medians of several calls."""
    from geans import experiment, presets

    preset = dataclasses.replace(presets.get(name), epochs=1_000)
    dataset = experiment.make_data(preset, data_dir)
    model = experiment.make_model(preset, dataset)
    dataset, steps, found = dataset.repeat(), 8, []
    model.fit(dataset.take(steps), verbose=0)
    for _ in range(2):  # The first finds out how many steps fill some seconds.
        start = time.perf_counter()
        model.fit(dataset.take(steps), verbose=0)
        steps = max(steps, round(steps * 3 / (time.perf_counter() - start)))
    for _ in range(3):
        starts = time.perf_counter(), time.process_time()
        model.fit(dataset.take(steps), verbose=0)
        ends = time.perf_counter(), time.process_time()
        found.append([1e3 * (end - start) / steps for start, end in zip(starts, ends, strict=True)])
    print(json.dumps([statistics.median(each) for each in zip(*found, strict=True)]))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir")
    parser.add_argument("--presets", default=",".join(PRESETS))
    parser.add_argument("--output", default="threads.jsonl", help="JSONL file to add to")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.data_dir)
        return
    from geans import report

    cores = os.cpu_count()
    for name in arguments.presets.split(","):
        times = {(cores, cores): [], (1, cores): [], (cores, 1): []}
        for _ in range(ROUNDS):
            for (intra, inter), found in times.items():
                threads = {"TF_NUM_INTRAOP_THREADS": intra, "TF_NUM_INTEROP_THREADS": inter}
                command = [sys.executable, __file__, f"--measure={name}"]
                command += [f"--data_dir={arguments.data_dir}"] * bool(arguments.data_dir)
                environment = os.environ | {key: str(value) for key, value in threads.items()}
                output = subprocess.check_output(command, env=environment, text=True)
                found.append(json.loads(output.splitlines()[-1]))
        for (intra, inter), found in times.items():
            wall, processor = (statistics.median(each) for each in zip(*found, strict=True))
            row = {"preset": name, "within_operation": intra, "operations": inter}
            row |= {"milliseconds": wall, "processor_milliseconds": processor}
            report.append_row(row, arguments.output)
            print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
