"""geans report: write a page about one run, or about several side by side.

    geans report runs/gean_fashion
    geans report runs/gan_fashion runs/gean_fashion -o fashion.html
    geans report runs/compare                          all runs of geans compare

The page is one file that asks no server: samples with a slider over the epochs, curves, distances
with their protocol, what geans doctor says, and the training images nearest to samples. Of runs
with different seeds it has median and range, and of two presets the difference with its interval
and p-value. Unfinished runs have a page, too. In Python, geans.pages.report does the same.
"""

from geans.cli import tables

POSITIONAL = "run_dirs"
FLAGS = (
    ("run_dirs", list, None, "Directories of geans train or geans compare."),
    ("output, o", str, "report.html", "Page to write."),
    ("title", str, None, "Title of the page; by default the names of the presets."),
    (
        "neighbours",
        bool,
        True,
        "Look for the training images nearest to samples, which takes seconds, and the data.",
    ),
    ("data_dir", str, None, "Where tensorflow-datasets finds its data."),
)


def define_flags(values):
    """Adds the command's flags to `values`."""
    tables.define_flags(values, FLAGS)


def run(values):
    """Writes the page and prints its path."""
    from geans import pages

    options = {name: values[name].value for name in ("title", "neighbours", "data_dir")}
    pages.report(values.run_dirs or [], values.output, **options)
    print(f"Page: {values.output}")
