"""Makes the tables of the pages, two pictures and `geans/presets/measured.json` from the rows.

    python benchmarks/tables.py            # rewrites the pages, measured.json and the pictures
    python benchmarks/tables.py --check    # exits with 1 if a page or measured.json would change

A table goes between the marks `<!-- table: NAME -->` and `<!-- end -->` of one of the pages.
"""

import argparse
import pathlib
import re
import statistics
import sys

import measured
import mode_coverage
from PIL import Image
from scipy import stats

from geans import comparison, plotting, presets, report
from geans.cli import presets as presets_command

HERE = pathlib.Path(__file__).parent
DOCS = HERE.parent / "docs"
PAGES = (
    HERE.parent / "README.md",
    HERE / "README.md",
    DOCS / "results.md",
    DOCS / "pullback.md",
    DOCS / "multi_gpu.md",
    DOCS / "metrics.md",
    DOCS / "zoo.md",
)
# Run directories of `geans compare`, and their pictures.
COMPARISONS = {
    HERE / "comparison": DOCS / "comparison.png",
    HERE / "comparison_hard": DOCS / "pullback.png",
}
COLUMNS = comparison.COLUMNS | {
    "raw_high_quality_fraction": ("high quality, raw generator", "{:.1%}"),
}
SHORT = ("covered_modes", "high_quality_fraction", "reverse_kl", "seconds")
LONG = (*SHORT[:3], "raw_high_quality_fraction", "updates", "samples", "seconds")
MODES = {"ring": 8, "grid": 25, "grid_hard": 25, "digits": 1_000}
ZOO = {
    "Fréchet distance": ("frechet_distance", "{:.2f}"),
    "kernel distance": ("kernel_distance", "{:.3f}"),
    "precision": ("precision", "{:.2f}"),
    "recall": ("recall", "{:.2f}"),
    "coverage": ("coverage", "{:.2f}"),
}


def read(name):
    return report.read_rows(HERE / name)


def markdown(header, lines):
    rows = [header, ["---"] * len(header), *lines]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def grouped(rows, name="name"):
    groups = {}
    for row in rows:
        groups.setdefault(row[name], []).append(row)
    return groups


def summary(rows, keys, name="name"):
    lines = []
    for title, group in grouped(rows, name).items():
        cells = (comparison.cell([row.get(key) for row in group], COLUMNS[key][1]) for key in keys)
        lines.append([title, len(group), *cells])
    return markdown([name, "seeds", *(COLUMNS[key][0] for key in keys)], lines)


def machine(row):
    return (
        f"\nTensorFlow {row['tensorflow']}, Keras {row['keras']}, Python {row['python']}, "
        f"{row['machine']}; shared machine."
    )


def headline():
    rows = comparison.read_rows(HERE / "comparison")
    rows.sort(key=lambda row: (row["preset"].partition("_")[2], row["preset"], row["seed"]))
    return summary(rows, comparison.COLUMNS, "preset") + "\n" + machine(rows[0])


def suite(name):
    rows = [row for row in read("mode_coverage.jsonl") if row["suite"] == name]
    return sorted(rows, key=lambda row: row["seed"])


def suite_table(name):
    return lambda: summary(suite(name), LONG)


def succeeded(row):
    """Training worked: 99 % of the modes are covered and half of the samples are high-quality.

    Of ring and grids that is all modes, of the stacked digits 990.
    """
    problem = row["preset"].partition("_")[2]
    good = row["high_quality_fraction"]  # None of stacked digits.
    return row["covered_modes"] >= 0.99 * MODES[problem] and (good is None or good >= 0.5)


def stability():
    lines = []
    runs_of = {}
    for row in suite("stability"):
        runs_of.setdefault(row["name"].partition(", rates")[0], []).append(row)
    for name, runs in sorted(runs_of.items()):
        seeds = grouped(runs, "seed").values()
        shares = [sum(map(succeeded, of_seed)) / len(of_seed) for of_seed in seeds]
        good = [row["high_quality_fraction"] for row in runs if succeeded(row)]
        worked = comparison.cell(good, "{:.1%}") if good else "-"
        lines.append([name, len(shares), comparison.cell(shares, "{:.0%}"), worked])
    return markdown(
        ["name", "seeds", "rates that work", "high-quality samples, where it works"], lines
    )


def tuning():
    """The settings of either rule and problem, the best first."""

    def badness(rows):
        return sum(row["reverse_kl"] + 1 - row["high_quality_fraction"] for row in rows) / len(rows)

    rows = suite("tuning")
    worst_last = {name: badness(group) for name, group in grouped(rows).items()}
    rows.sort(key=lambda row: (row["preset"], worst_last[row["name"]], row["seed"]))
    return summary(rows, SHORT)


def by_problem_and_rule(name):
    """Rows of a suite of update rules by (problem, rule)."""
    rows = suite(name)
    for row in rows:
        problem, _, rule = row["name"].partition(", rates")[0].partition(", ")
        row["run"] = (problem, rule)
    return grouped(rows, "run")


def rule_search():
    """How many pairs of learning rates work with each rule, and the best of them."""
    lines = []
    for (problem, rule), rows in by_problem_and_rule("rule_search").items():
        best, *others = mode_coverage.ranked_rates(rows)[f"{problem}, {rule}"]
        # Of seeds with all pairs: some searches go on with the best of the first seed.
        whole = [each for each in grouped(rows, "seed").values() if len(each) > len(others)]
        seeds = [sum(map(succeeded, of_seed)) for of_seed in whole]
        rates = " / ".join(
            f"{best[0]['overrides'][f'{p}_learning_rate']:g}"
            for p in ("generator", "discriminator")
        )
        cells = [comparison.cell([row[key] for row in best], COLUMNS[key][1]) for key in SHORT[:3]]
        lines.append((problem, rule, len(best), comparison.cell(seeds, "{:g}"), rates, *cells))
    header = ("problem", "rule", "seeds", "pairs that work, of 16", "best pair")
    return markdown((*header, *(COLUMNS[key][0] for key in SHORT[:3])), lines)


def rules():
    """The update rules at their best rates, all seeds, and tests against two of them."""
    found = by_problem_and_rule("rules")
    keys = ("modes", "covered_modes", "high_quality_fraction", "reverse_kl")
    distances = {key: [row["reverse_kl"] for row in rows] for key, rows in found.items()}
    problems = list(dict.fromkeys(problem for problem, _ in found))

    def place(key):
        return problems.index(key[0]), statistics.median(distances[key])

    lines = []
    for problem, rule in sorted(found, key=place):
        rows, gan = found[problem, rule], found[problem, "GAN"]
        tests = [
            "" if rule == other else f"{test.pvalue:.2g}"
            for other in ("GAN", "pullback")
            for test in [stats.mannwhitneyu(distances[problem, rule], distances[problem, other])]
        ]
        cells = [comparison.cell([row[key] for row in rows], COLUMNS[key][1]) for key in keys]
        raw = comparison.cell([row["raw_reverse_kl"] for row in rows], "{:.4f}")
        times = [
            statistics.median(row["processor_microseconds_per_sample"] for row in each)
            for each in (rows, gan)
        ]
        lines.append((problem, rule, len(rows), *cells, raw, *tests, f"{times[0] / times[1]:.2f}"))
    header = ("problem", "rule", "seeds", *(COLUMNS[key][0] for key in keys))
    header += ("reverse KL, raw generator", "p against GAN", "p against pullback")
    header += ("time per sample, of GAN's",)
    return markdown(header, lines) + "\n" + machine(rows[0])


def why_eigenvalues():
    """Spectral radii of alternating steps by who is pulled back."""
    rows = [row for row in read("why_pullback.jsonl") if row["suite"] == "eigenvalues"]
    for row in rows:
        row["run"] = (row["window"], *row["rates"])
    pulled = list(grouped(rows, "pulled_back"))
    lines = [
        (*run, *(f"{row['radius_per_step']:.4f}" for row in group))
        for run, group in grouped(rows, "run").items()
    ]
    return markdown(("window", "generator's rate", "discriminator's", *pulled), lines)


def why_controls():
    """The controls of pullback on the hard grid."""
    rows = [row for row in read("why_pullback.jsonl") if row["suite"] == "controls"]
    rows.sort(key=lambda row: row["seed"])
    keys = ("modes", "high_quality_fraction", "reverse_kl")
    return summary(rows, keys, "control") + "\n" + machine(rows[0])


def why_inside():
    """How far ahead of its anchor the discriminator is, by step of a window."""
    rows = [row for row in read("why_pullback.jsonl") if row["suite"] == "inside"]
    names = ("lead", "lead_over_the_next_generator", "relative_distance")
    lines = [
        (
            step + 1,
            *(comparison.cell([row[name][step] for row in rows], "{:.4f}") for name in names),
        )
        for step in range(len(rows[0]["lead"]))
    ]
    header = (
        "step",
        "lead in loss, the generator it meets",
        "the next generator",
        "distance from the anchor",
    )
    return markdown(header, lines)


def rules_on_images():
    """DCGAN by rule and images: the best rates, three seeds."""
    rows = [row for row in read("rules_on_images.jsonl") if row["seed"] < 100]
    for row in rows:
        row["run"] = (row["images"], row["rule"], *row["rates"])
    lines = []
    for run, group in grouped(rows, "run").items():
        cells = [
            comparison.cell([row[weights][key] for row in group], "{:.2f}")
            for weights in ("ema", "raw")
            for key in ("frechet_distance", "precision", "recall")
        ]
        seconds = comparison.cell([row["processor_seconds"] for row in group], "{:.0f}")
        lines.append((*run, len(group), *cells, seconds))
    header = ("images", "rule", "generator's rate", "discriminator's", "seeds", "Fréchet distance")
    header += ("precision", "recall", "raw Fréchet distance", "precision", "recall")
    return markdown((*header, "processor seconds"), lines) + "\n" + machine(rows[0])


def rules_on_images_search():
    """The best rates of each rule in the search on images, and of what was tried to mend it."""
    rows = [row for row in read("rules_on_images.jsonl") if row["seed"] >= 100]
    for row in rows:
        row["run"] = (row["images"], row["rule"])
    lines = [
        (*run, len(group), *best["rates"], f"{best['ema']['frechet_distance']:.2f}")
        for run, group in grouped(rows, "run").items()
        for best in [min(group, key=lambda row: row["ema"]["frechet_distance"])]
    ]
    header = ("images", "rule", "pairs", "generator's rate", "discriminator's", "Fréchet distance")
    return markdown(header, lines)


def editing():
    """Projection and directions of the pretrained models, over seeds."""
    lines = []
    for name, rows in grouped(read("editing.jsonl"), "model").items():
        columns = [
            [row[images][key] for row in rows]
            for images in ("samples", "held_out")
            for key in ("below_5_percent", "median_share")
        ]
        columns += [[row["lighter"] for row in rows]]
        columns += [[row["class_kept"][place] for row in rows] for place in (0, -1)]
        cells = [comparison.cell(column, "{:.1%}") for column in columns]
        lines.append((name, len(rows), *cells))
    header = ("model", "seeds", "samples that come back", "median error")
    header += ("test images that come back", "median error", "lighter at the end")
    header += ("class kept at the dark end", "at the light end")
    return markdown(header, lines) + "\n" + machine(rows[0])


def attributes():
    """What directions of attributes change, in both spaces, over seeds."""
    rows, lines = read("attributes.jsonl"), []
    for row in rows:
        row["run"] = (row["direction"], row["space"])
    for (direction, space), group in sorted(grouped(rows, "run").items()):
        columns = [[row[key] for row in group] for key in ("away", "before", "towards")]
        names = list(dict.fromkeys(name for row in rows for name in row["others_kept"]))
        columns += [[row["others_kept"].get(name) for row in group] for name in names]
        cells = [comparison.cell(values, "{:.0%}") for values in columns]
        lines.append((direction, space, len(group), *cells))
    header = ("direction", "space", "seeds", "moved away", "not moved", "moved towards")
    header += tuple(f"{name} kept" for name in names)
    return markdown(header, lines) + "\n" + machine(rows[0])


def flat_colours():
    """What faint noise does to the distance of faces."""
    rows = read("flat_colours.jsonl")
    keys = {"frechet_distance": "{:.1f}", "precision": "{:.2f}", "recall": "{:.2f}"}
    lines = [
        (
            name,
            *(comparison.cell([row[key] for row in group], shape) for key, shape in keys.items()),
        )
        for name, group in grouped(rows).items()
    ]
    header = ("1,500 images", "Fréchet distance", "precision", "recall")
    return markdown(header, lines) + "\n" + machine(rows[0])


def speed():
    rows = read("speed.jsonl")
    lines = [
        (
            row["workload"],
            row["contender"],
            f"{row['wall_milliseconds']:.2f}",
            f"{row['processor_milliseconds']:.2f}",
            f"{row['wall_ratio']:.2f}",
            f"{row['processor_ratio']:.2f}",
            f"{row['first_step_seconds']:.1f}",
            f"{row['peak_megabytes']:,}",
        )
        for row in rows
    ]
    header = ("networks", "training", "wall, ms", "processor, ms", "wall / GAN's")
    header += ("processor / GAN's", "first step, s", "peak memory, MB")
    shares = [
        f"{row['workload']} {row['share_of_convolution_rate']:.0%} of {row['convolution_gflops']} "
        "GFLOP/s"
        for row in rows
        if "share_of_convolution_rate" in row
    ]
    remark = f"\n{rows[0]['rounds']} rounds. Of the rate of one large convolution, geans' GAN has: "
    return markdown(header, lines) + "\n" + remark + f"{', '.join(shares)}." + machine(rows[0])


def step_options():
    """Quality with and without what makes a step quicker, all seeds of each."""
    keys = {name: COLUMNS[name][1] for name in SHORT[:3]}
    keys |= {"Fréchet distance": "{:.2f}", "precision": "{:.2f}", "recall": "{:.2f}"}
    lines = []
    rows = read("step_options.jsonl")
    for row in rows:
        row["Fréchet distance"] = row.get("frechet_distance")
        row["run"] = (row["option"], row["preset"], row["value"])
    for (option, preset, value), group in grouped(rows, "run").items():
        known = [key for key in keys if group[0].get(key) is not None]
        score = ", ".join(
            f"{COLUMNS.get(key, (key,))[0]} {comparison.cell([r[key] for r in group], keys[key])}"
            for key in known
        )
        lines.append((f"`{option}`", f"`{preset}`", value, len(group), score))
    return (
        markdown(("option", "preset", "value", "seeds", "found"), lines) + "\n" + machine(rows[0])
    )


def communication():
    lines = []
    for row in read("communication.jsonl"):
        nodes = [sum(row["reduces"].get(name, {}).values()) or "-" for name in ("step", "window")]
        kilobytes = f"{row['bytes_per_step'] / 1e3:,.0f}"
        sample = f"{row['bytes_per_step'] / row['batch_size']:,.0f}"
        lines.append((row["rule"], row["window_steps"], *nodes, kilobytes, sample))
    header = ("rule", "steps per window", "nodes, step", "nodes, window", "kB/step", "bytes/sample")
    return markdown(header, lines) + "\n" + machine(read("communication.jsonl")[0])


def fid_bias():
    rows = read("fid_bias.jsonl")
    lines = []
    for count, group in grouped(rows, "count").items():
        found = comparison.cell([row["distance"] for row in group], "{:.3f}")
        lines.append((f"{count:,}", len(group), found, f"{group[0]['expected']:.3f}"))
    header = ("images on each side", "seeds", "distance found", "expected")
    network = f"\nFeatures {rows[0]['features']} {rows[0]['checksum']}."
    return markdown(header, lines) + "\n" + network + machine(rows[0])


def metric_times():
    rows = read("metrics.jsonl")
    lines = [
        (
            f"`{row['metric']}`",
            f"{row['samples']:,} x {row['dimension']:,}",
            f"`{row['by']}`",
            f"{row['seconds_to_geans']:.2f}",
            f"{row['megabytes_to_geans']:.2f}",
        )
        for row in rows
        if row["by"] != "geans"
    ]
    header = ("metric", "features of each side", "by", "its time to ours", "its memory to ours")
    first = rows[0]
    remark = f"\nMedians of {first['rounds']} rounds in turn; memory beside the features."
    return markdown(header, lines) + "\n" + remark + machine(first)


def zoo():
    """The presets on images that digits28 knows, all seeds of each."""
    rows = [row for row in read("presets.jsonl") if "frechet_distance" in row]
    rows.sort(key=lambda row: (row["preset"], row["seed"]))
    lines = []
    for name, group in grouped(rows, "preset").items():
        cells = [comparison.cell([row[key] for row in group], text) for key, text in ZOO.values()]
        minutes = f"{min(row['seconds'] for row in group) / 60:.0f}"
        lines.append(
            (f"`{name}`", presets.get(name).data, len(group), *cells, steered(group), minutes)
        )
    header = ("preset", "data", "seeds", *ZOO, "label accuracy or codes", "minutes")
    first = rows[0]
    protocol = (
        f"\nFeatures {first['features']} {first['checksum']}; {first['fake_count']:,} images of "
        "the EMA generator (latents of seed 0) against the training images, 10,000 of them "
        "at most; k = 5; medians and ranges of the seeds, the shortest time of them."
    )
    return markdown(header, lines) + "\n" + protocol + machine(first)


def overview():
    """The zoo table of the README: Fréchet distance and minutes of GANs on 28x28 images."""
    lines = []
    for name, group in measured.rows_of_presets().items():
        if "frechet_distance" in group[0] and presets.get(name).rule == "gan":
            distance = comparison.cell([row["frechet_distance"] for row in group], "{:.2f}")
            minutes = presets.expected(name).minutes
            lines.append((f"`{name}`", f"`{presets.get(name).data}`", distance, minutes))
    header = ("preset", "data", "Fréchet distance (digits28)", "minutes")
    return markdown(header, sorted(lines))


def steered(group):
    """How well images show their labels, or what their codes mean."""
    if "accuracy" in group[0]:
        return comparison.cell([row["accuracy"] for row in group], "{:.1%}")
    if "mutual_information" in group[0]:
        shares = comparison.cell([row["majority_accuracy"] for row in group], "{:.0%}")
        nats = comparison.cell([row["mutual_information"] for row in group], "{:.2f}")
        return f"{shares} of a code's class, {nats} nats"
    return ""


def pix2pix():
    """Translations of held-out pairs, beside methods that need no training."""
    rows = [row for row in read("translation.jsonl") if "structural_similarity" in row]
    metrics_ = ("mean_absolute_error", "structural_similarity")
    lines = []
    for name, group in grouped(rows, "preset").items():
        cells = [comparison.cell([row[key] for row in group], "{:.3f}") for key in metrics_]
        minutes = comparison.cell([row["seconds"] / 60 for row in group], "{:.0f}")
        lines.append((f"`{name}`", len(group), *cells, minutes))
    for name, words in (("copy", "identity baseline"), ("mean_image", "mean of all targets")):
        lines.append((words, "", *(f"{rows[0][f'{key}_of_{name}']:.3f}" for key in metrics_), "0"))
    header = ("method", "seeds", "mean absolute error", "SSIM", "minutes")
    return markdown(header, lines) + "\n" + machine(rows[0])


def cyclegan():
    """How much a cycle changes, and how far translations are from their target domain."""
    rows = [row for row in read("translation.jsonl") if "cycle_error_first" in row]
    columns = {
        "error of a cycle, digits": "cycle_error_first",
        "clothing": "cycle_error_second",
        "Fréchet distance of generated clothing": "frechet_distance_second",
        "of generated digits": "frechet_distance_first",
        "of digits from clothing": "frechet_distance_of_domains",
    }
    lines = []
    for name, group in grouped(rows, "preset").items():
        cells = [
            comparison.cell([row[key] for row in group], "{:.3f}" if "error" in key else "{:.1f}")
            for key in columns.values()
        ]
        lines.append((f"`{name}`", len(group), *cells))
    return markdown(("preset", "seeds", *columns), lines) + "\n" + machine(rows[0])


def anomaly():
    """AUROC of every digit that was held out, by method, and the means."""
    rows = [row for row in read("anomaly.jsonl") if not row["one_class"]]
    rows.sort(key=lambda row: (row["digit"], row["seed"]))
    columns = {
        "search": "auroc",
        "its pixels alone": "residuals",
        "encoder (f-AnoGAN)": "encoder",
        "encoder, plain squares": "plain",
        "nearest training image, no GAN": "nearest_image",
    }
    groups = grouped(rows, "digit")
    lines = [
        (
            digit,
            len(group),
            *(comparison.cell([row[key] for row in group], "{:.3f}") for key in columns.values()),
        )
        for digit, group in groups.items()
    ]
    means = [sum(row[key] for row in rows) / len(rows) for key in columns.values()]
    lines.append(("mean", "", *(f"{mean:.3f}" for mean in means)))
    return markdown(("held out", "seeds", *columns), lines) + "\n" + machine(rows[0])


def not_run():
    """The presets without a measurement."""
    waiting = [presets.get(name) for name in presets.names() if not presets.expected(name).seeds]
    return markdown(
        ("preset", "data", "command"),
        [(f"`{each.name}`", f"`{each.data}`", f"`{each.command}`") for each in waiting],
    )


def preset_runs():
    rows = sorted(read("presets.jsonl"), key=lambda row: (row["preset"], row["seed"]))
    lines = [
        (
            f"`{row['preset']}`",
            row["seed"],
            measured.score([row]),
            f"{row['updates']:,}",
            f"{row['samples']:,}",
            f"{row['seconds']:.0f}",
        )
        for row in rows
        if "frechet_distance" not in row
    ]
    return markdown(("preset", "seed", "result", "updates", "samples", "seconds"), lines)


def limited(suite):
    rows = [row for row in read("limited_data.jsonl") if row["suite"] == suite]
    return grouped(sorted(rows, key=lambda row: row["seed"]))


def few_images():
    """300 images: the numbers of the last epoch, and of the best one."""
    lines = [
        [
            name,
            group[0]["epochs"],
            len(group),
            comparison.cell([row["best"]["frechet_distance"] for row in group], "{:.2f}"),
            *(
                comparison.cell([row["final"][key] for row in group], text)
                for key, text in ZOO.values()
            ),
            *(
                comparison.cell([row["logits"][key] for row in group], "{:.1f}")
                for key in ("seen", "all", "fake")
            ),
        ]
        for name, group in limited("small").items()
    ]
    logits = ("logits of seen", "of all", "of generated")
    return markdown(
        ("augmentation", "epochs", "seeds", "best Fréchet distance", *ZOO, *logits), lines
    )


def rare_classes():
    """Coverage of frequent and rare classes, and their shares of the samples."""
    parts = {"frequent": slice(0, 3), "rare": slice(7, 10)}
    lines = [
        [
            name,
            len(group),
            comparison.cell([row["frechet_distance"] for row in group], "{:.2f}"),
            *(
                comparison.cell([sum(row[key][part]) / 3 for row in group], "{:.3f}")
                for key in ("coverages", "shares")
                for part in parts.values()
            ),
        ]
        for name, group in limited("rare").items()
    ]
    header = [f"{key} of {part}" for key in ("coverage", "share") for part in parts]
    return markdown(("sampling", "seeds", "Fréchet distance", *header), lines)


def threads():
    """Milliseconds of a step by numbers of threads."""
    rows = read("threads.jsonl")
    lines = []
    for name, group in grouped(rows, "preset").items():
        for row in group:
            times = [f"{row[key]:.1f}" for key in ("milliseconds", "processor_milliseconds")]
            ratio = f"{row['milliseconds'] / group[0]['milliseconds']:.2f}"
            lines.append([f"`{name}`", row["within_operation"], row["operations"], *times, ratio])
    header = ("within an operation", "operations", "ms", "processor ms", "of the default's time")
    return markdown(("preset", *header), lines) + "\n" + machine(rows[0])


def own_images():
    """What a recipe makes of images, and what the preset before it made."""
    rows = read("own_images.jsonl")
    for row in rows:
        row["run"] = (row["images"], row["method"], row["minutes"])
        row["alternating"] = row["checkerboard"] / row["checkerboard_real"]
    columns = {"Fréchet distance": "frechet_distance", "precision": "precision", "recall": "recall"}
    lines = []
    for (images, method, minutes), group in grouped(rows, "run").items():
        found = [row["imagenet"] for row in group]
        other = [row.get("mobilenet_v2", {}).get("frechet_distance") for row in group]
        cells = [[each[key] for each in found] for key in columns.values()]
        cells = [*cells, other, [row["alternating"] for row in group]]
        digits28 = [row["digits28"] for row in group if "digits28" in row]
        cells += [[each[key] for each in digits28] for key in ("frechet_distance", "recall")]
        cells = [comparison.cell(values, "{:.2f}") if values else "" for values in cells]
        lines.append([images, method, f"{minutes:g}", len(group), *cells])
    header = ("images", "method", "minutes", "seeds", *columns, "by MobileNetV2", "alternating")
    header += ("digits28", "recall by digits28")
    return markdown(header, lines) + "\n" + machine(rows[0])


def network_search():
    """Networks and settings in the same processor time."""
    rows = read("network_search.jsonl")
    for row in rows:
        row["run"] = (row["data"], row["minutes"], row["name"])
        if "checkerboard" in row:
            row["alternating"] = row["checkerboard"] / row["checkerboard_real"]
    lines = []
    groups = sorted(
        grouped(rows, "run").items(),
        key=lambda item: (*item[0][:2], statistics.median(r["frechet_distance"] for r in item[1])),
    )
    for (data, minutes, name), group in groups:
        columns = ("frechet_distance", "recall", "milliseconds_per_step", "samples_seen")
        cells = [[row[key] for row in group] for key in columns]
        cells.insert(1, [row.get("mobilenet_v2", {}).get("frechet_distance") for row in group])
        cells.insert(2, [row.get("alternating") for row in group])
        formats = ("{:.1f}", "{:.1f}", "{:.2f}", "{:.3f}", "{:.0f}", "{:,.0f}")
        cells = map(comparison.cell, cells, formats)
        lines.append([data, f"{minutes:g}", name, len(group), *cells])
    header = ("images", "minutes", "run", "seeds", "Fréchet distance", "by MobileNetV2")
    header += ("alternating", "recall", "ms a step", "images seen")
    return markdown(header, lines) + "\n" + machine(rows[0])


SUITES = ("windows", "updates", "seconds", "optimizers", "curvature", "ingredients")
TABLES = {
    "presets": presets_command.markdown,
    "overview": overview,
    "preset_runs": preset_runs,
    "few_images": few_images,
    "rare_classes": rare_classes,
    "zoo": zoo,
    "not_run": not_run,
    "pix2pix": pix2pix,
    "cyclegan": cyclegan,
    "anomaly": anomaly,
    "communication": communication,
    "fid_bias": fid_bias,
    "metric_times": metric_times,
    "speed": speed,
    "step_options": step_options,
    "threads": threads,
    "own_images": own_images,
    "network_search": network_search,
    "headline": headline,
    "stability": stability,
    "editing": editing,
    "attributes": attributes,
    "flat_colours": flat_colours,
    "rule_search": rule_search,
    "rules": rules,
    "rules_on_images": rules_on_images,
    "rules_on_images_search": rules_on_images_search,
    "why_eigenvalues": why_eigenvalues,
    "why_controls": why_controls,
    "why_inside": why_inside,
    "tuning": tuning,
    **{name: suite_table(name) for name in SUITES},
}


def fill(text):
    """The page with its tables as the files have them now."""
    pattern = r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)"
    return re.sub(
        pattern,
        lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}",
        text,
        flags=re.DOTALL,
    )


def draw():
    for folder, picture in COMPARISONS.items():
        rows = comparison.read_rows(folder)
        names = list(dict.fromkeys(row["preset"] for row in rows))
        seeds = sorted({row["seed"] for row in rows})
        chosen = [presets.get(name) for name in names]
        plotting.save(comparison.picture(chosen, seeds, folder), picture)
        # A palette is enough for it, and a third of the size.
        Image.open(picture).convert("RGB").quantize(128).save(picture, optimize=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    before = {page: page.read_text() for page in (*PAGES, measured.FILE)}
    after = {page: fill(before[page]) for page in PAGES} | {measured.FILE: measured.text()}
    if arguments.check:
        sys.exit(int(after != before))
    for page, text in after.items():
        page.write_text(text)
    draw()


if __name__ == "__main__":
    main()
