"""The rules of the layout that a machine can check."""

import ast
import doctest
import importlib
import pathlib

import pytest

import geans

PACKAGE = pathlib.Path(geans.__file__).parent
TESTS = pathlib.Path(__file__).parent
FLOORS = [
    {"types"},
    {"files", "startup", "values"},
    {"efficientnet", "pretrained", "registry"},
    {"strategies"},
    {"distribution"},
    {
        "augment",
        "losses",
        "penalties",
        "optimizers",
        "networks",
        "data",
        "metrics",
        "plotting",
        "export",
        "report",
    },
    {"rules"},
    {"models", "callbacks", "presets"},
    {"experiment"},
    {"comparison"},
    {"pages"},
    {"cli"},
]
ONLY_THERE = {
    "matplotlib": {"plotting", "report"},
    "tensorflow_datasets": {"data"},
    "absl": {"cli"},
}
MODULES = sorted(
    ".".join(path.relative_to(PACKAGE).with_suffix("").parts) for path in PACKAGE.rglob("*.py")
)
ROOM_MODULES = [name for name in MODULES if not name.endswith("__init__")]


def source(name):
    return (PACKAGE / name.replace(".", "/")).with_suffix(".py")


def imports(name):
    """Dotted names that a module imports, wherever in its text."""
    for node in ast.walk(ast.parse(source(name).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def floor(room):
    found = [level for level, rooms in enumerate(FLOORS) if room in rooms]
    assert found, f"geans/{room} has no floor: give it one in this test and in the documentation"
    return found[0]


def room_of(name):
    return name.split(".")[0]


@pytest.mark.parametrize("name", [name for name in MODULES if name != "__init__"])
def test_imports_only_from_lower_floors(name):
    for imported in imports(name):
        package, _, rest = imported.partition(".")
        if package != "geans" or not rest or room_of(rest) == room_of(name):
            continue
        assert floor(room_of(rest)) < floor(room_of(name)), f"{name} imports {imported}"


@pytest.mark.parametrize("name", [name for name in MODULES if name != "__init__"])
def test_some_libraries_are_imported_in_one_room_only(name):
    for imported in imports(name):
        rooms = ONLY_THERE.get(imported.split(".")[0])
        assert rooms is None or room_of(name) in rooms, f"{name} imports {imported}"


@pytest.mark.parametrize("name", ROOM_MODULES)
def test_has_a_mirrored_test(name):
    path = TESTS / (name.replace(".", "/") + "_test.py")
    assert path.is_file(), f"geans/{name.replace('.', '/')}.py needs {path.relative_to(TESTS)}"


@pytest.mark.slow
@pytest.mark.parametrize("name", ROOM_MODULES)
def test_examples_in_docstrings(name):
    module = importlib.import_module(f"geans.{name}")
    results = doctest.testmod(module)
    assert results.failed == 0


@pytest.mark.parametrize("name", ["GAN", "GEAN"])
def test_public_models_have_an_example(name):
    assert ">>> model.fit" in getattr(geans, name).__doc__.replace("history = ", "")


def test_the_table_of_floors_names_only_what_exists():
    existing = {room_of(name) for name in MODULES} - {"__init__"}
    assert set().union(*FLOORS) == existing
