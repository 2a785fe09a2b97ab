import json
import pathlib
import re

import pytest

NOTEBOOKS = sorted((pathlib.Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
PICTURES = {"image/png", "image/gif", "image/jpeg"}
# A cell that shows a figure ends in one of these.
SHOWS_A_FIGURE = re.compile(r"^\s*(figure|display\.Image\(.*\))$")
ABSOLUTE_PATH = re.compile(r"(?<![\w.:/])/(home|root|Users|tmp|usr|opt|content|var|mnt)/|[A-Z]:\\")

each_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_cells(path):
    cells = json.loads(path.read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def words(node):
    """All strings of a notebook but its pictures."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        yield "".join(part for part in node if isinstance(part, str))
        for part in node:
            yield from words(part)
    elif isinstance(node, dict):
        for key, part in node.items():
            if key not in PICTURES:
                yield from words(part)


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.slow
@pytest.mark.nightly
@each_notebook
def test_runs_in_fast_mode(path, tmp_path, monkeypatch):
    import nbclient
    import nbformat

    monkeypatch.setenv("GEANS_FAST", "1")
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    where = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=300, resources=where).execute()


@each_notebook
def test_every_figure_is_in_the_file(path):
    shown = 0
    for cell in code_cells(path):
        if SHOWS_A_FIGURE.match("".join(cell["source"]).splitlines()[-1]):
            kinds = {kind for output in cell["outputs"] for kind in output.get("data", ())}
            assert kinds & PICTURES, "run this in full mode:\n" + "".join(cell["source"])
            shown += 1
    assert shown >= 3


@each_notebook
def test_the_outputs_are_those_of_one_clean_run(path):
    counts = [cell["execution_count"] for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [output for cell in code_cells(path) for output in cell["outputs"]]
    assert {output["output_type"] for output in outputs} <= {
        "display_data",
        "execute_result",
        "stream",
    }
    assert not [output for output in outputs if output.get("name") == "stderr"]


@each_notebook
def test_names_no_machine(path):
    for text in words(json.loads(path.read_text())):
        assert not ABSOLUTE_PATH.search(text)
        assert str(pathlib.Path.home()) not in text


@each_notebook
def test_is_small(path):
    assert path.stat().st_size < 3_000_000
