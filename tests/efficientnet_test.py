import keras
import numpy as np
import pytest

from geans import efficientnet
from tests.metrics.features import imagenet_golden


def golden_pixels():
    with np.load(imagenet_golden.GOLDEN) as arrays:
        return (arrays["images"][:1].astype("float32") - 127) / 128, arrays["features"][:1]


def test_the_precision_of_training_does_not_matter():
    pixels, expected = golden_pixels()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        found = efficientnet.classifier()
    finally:
        keras.config.set_dtype_policy("float32")
    np.testing.assert_allclose(found(pixels)["features"], expected, rtol=1e-3, atol=1e-3)


def test_stages_are_what_the_classifier_computes_on_its_way():
    pixels, _ = golden_pixels()
    whole = efficientnet.classifier()
    stages = efficientnet.stages((224, 224, 3), [0, 2, 6])
    # The stages end in blocks 0, 4 and 15; residual blocks end in a sum.
    ends = ("_blocks.0._project_conv", "_blocks.4._project_conv", "_blocks.15._project_conv")
    inside = [whole.get_layer(name) for name in ends]
    inside[1] = inside[1]._outbound_nodes[0].operation
    expected = keras.Model(whole.inputs, [layer.output for layer in inside])(pixels)
    for found, each in zip(stages(pixels), expected, strict=True):
        np.testing.assert_allclose(found, each, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape, sides", [((64, 48, 3), (32, 24)), ((28, 28, 3), (14, 14))])
def test_stages_take_any_size_and_are_frozen(shape, sides):
    network = efficientnet.stages(shape, [0, 1])
    assert network.output_shape[0] == (None, *sides, 16) and not network.trainable_weights
    copy = type(network).from_config(network.get_config())
    assert copy.weights and not copy.trainable_weights
