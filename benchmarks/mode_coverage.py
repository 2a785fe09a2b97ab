"""Does GEAN lose fewer modes than GAN, is it steadier, and which ingredient does the work?

    python benchmarks/mode_coverage.py --suites=windows,optimizers --seeds=0,1,2
    python benchmarks/mode_coverage.py --suites=rule_search && \
        python benchmarks/mode_coverage.py --suites=rules
    python benchmarks/mode_coverage.py --list

The last two belong together: every update rule of `RULES` with the best of its 16 pairs of learning
rates, by the search before it.

Trains variants of the presets on points and appends a row per run to `mode_coverage.jsonl`: what
2,500 samples of the EMA generator (10,000 of stacked digits) cover, and of the raw one. What the
file has already is not repeated, so an interrupted benchmark resumes, and seeds can be added later.
Each run has one thread, and `--workers` of them run at a time: compare seconds within a suite,
never across files.
"""

import argparse
import dataclasses
import itertools
import json
import math
import multiprocessing
import pathlib
import statistics
import time

from geans import presets, report

OUTPUT = pathlib.Path(__file__).with_name("mode_coverage.jsonl")
POINTS, STACKS = 2_500, 10_000
PROBLEMS = ("ring", "grid")
WINDOWS = (1, 2, 4, 8, 16, 64, "epoch")
ORDERS = ("alternating", "simultaneous")
RATES = (3e-4, 1e-3, 3e-3, 1e-2)
BETAS = (
    "fletcher_reeves",
    "polak_ribiere_plus",
    "hestenes_stiefel",
    "dai_yuan",
    "hager_zhang",
    "hestenes_stiefel_dai_yuan",
    "fletcher_reeves_polak_ribiere",
)
# A short budget for what is only screened: a million samples.
SHORT = {"epochs": 10}
NO_PENALTY = {"loss": "non_saturating", "r1": 0.0, "r2": 0.0}


def rates(generator, discriminator=None):
    return {
        "generator_learning_rate": generator,
        "discriminator_learning_rate": generator if discriminator is None else discriminator,
    }


def tuning():
    """The same search for both rules: losses with their penalties, orders, momentum.

    Rates are the business of `stability`.
    """
    penalties = {
        "non-saturating, no penalty": NO_PENALTY,
        "relativistic, R1 + R2 .01": {"loss": "relativistic", "r1": 0.01, "r2": 0.01},
        "relativistic, R1 + R2 .03": {"loss": "relativistic", "r1": 0.03, "r2": 0.03},
    }
    searched = itertools.product(PROBLEMS, ("gan", "gean"), penalties, ORDERS, (0.0, 0.5))
    for problem, rule, penalty, order, beta_1 in searched:
        name = f"{rule} {problem}, {penalty}, {order}, beta_1 {beta_1:g}"
        changes = {"order": order, "beta_1": beta_1}
        yield name, f"{rule}_{problem}", SHORT | penalties[penalty] | changes


def windows():
    """Fixed windows and growing ones at equal samples."""
    for problem, window in itertools.product(PROBLEMS, (*WINDOWS, "growing:8", "growing:64")):
        yield f"gean {problem}, {window}", f"gean_{problem}", SHORT | {"update_every": window}


def updates():
    """2,000 updates each, in the memory of one micro-batch: longer windows see more samples."""
    for problem, window in itertools.product(PROBLEMS, (1, 2, 4, 8, 16)):
        budget = {"samples_per_epoch": 128 * 200 * window, "epochs": 10}
        yield f"gean {problem}, {window}", f"gean_{problem}", budget | {"update_every": window}
    for problem in PROBLEMS:
        yield (f"gan {problem}", f"gan_{problem}", {"samples_per_epoch": 128 * 200, "epochs": 10})


def seconds():
    """Equal processor time: as many samples as a trial says will fit."""
    for problem, budget in (("ring", 10.0), ("grid", 30.0)):
        for window in (1, 2, 4, 8, 16, "growing:8"):
            changes = {"update_every": window, "processor_seconds": budget}
            yield f"gean {problem}, {window}", f"gean_{problem}", SHORT | changes


def optimizers():
    """GEAN with other optimizers, each at two rates; on the ring."""
    plain = {"sgd": {}, **{f"conjugate_gradient {rule}": {"rule": rule} for rule in BETAS}}
    scaled = {"adam": {}, "optimistic_adam": {}, "conjugate_gradient adam": {"beta_2": 0.99}}
    scaled["conjugate_gradient adam"]["preconditioner"] = "adam"
    for candidates, two in ((plain, (0.03, 0.1)), (scaled, (1e-3, 3e-3))):
        for (name, options), rate in itertools.product(candidates.items(), two):
            mover = {"optimizer": name.split()[0], "optimizer_options": options}
            yield f"gean ring, {name}, rate {rate:g}", "gean_ring", SHORT | mover | rates(rate)


def ingredients():
    """What else might matter, one change at a time; loss, order and momentum are in `tuning`."""
    for problem in PROBLEMS:
        changes = {
            "gan {}": {},
            "gan {}, no warmup": {"warmup": 0.0},
            "gan {}, optimistic Adam": {"optimizer": "optimistic_adam"},
            "gean {}": {},
            "gean {}, no warmup": {"warmup": 0.0},
            "gean {}, rate not scaled to the window": {"window_exponent": 0.0},
            "gean {}, rate scaled by the window": {"window_exponent": 1.0},
            "gean {}, optimistic Adam": {"optimizer": "optimistic_adam"},
        }
        for name, change in changes.items():
            name = name.format(problem)
            yield name, f"{name.split()[0]}_{problem}", SHORT | change


def stability():
    """From which of 16 pairs of learning rates does training succeed?"""
    candidates = {
        "gan ring": {},
        "gean ring": {},
        "gean ring, rate not scaled to the window": {"window_exponent": 0.0},
        "gan grid": {},
        "gean grid": {},
    }
    for candidate, generator, discriminator in itertools.product(candidates, RATES, RATES):
        name = f"{candidate}, rates {generator:g} {discriminator:g}"
        preset = candidate.partition(",")[0].replace(" ", "_")
        yield name, preset, SHORT | candidates[candidate] | rates(generator, discriminator)


_ALTERNATING = {"rule": "gan", "update_every": 1, "order": "alternating", "beta_1": 0.0}
_PULLBACK = _ALTERNATING | {"rule": "gean", "update": "pullback", "update_every": 5}
RULES = {
    "GAN": _ALTERNATING,
    "GAN, beta_1 .5": _ALTERNATING | {"beta_1": 0.5},
    "optimistic Adam": _ALTERNATING | {"optimizer": "optimistic_adam"},
    "optimistic Adam, beta_1 .5": _ALTERNATING | {"optimizer": "optimistic_adam", "beta_1": 0.5},
    "accumulation": {
        "rule": "gean",
        "update_every": "growing:8",
        "window_exponent": 0.5,
        "order": "simultaneous",
        "beta_1": 0.0,
    },
    "pullback": _PULLBACK,
    "pullback, conjugate": _PULLBACK | {"update_options": {"outer": "conjugate_gradient"}},
    "Lookahead": _PULLBACK | {"update_options": {"share": 0.5}},
    "extragradient": _ALTERNATING | {"update": "extragradient"},
    "SVRE": _ALTERNATING | {"rule": "gean", "update": "svre", "update_every": 40},
}
"""The update rules that are compared, each with its fields of the preset."""

_SHORTER = {"epochs": 5}
RULE_PROBLEMS = {
    "hard grid": ("gan_grid_hard", {}),
    "ring": ("gan_ring", _SHORTER | NO_PENALTY),
    "grid": ("gan_grid", _SHORTER),
    "digits": ("gan_digits", _SHORTER | {"warmup": 0.05}),
}
"""Presets, with their changes, on which rules are compared: half a million samples each."""

RULE_RATES = tuple(
    itertools.product((1.25e-3, 2.5e-3, 5e-3, 1e-2), (3.75e-4, 7.5e-4, 1.5e-3, 3e-3))
)
"""Learning rates of generator and discriminator."""


def rule_search():
    """The same 16 pairs of learning rates for every rule, on seeds that are reported nowhere."""
    for problem, (preset, changes) in RULE_PROBLEMS.items():
        for (rule, fields), pair in itertools.product(RULES.items(), RULE_RATES):
            name = f"{problem}, {rule}, rates {pair[0]:g} {pair[1]:g}"
            yield name, preset, changes | fields | rates(*pair)


def ranked_rates(rows):
    """Returns lists of rows, one for each pair of learning rates, by problem and rule.

    The best pair is first: it has the lowest median of reverse KL. Pairs with fewer seeds than
    others, which a search with `--finalists` has left, are last.

    Args:
        rows: Rows of `rule_search`.
    """
    found = {}
    for row in rows:
        pairs = found.setdefault(row["name"].partition(", rates")[0], {})
        pairs.setdefault(json.dumps(row["overrides"]), []).append(row)

    def place(pair):
        return -len(pair), statistics.median(row["reverse_kl"] for row in pair)

    return {name: sorted(pairs.values(), key=place) for name, pairs in found.items()}


def searched():
    """Returns `ranked_rates` of the rows that there are."""
    rows = [row for row in report.read_rows(OUTPUT) if row["suite"] == "rule_search"]
    return ranked_rates(rows)


def rules():
    """Every rule at the rates that its search has found."""
    for name, ((best, *_), *_) in searched().items():
        yield name, RULE_PROBLEMS[name.partition(", ")[0]][0], best["overrides"]


SUITES = {
    suite.__name__: suite
    for suite in (
        tuning,
        windows,
        updates,
        seconds,
        optimizers,
        ingredients,
        stability,
        rule_search,
        rules,
    )
}


SEEDS = {"rule_search": (100, 101, 102), "rules": range(10)}
"""Seeds of suites that do not have 0, 1 and 2."""


def runs(suites, seeds=None):
    """The runs, seed by seed, so that an interrupted benchmark has something of everything."""
    pairs = [(seed, suite) for suite in suites for seed in seeds or SEEDS.get(suite, range(3))]
    for seed, suite in sorted(pairs, key=lambda pair: pair[0]):
        for name, preset, overrides in SUITES[suite]():
            yield {
                "suite": suite,
                "name": name,
                "preset": preset,
                "overrides": overrides,
                "seed": seed,
            }


def key(row):
    return json.dumps([row[name] for name in ("suite", "name", "preset", "overrides", "seed")])


def limit_threads():
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def samples_within(processor_seconds, preset):
    """How many samples a training sees in this time, going by two epochs after the first."""
    from geans import experiment

    dataset = experiment.make_data(preset)
    model = experiment.make_model(preset, dataset)
    model.fit(dataset, verbose=0)
    before, start = int(model.samples_seen.numpy()), time.process_time()
    model.fit(dataset, epochs=2, verbose=0)
    samples = int(model.samples_seen.numpy()) - before
    return round(processor_seconds * samples / (time.process_time() - start))


def measure(run):
    import keras

    from geans import experiment, metrics

    keras.backend.clear_session()
    overrides = dict(run["overrides"])
    budget = overrides.pop("processor_seconds", None)
    preset = dataclasses.replace(presets.get(run["preset"]), seed=run["seed"], **overrides)
    if budget:
        samples = samples_within(budget, dataclasses.replace(preset, samples_per_epoch=25_600))
        preset = dataclasses.replace(preset, samples_per_epoch=samples // preset.epochs)
    dataset, mixture = experiment.make_data(preset), experiment.make_mixture(preset)
    model = experiment.make_model(preset, dataset)

    def samples_seen():
        return int(model.samples_seen.numpy())

    # Of the processor, from the second epoch on: the first one makes the graphs.
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: starts.append((time.process_time(), samples_seen()))
    )
    start, starts = time.perf_counter(), []
    scale = 1.0
    try:
        model.fit(dataset, epochs=preset.epochs, callbacks=[clock], verbose=0)
    except FloatingPointError:
        scale = math.nan  # Who meets a NaN before the end covers nothing.
    seconds = time.perf_counter() - start
    began, before = starts[:2][-1]
    processor_seconds, timed = time.process_time() - began, samples_seen() - before
    count = POINTS if hasattr(mixture, "centers") else STACKS
    ema, raw = (
        metrics.mode_coverage_or_nothing(scale * model.sample(count, seed=0, ema=of), mixture)
        for of in (True, False)
    )
    return {
        **run,
        **dataclasses.asdict(ema),
        **{f"raw_{name}": value for name, value in dataclasses.asdict(raw).items()},
        "updates": int(model.generator_player.optimizer.iterations.numpy()),
        "samples": samples_seen(),
        "seconds": round(seconds, 1),
        "processor_microseconds_per_sample": 1e6 * processor_seconds / max(1, timed),
    }


def add_flags(parser, output):
    """Adds the flags of `rows_of`."""
    parser.add_argument("--workers", type=int, default=2, help="processes of one thread each")
    parser.add_argument("--output", type=pathlib.Path, default=output, help="JSONL file to add to")


def rows_of(function, todo, arguments):
    """Yields the rows of `function(run)`, computed in several processes, when they are written."""
    # A process of its own for every 20 runs: TensorFlow does not give back the memory of graphs.
    context = multiprocessing.get_context("spawn")
    with context.Pool(arguments.workers, limit_threads, maxtasksperchild=20) as pool:
        for row in pool.imap_unordered(function, todo):
            report.append_row(row, arguments.output)
            yield row


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--suites", default=",".join(SUITES), help="comma-separated names")
    parser.add_argument("--seeds", help="comma-separated; by default those of each suite")
    parser.add_argument("--match", default="", help="only runs whose name contains this")
    parser.add_argument(
        "--finalists", type=int, help="only the best pairs of each rule in the search until now"
    )
    add_flags(parser, OUTPUT)
    parser.add_argument("--list", action="store_true", help="shows the runs and does nothing")
    arguments = parser.parse_args()
    suites = arguments.suites.split(",")
    seeds = arguments.seeds and list(map(int, arguments.seeds.split(",")))
    chosen = list(runs(suites, seeds))
    chosen = [run for run in chosen if arguments.match in run["name"]]
    if arguments.finalists:
        ranked = searched().values()
        names = {row["name"] for pairs in ranked for row, *_ in pairs[: arguments.finalists]}
        chosen = [run for run in chosen if run["name"] in names]
    if arguments.list:
        print("\n".join(f"{run['suite']}: {run['name']}, seed {run['seed']}" for run in chosen))
        return
    done = set(map(key, report.read_rows(arguments.output)))
    todo = [run for run in chosen if key(run) not in done]
    for number, row in enumerate(rows_of(measure, todo, arguments), start=1):
        print(
            f"{number}/{len(todo)} {row['suite']}: {row['name']}, seed {row['seed']}: "
            f"{row['covered_modes']} covered modes, "
            f"{row['high_quality_fraction'] or math.nan:.1%} high quality, "
            f"reverse KL {row['reverse_kl']:.4f}, {row['seconds']:.0f} s",
            flush=True,
        )


if __name__ == "__main__":
    main()
