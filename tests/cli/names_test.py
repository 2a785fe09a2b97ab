import keras
import pytest

from geans import augment, losses, metrics, networks, optimizers
from geans.cli import names
from geans.experiment import sources
from geans.metrics.features import table

TABLES = {
    "loss": losses.LOSSES,
    "network": networks.NETWORKS | networks.TRANSLATORS,
    "augmentation": augment.AUGMENTATIONS,
    "optimizer": optimizers.OPTIMIZERS,
    "data": sources.SOURCES,
    "metrics": metrics.METRICS,
    "features": [name for name in table.NETWORKS if not name.startswith("keras:")],
}


@pytest.mark.parametrize("flag", names.TABLES)
def test_names_are_those_of_the_modules(flag):
    assert names.list_names(flag) == list(TABLES[flag])


def test_optimizers_of_keras_count():
    for name in ("adam", "Adam", "rmsprop", "SGD"):
        names.check("optimizer", name)
        assert optimizers.get(name, learning_rate=0.1).__class__ in vars(keras.optimizers).values()


def test_another_name_gets_a_suggestion():
    with pytest.raises(ValueError, match=r"Unknown loss 'hing'. Did you mean 'hinge'\?"):
        names.check("loss", "hing")
