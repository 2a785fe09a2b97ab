import keras
import pytest

from geans import registry

KNOWN = {"flatten": keras.layers.Flatten}


def get(identifier, **options):
    return registry.get("layer", identifier, KNOWN, (keras.layers.Layer,), **options)


def test_names_classes_and_configs_become_objects():
    layer = keras.layers.Flatten(name="mine")
    assert get(layer) is layer
    assert get(keras.saving.serialize_keras_object(layer)).name == "mine"
    for identifier in ("flatten", keras.layers.Flatten):
        assert isinstance(get(identifier), keras.layers.Flatten)


def test_none_only_where_it_is_optional():
    assert get(None, optional=True) is None
    with pytest.raises(ValueError, match="layer must be one of flatten, or a .*Received: None"):
        get(None)


@pytest.mark.parametrize("identifier", ["dense", 3, int, {}, {"class_name": "Absent"}])
def test_errors_say_what_came(identifier):
    with pytest.raises(ValueError, match="layer (must be None, one of flatten|cannot be made)"):
        get(identifier, optional=True)
