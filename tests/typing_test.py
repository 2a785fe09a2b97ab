"""The types of public signatures, as type checkers see them."""

import importlib
import inspect
import pathlib
import re

import pytest

import geans

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = pathlib.Path(geans.__file__).parent
MODULES = sorted({*geans._MODULES, "efficientnet", "strategies"})

PROGRAM = """
import geans
from geans import data, losses, metrics, networks, presets, rules

generator = networks.mlp.generator(2, (2,))
model = geans.GAN(generator, networks.mlp.discriminator((2,)), rule=rules.Extragradient())
model.compile(loss=losses.Hinge(), penalty="r1")
model.fit(data.mixtures.ring().dataset(batch_size=64))
recall: float = metrics.prdc(model.sample(9), model.sample(9, seed=1)).recall
"""
MISTAKES = {
    "geans.GUN": "attr-defined",
    "geans.GAN(generator)": "call-arg",
    "model.compile(loss=3)": "arg-type",
    "model.sample('many')": "arg-type",
    "model.save(3)": "arg-type",
    "networks.dcgan.generator(output_shape=28)": "arg-type",
    "losses.get(None)": "arg-type",
    "data.mixtures.ring(modes='8')": "arg-type",
    "data.images.from_folder('photos', '64')": "arg-type",
    "metrics.prdc([[0.0]], [[0.0]]).recal": "attr-defined",
    "presets.get('faces').epoch": "attr-defined",
    "geans.experiment.run('faces', 'runs/faces')": "arg-type",
}


@pytest.fixture(scope="module")
def mypy(tmp_path_factory):
    """A function that runs mypy and returns what it prints; the runs share what they learn."""
    api = pytest.importorskip("mypy.api", reason="needs the extra [test]")
    cache = tmp_path_factory.mktemp("mypy")
    return lambda *arguments: "".join(api.run([f"--cache-dir={cache}", *map(str, arguments)])[:2])


@pytest.mark.slow
def test_mypy_finds_no_error(mypy):
    printed = mypy(f"--config-file={ROOT / 'setup.cfg'}", ROOT / "geans")
    assert printed.startswith("Success"), printed


@pytest.mark.slow
def test_mypy_finds_the_mistakes_of_users(mypy, tmp_path, monkeypatch):
    if "site-packages" not in PACKAGE.parts:  # mypy does not find editable installations.
        monkeypatch.setenv("MYPYPATH", str(PACKAGE.parent))
    program = tmp_path / "program.py"
    program.write_text("\n".join([PROGRAM, *MISTAKES]))
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\nstrict = True\nignore_missing_imports = True\n")
    printed = mypy(f"--config-file={config}", "--follow-imports=silent", program)
    lines = program.read_text().splitlines()
    found = re.findall(r"program\.py:(\d+): error: .*\[([\w-]+)\]", printed)
    assert {lines[int(number) - 1]: kind for number, kind in found} == MISTAKES, printed


def test_type_checkers_are_told_that_there_are_types():
    assert (PACKAGE / "py.typed").is_file()


def test_the_stub_has_what_is_loaded_on_first_use():
    stub = (PACKAGE / "__init__.pyi").read_text()
    assert sorted(re.findall(r"^from .* as (\w+)$", stub, re.MULTILINE)) == sorted(geans.__all__)


@pytest.mark.parametrize("room", ["models", "rules"])
def test_types_are_not_evaluated_where_imports_are_circular(room):
    for path in (PACKAGE / room).glob("*.py"):
        text = path.read_text()
        assert "from __future__ import annotations" in text or ") -> " not in text, path


@pytest.mark.parametrize("name", MODULES)
def test_public_signatures_have_types(name):
    functions = public_functions(importlib.import_module(f"geans.{name}"))
    missing = [f"{each.__module__}.{each.__qualname__}: {untyped(each)}" for each in functions]
    missing = [text for text in missing if not text.endswith(": []")]
    assert not missing, "Annotate:\n" + "\n".join(missing)


def public_functions(module):
    """Functions and methods that a module exports, and those of modules that it exports."""
    names = getattr(module, "__all__", None) or [
        name
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__ and not name.startswith("_")
    ]
    found = []
    for value in (getattr(module, name) for name in names):
        if inspect.ismodule(value):
            found += public_functions(value)
        elif inspect.isclass(value):
            found += methods(value)
        elif inspect.isfunction(inspect.unwrap(value) if callable(value) else value):
            found.append(inspect.unwrap(value))
    return found


def methods(kind):
    """Public methods and properties of a class and its base classes in geans."""
    members = [
        getattr(value, "__func__", None) or getattr(value, "fget", None) or value
        for base in inspect.getmro(kind)
        for name, value in vars(base).items()
        if name in ("__init__", "__call__") or not name.startswith("_")
    ]
    found = [inspect.unwrap(value) for value in members if callable(value)]
    return [each for each in found if inspect.isfunction(each) and of_geans(each)]


def of_geans(function):
    # Those that `dataclasses` writes have no file.
    return function.__code__.co_filename.startswith(str(PACKAGE))


def untyped(function):
    """Names of the parameters without a type, and "return"."""
    signature = inspect.signature(function)
    types = {name: parameter.annotation for name, parameter in signature.parameters.items()}
    types |= {"return": signature.return_annotation}
    return [
        name
        for name, type_ in types.items()
        if type_ is inspect.Parameter.empty and name not in ("self", "cls")
    ]
