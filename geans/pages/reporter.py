"""A page about runs: samples, curves, numbers, and how sure their differences are."""

import html
from collections.abc import Sequence

import geans
from geans import comparison, experiment, files
from geans.experiment import diagnosis
from geans.pages import numbers, pictures, runs, template
from geans.types import PathLike

ROLES = {"discriminator": 0, "real": 0, "generator": 1, "fake": 1}
"""Colours of curves by the first word of their name: those of `geans.plotting`."""


def report(
    run_dirs: PathLike | Sequence[PathLike],
    path: PathLike,
    *,
    title: str | None = None,
    neighbours: bool = True,
    data_dir: PathLike | None = None,
) -> None:
    """Writes a page about one run, or about several side by side.

    The page is one file, which asks no server: samples during training, with a slider over the
    epochs, curves, distances with their protocol, what `geans doctor` says, and the training images
    nearest to samples. Runs of one preset with different seeds are a group, with median and range;
    differences between groups have an interval and a p-value, see `comparison.Difference`. What
    an unfinished run lacks is left out, and named. Distances of different protocols are not
    compared.

    Args:
        run_dirs: List of directories of runs or of comparisons; or one of them.
        path: File to write, ending in `.html`; replaced if it exists.
        title: Title of the page; the names of the presets by default.
        neighbours: Whether to look for the training images nearest to samples of the first run of
            each group, which needs the data.
        data_dir: Where tensorflow-datasets finds its data.

    Raises:
        ValueError: If a directory is not that of a run, or a file in it is damaged.

    Example:
        >>> report(["runs/gan_fashion", "runs/gean_fashion"], "fashion.html")  # doctest: +SKIP
    """
    path = template.checked(path)
    found = [runs.read(each) for each in _directories(run_dirs)]
    groups = runs.groups(found)
    labels = _labels(groups)
    figures, unseen = _neighbours(groups, labels, data_dir) if neighbours else ([], [])
    title = html.escape(title or ", ".join(groups))
    sections = {
        "Samples": pictures.samples(groups.values(), labels),
        "Numbers": _numbers(groups),
        "Curves": '<div id="charts" class="charts"></div>' if _panels(groups) else "",
        "Diagnosis": _diagnosis(found, labels),
        "Nearest training images": _gallery(figures, labels),
        "Runs": _table_of_runs(groups),
        "How they were made" if len(found) > 1 else "How it was made": _making(groups),
        "Not on this page": _missing(found, labels, unseen),
    }
    template.write(
        path,
        "report",
        title=title,
        summary=html.escape(_summary(groups)),
        sections="\n".join(_section(*each) for each in sections.items() if each[1]),
        curves=template.as_json(_panels(groups)),
        footer=f"Made by geans report, version {geans.__version__}, from the files of the runs. "
        "The page asks no server.",
    )


def _directories(run_dirs):
    given = list(run_dirs) if isinstance(run_dirs, (list, tuple)) else [run_dirs]
    if not given:
        raise ValueError("A report needs the directory of a run. Received: none.")
    found = [path for each in given for path in comparison.run_dirs(each) or [files.path_of(each)]]
    real = [path.resolve() for path in found]
    twice = [str(path) for path, place in zip(found, real, strict=True) if real.count(place) > 1]
    if twice:
        raise ValueError(f"A run is there twice. Received: {', '.join(twice)}.")
    return found


def _labels(groups):
    """Returns a dict from paths to labels: the group's, with the seed if it has several runs."""
    found = {}
    for label, group in groups.items():
        for run in group:
            name = label if len(group) == 1 else f"{label}, seed {run.preset.seed}"
            same = not numbers.independent(group)
            found[run.path] = f"{name} ({run.path})" if same else name
    return found


def _summary(groups):
    each = {
        label: f"{len(group)} runs with different seeds"
        if len(group) > 1 and numbers.independent(group)
        else f"{len(group)} runs"
        if len(group) > 1
        else f"seed {group[0].preset.seed}, {_epochs(group[0], ' epochs')}"
        for label, group in groups.items()
    }
    if len(each) == 1:
        (text,) = each.values()
        return f"{text[0].upper()}{text[1:]}."
    return "; ".join(f"{label}: {text}" for label, text in each.items()) + "."


def _epochs(run, unit=""):
    state = "" if run.finished else ", diverged" if run.diverged else ", unfinished"
    return f"{run.epochs} of {run.preset.epochs}{unit}{state}"


def _section(heading, content):
    return f"<section>\n<h2>{heading}</h2>\n{content}\n</section>"


def _panels(groups):
    """Returns charts for the script: panels of curves with a name, a colour and points."""
    panels = {}
    for index, (label, group) in enumerate(groups.items()):
        for run in group:
            for key, points in run.curves.items():
                own = (key, label, index) if len(groups) > 1 else _panel_of_one(key)
                if points:
                    panels.setdefault(own[0], []).append((*own[1:], points))
    return [
        {
            "title": comparison.column(title)[0],
            "curves": [
                {"name": name, "color": color, "points": points} for name, color, points in curves
            ],
        }
        for title, curves in panels.items()
    ]


def _panel_of_one(key):
    """Returns panel, name and colour of a curve of a single group: losses share a panel."""
    first, _, last = key.rpartition("_")
    if last in ("loss", "logits") and first in ROLES:
        return last, first, ROLES[first]
    return key, comparison.column(key)[0], 0


def _numbers(groups):
    if not any(run.numbers for group in groups.values() for run in group):
        return ""
    notes = f"<p>{html.escape(' '.join(numbers.remarks(groups)))}</p>"
    several = [run for group in groups.values() for run in group if len(group) > 1]
    return numbers.table(groups) + notes + (_each(groups) if several else "")


def _each(groups):
    labels = _labels(groups)
    alone = {labels[run.path]: [run] for group in groups.values() for run in group}
    table = numbers.table(alone, differences=False)
    return f"<details><summary>Numbers of every run</summary>{table}</details>"


def _diagnosis(found, labels):
    parts = []
    for run in found:
        if run.findings is not None:
            if len(found) > 1:
                parts.append(f"<h3>{html.escape(labels[run.path])}</h3>")
            *lines, looked = map(html.escape, diagnosis.lines(run.findings))
            items = "".join(f"<li>{line}</li>" for line in lines)
            parts.append(f"<ul>{items}</ul><p>{looked}</p>")
    return "".join(parts)


def _neighbours(groups, labels, data_dir):
    """Returns labels and PNGs of the first run of each group, and sentences on what is missing."""
    found, missing = [], []
    for group in groups.values():
        run = group[0]
        try:
            if experiment.make_mixture(run.preset, data_dir) is not None:
                continue
            figure, _ = experiment.neighbours(run.path, data_dir=data_dir)
            found.append((labels[run.path], figure._repr_png_()))
        # Data that are gone, clips, translations, a run without a model.
        except (FloatingPointError, OSError, ValueError) as error:
            reason = " ".join(str(error).split())
            missing.append(f"Nearest training images of {labels[run.path]}: {reason}")
    return found, missing


def _gallery(figures, labels):
    cards = [
        pictures.card(
            label if len(labels) > 1 else "",
            [pictures.image(f"Nearest training images of {label}", png)],
        )
        for label, png in figures
    ]
    return f'<div class="cards">{"".join(cards)}</div>' if cards else ""


def _table_of_runs(groups):
    heads = ("run", "seed", "epochs", "updates", "samples", "minutes", "peak MB")
    head = "".join(f"<th scope=col>{head}</th>" for head in heads)
    head += '<th scope=col class="path">directory</th>'
    lines = [_line_of_run(run, label) for label, group in groups.items() for run in group]
    body = "".join(f"<tr>{line}</tr>" for line in lines)
    return numbers.scrolling(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")


def _line_of_run(run, label):
    def cost(key, shape, scale=1):
        value = run.cost.get(key)
        return shape.format(value / scale) if type(value) in (int, float) else "–"

    cells = [
        str(run.preset.seed),
        _epochs(run),
        cost("updates", "{:,.0f}"),
        cost("samples", "{:,.0f}"),
        cost("seconds", "{:.1f}", 60),
        cost("peak_memory_mb", "{:,.0f}"),
    ]
    name = f"<th scope=row>{html.escape(label)}</th>"
    cells = "".join(f"<td>{cell}</td>" for cell in cells)
    return f'{name}{cells}<td class="path">{html.escape(str(run.path))}</td>'


def _making(groups):
    parts = []
    for label, group in groups.items():
        preset = group[0].preset
        command = runs.command(preset)
        how = f"<code>{html.escape(command)}</code>" if command else "not a preset of this version"
        options = "".join(
            f"<tr><th scope=row>{name}</th><td>{html.escape(str(value))}</td></tr>"
            for name, value in vars(preset).items()
        )
        parts.append(
            f"<h3>{html.escape(label)}</h3><p>{how}</p><details><summary>All options</summary>"
            + numbers.scrolling(f'<table class="options">{options}</table>')
            + "</details>"
        )
    for text in dict.fromkeys(_versions(run) for group in groups.values() for run in group):
        parts.append(f"<p>{html.escape(text)}</p>")
    return "".join(parts)


def _versions(run):
    return ", ".join(f"{name} {version}" for name, version in run.versions.items())


def _missing(found, labels, unseen):
    lines = list(unseen)
    for name, what in runs.FILES.items():
        without = [labels[run.path] for run in found if name in run.missing]
        if without:
            whose = "" if len(without) == len(found) else f" of {', '.join(without)}"
            lines.append(f"The {what}{whose}: there is no {name}.")
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""
