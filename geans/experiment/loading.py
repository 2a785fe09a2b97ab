"""Loading of trained models, from run directories and from the package."""

import logging
import warnings

import keras

from geans import files, models, presets, pretrained, report
from geans.callbacks import checkpoint
from geans.experiment import families
from geans.types import PathLike

_log = logging.getLogger(__name__)


def load(run_dir: PathLike) -> models.AdversarialModel:
    """Loads the model of a run directory, or of its newest checkpoint, with optimizers.

    Warns if it is that of a checkpoint. Files need not be trusted: Keras' safe mode refuses code,
    such as that of a `Lambda` layer, and unregistered classes.

    Raises:
        ValueError: If the model is missing, damaged, or of another kind.
    """
    report.check_trained(run_dir)
    path = files.path_of(run_dir) / "model.keras"
    if path.is_file():
        return _read_model(path)
    _log.warning("%s is not finished: this is the model of its newest checkpoint.", run_dir)
    return newest(run_dir)[0]


def from_pretrained(name: str, *, discriminator: bool = False) -> models.AdversarialModel:
    """Returns a trained model of the package, ready to `sample`, `export` or be explored.

    It is not compiled. To train it on images of your own, pass its name as `init_from`, a field of
    presets and a flag of `geans train`.

    Args:
        name: One of `geans.pretrained.names()`; docs/models has a card for each.
        discriminator: Whether to load the trained discriminator too, or leave it untrained.

    Raises:
        ValueError: If the name is unknown, or a file of weights is missing or has been changed.

    Example:
        >>> from_pretrained("digits").sample(2, seed=0, labels=7).shape
        (2, 28, 28, 1)
    """
    entry = pretrained.entry(name)
    preset = presets.from_dict(entry["preset"])
    shape = keras.tree.map_shape_structure(tuple, entry["shape"])
    model_class, players, options = families.make(preset, shape)
    for player, part in zip(players, ("generator", "discriminator"), strict=True):
        if part == "generator" or discriminator:
            _set(own_weights(player), pretrained.weights(name, part))
    options |= {"ema_half_life": preset.ema_half_life or None, "seed": preset.seed}
    return model_class(*players, name=preset.name, **options)


def trained(source: PathLike) -> models.AdversarialModel:
    """Returns a pretrained model with its discriminator, or else the model of a run directory.

    Names come first: a directory "digits" is passed as "./digits".
    """
    if source in pretrained.names():
        return from_pretrained(source, discriminator=True)
    return load(source)


def preset_of(source: PathLike) -> presets.Preset:
    """Returns the preset that a pretrained model or the run of a directory was trained by."""
    if source in pretrained.names():
        return presets.from_dict(pretrained.entry(source)["preset"])
    return presets.read(files.path_of(source) / "preset.json")


def own_weights(network):
    """Returns the variables of a network without those of frozen networks within it.

    These, such as the features of `networks.projected`, are where the network was made.
    """
    left_out = {id(variable) for model in _frozen(network) for variable in model.weights}
    return [variable for variable in network.weights if id(variable) not in left_out]


def _frozen(network):
    for layer in network.layers:
        if isinstance(layer, keras.Model):
            yield from _frozen(layer) if layer.trainable_weights else [layer]


def _set(variables, arrays):
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(array)


def newest(run_dir):
    """Returns model and record of a run's newest checkpoint; `None` twice without any."""
    path, record = checkpoint.newest(files.path_of(run_dir) / "checkpoints")
    return path and _read_model(path / checkpoint.MODEL), record


def _read_model(path):
    try:
        with warnings.catch_warnings():
            # Keras would ignore missing state.
            warnings.filterwarnings("error", message="Skipping")
            model = keras.saving.load_model(path, safe_mode=True)
    # Keras, zipfile and h5py raise many kinds of errors for damaged files.
    except Exception as error:
        raise ValueError(
            f"{path} cannot be loaded ({_reason(error)}). It is damaged, or not from `geans "
            "train`. Code in a file is never run; classes of your own must be registered with "
            "keras.saving.register_keras_serializable."
        ) from error
    if not isinstance(model, models.AdversarialModel):
        raise ValueError(
            f"{path} holds no adversarial model. Received: a {type(model).__name__}. Pass the "
            "run_dir of `geans train`."
        )
    return model


def _reason(error):
    # For a layer that cannot be made, Keras first shows the config of all models around it.
    innermost = str(error).rpartition("Exception encountered: ")[2]
    return f"{type(error).__name__}: {' '.join(innermost.split())[:300]}"
