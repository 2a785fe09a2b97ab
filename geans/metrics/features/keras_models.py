"""Keras models as feature networks: in inference mode, in batches, with a checksum."""

import hashlib

import tensorflow as tf

from geans.metrics.features.network import FeatureNetwork

BATCH_SIZE = 64


def from_model(model, *, name=None, batch_size=BATCH_SIZE):
    """Returns a Keras model as a `FeatureNetwork`.

    The checksum is that of the current weights: wrap the model again after further training.

    Args:
        model: `keras.Model`, or a layer such as `keras.layers.TFSMLayer`, from images in [-1, 1] or
            points to a tensor (n, dimension), or to a dict of "features" and perhaps "logits".
        name: Name in records; the model's own by default.
        batch_size: Images per forward pass.

    Raises:
        ValueError: If the model has several inputs or was never built.

    Example:
        >>> import keras
        >>> doubled = keras.Sequential([keras.Input((2,)), keras.layers.Rescaling(2.0)])
        >>> from_model(doubled, name="doubled")([[1.0, 3.0]])["features"].tolist()
        [[2.0, 6.0]]
    """
    _check(model)
    shape = getattr(model, "input_shape", None)
    return FeatureNetwork(
        name=model.name if name is None else name,
        function=in_batches(compiled(model), batch_size),
        checksum=checksum(model),
        image_shape=None if shape is None else tuple(shape[1:]),
    )


def checksum(model):
    """Returns 12 hexadecimal digits of the SHA-256 of a model's weights; "none" without any.

    It covers the data type, the shape and the bytes of every array of `model.get_weights()`.
    """
    weights = model.get_weights()
    digest = hashlib.sha256()
    for array in weights:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:12] if weights else "none"


def compiled(model):
    """Returns the model in inference mode, as a function compiled once for any number of images."""

    @tf.function(reduce_retracing=True)
    def infer(images):
        return model(images, training=False)

    return infer


def in_batches(function, batch_size):
    """Returns a function that applies `function` batch by batch, to bound its memory.

    When called, it raises a `ValueError` for no images, or if `function` returns neither a
    tensor nor a dict with "features".
    """

    def answer(images):
        if not len(images):
            raise ValueError("There are no images to compute features of. Received: 0 images.")
        starts = range(0, len(images), batch_size)
        parts = [function(images[start : start + batch_size]) for start in starts]
        _check_answer(parts[0])
        return tf.nest.map_structure(lambda *arrays: tf.concat(arrays, 0), *parts)

    return answer


def _check(model):
    if not model.built:
        raise ValueError(
            f"The model {model.name!r} was never built, so it has no weights to compute features "
            "with. Call it on a batch of images first."
        )
    if isinstance(getattr(model, "input_shape", None), (dict, list)):
        raise ValueError(
            f"A feature network takes one input, images or points. Received: the model "
            f"{model.name!r} with inputs {model.input_shape}."
        )


def _check_answer(answer):
    if hasattr(answer, "shape") or (isinstance(answer, dict) and "features" in answer):
        return
    found = sorted(answer) if isinstance(answer, dict) else type(answer).__name__
    raise ValueError(
        'A feature network answers with a tensor (n, dimension), or a dict with "features" and '
        f'perhaps "logits". Received: {found}.'
    )
