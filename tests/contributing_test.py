"""CONTRIBUTING's walk-through, done in a copy of the checkout."""

import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
EDIT = re.compile(
    r'<!-- insert into (\S+) before "([^\n]*)" -->\n```(?:python)?\n(.*?)```',
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
        text = (root / name).read_text()
        assert text.count(mark) == 1, f"{name} has {mark!r} {text.count(mark)} times"
        between = "" if code.startswith(" ") else "\n\n"
        (root / name).write_text(text.replace(mark, code + between + mark))
    return [name for name, _, _ in edits]


def test_a_new_loss_costs_two_files_and_a_new_preset_one(copy):
    touched = follow(copy)
    presets_touched = {name for name in touched if "presets" in name}
    assert len(presets_touched) == 1
    assert len(set(touched) - presets_touched) == 2
    run(copy, "ruff", "check", ".")
    run(copy, "ruff", "format", "--check", "geans", "tests/losses_test.py")
    run(copy, "doctest", "CONTRIBUTING.md")
    found = run(copy, "pytest", "-q", "-p", "no:xdist", "tests/losses_test.py", "-k", "signed")
    assert re.search(r"[1-9]\d* passed", found)
    tables = ("tests/losses_test.py", "tests/presets/presets_test.py", "-k", "table or signed")
    assert re.search(r"[1-9]\d* passed", run(copy, "pytest", "-q", "-p", "no:xdist", *tables))


def test_the_walk_fails_without_its_edits(copy):
    done = subprocess.run(
        [sys.executable, "-m", "doctest", "CONTRIBUTING.md"], cwd=copy, capture_output=True
    )
    assert done.returncode != 0
