"""CONTRIBUTING's walk-throughs, done in a copy of the checkout."""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
EDIT = re.compile(
    r'<!-- (?:insert into|create) (\S+)(?: before "([^\n]*)")? -->\n```(?:python)?\n(.*?)```',
    re.DOTALL,
)
pytestmark = pytest.mark.slow


@pytest.fixture
def copy(tmp_path):
    for folder in ("geans", "tests"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=ignored)
    for name in ("CONTRIBUTING.md", "setup.cfg", ".ruff.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def run(root, *arguments):
    # `python -m` puts the directory first on the path: the copy is what is imported.
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=root, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def follow(root):
    """Does the edits of the page, and returns the files that they touch."""
    edits = EDIT.findall((root / "CONTRIBUTING.md").read_text())
    for name, mark, code in edits:
        if not mark:
            assert not (root / name).exists()
            (root / name).write_text(code)
            continue
        text = (root / name).read_text()
        assert text.count(mark) == 1, f"{name} has {mark!r} {text.count(mark)} times"
        between = "" if code.startswith((" ", "from ")) else "\n\n"
        (root / name).write_text(text.replace(mark, code + between + mark))
    return {name for name, _, _ in edits}


TOUCHED = {
    "loss": {"geans/losses.py", "tests/losses_test.py"},
    "preset": {"geans/presets/images.py"},
    "metric": {
        "geans/metrics/mean_distance.py",
        "geans/metrics/evaluation.py",
        "tests/metrics/mean_distance_test.py",
    },
    "source": {
        "geans/experiment/sources/npy.py",
        "geans/experiment/sources/__init__.py",
        "tests/experiment/sources/npy_test.py",
    },
}
EVALUATE = """
import doctest
import numpy as np
from geans.cli import main

assert doctest.testfile("CONTRIBUTING.md", module_relative=False).failed == 0
np.save("black.npy", np.zeros((60, 28, 28, 1), "uint8"))
options = ["--samples_per_epoch=60", "--epochs=1", "--image_size=28", "--run_dir=run"]
main(["train", "--preset=signed_fashion", "--data=npy:black.npy", *options])
main(["evaluate", "--run_dir=run", "--metrics=mean_distance", "--samples=60"])
main(["evaluate", "--help"])
"""


def test_an_addition_costs_what_the_page_says(copy):
    assert follow(copy) == set().union(*TOUCHED.values())
    run(copy, "ruff", "check", ".")
    run(copy, "ruff", "format", "--check", "geans", *TOUCHED["loss"], *TOUCHED["source"])
    tests = [name for names in TOUCHED.values() for name in names if name.startswith("tests/")]
    tests += ["tests/presets/presets_test.py", "-k", "table or signed or distance or shapes"]
    found = run(copy, "pytest", "-q", "-p", "no:xdist", *tests)
    assert re.search(r"[1-9]\d* passed", found)
    done = subprocess.run(
        [sys.executable, "-c", EVALUATE], cwd=copy, capture_output=True, text=True, timeout=300
    )
    assert "Any of frechet_distance, mean_distance, kernel_distance" in " ".join(
        done.stdout.split()
    )
    assert re.search(r"^mean_distance \d", done.stdout, re.MULTILINE), done.stdout + done.stderr


@pytest.mark.nightly
def test_the_walk_fails_without_its_edits(copy):
    done = subprocess.run(
        [sys.executable, "-m", "doctest", "CONTRIBUTING.md"], cwd=copy, capture_output=True
    )
    assert done.returncode != 0
