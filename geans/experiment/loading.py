"""Loading of trained models from run directories."""

import logging
import warnings

import keras

from geans import files, models, report
from geans.callbacks import checkpoint

_log = logging.getLogger(__name__)


def load(run_dir):
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
