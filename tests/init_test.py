import pytest

import geans


def test_importing_geans_imports_no_tensorflow(run_python, tmp_path):
    code = "import sys, geans; print('keras' in sys.modules, 'tensorflow' in sys.modules)"
    assert run_python(code, tmp_path).split() == ["False", "False"]


@pytest.mark.slow
@pytest.mark.parametrize("order", ["keras,geans", "geans.export,keras"])
def test_keras_knows_the_models_once_both_are_imported(order, run_python, tmp_path):
    code = """
import sys
for name in sys.argv[1].split(","):
    __import__(name)
import keras
print(sorted(name for name in keras.saving.get_custom_objects() if name.startswith("geans>")))
import geans.data
print("tensorflow_datasets is", "tensorflow_datasets" in sys.modules)
"""
    printed = run_python(code, tmp_path, order)
    assert "tensorflow_datasets is False" in printed
    for name in ("GAN", "GEAN", "Hinge", "R1", "ConjugateGradient"):
        assert f"'geans>{name}'" in printed


@pytest.mark.parametrize("name", geans.__all__)
def test_every_public_name_is_there(name):
    assert getattr(geans, name) is not None
    assert name in dir(geans)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'GUN'"):
        geans.GUN  # noqa: B018
