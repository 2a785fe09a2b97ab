import json

import keras
import numpy as np
import pytest

from geans.metrics.features import inception_model
from tests.metrics.features import inception_golden


@pytest.fixture(scope="module")
def model():
    return inception_model.build()


@pytest.fixture
def tensors(model):
    """Zeros of every shape, which take no memory."""
    shapes = inception_model.tensor_shapes(model)
    return {name: np.broadcast_to(np.float32(0), shape) for name, shape in shapes.items()}


def test_its_tensors_are_those_of_the_pytorch_port(model):
    with np.load(inception_golden.GOLDEN) as golden:
        shapes = json.loads(str(golden["shapes"]))
    shapes = {name: tuple(shape) for name, shape in shapes.items() if "num_batches" not in name}
    assert inception_model.tensor_shapes(model) == shapes


def test_batch_normalisation_is_folded_into_convolutions(model, tensors):
    """By hand: (3 * 2 - 1) / sqrt(0.249 + 0.001) * 5 + 7 = 57 for a kernel of one 2, input 3."""
    layer = "Conv2d_1a_3x3"
    kernel = np.zeros((32, 3, 3, 3), "float32")
    kernel[4, 1, 2, 0] = 2
    values = {"weight": 5, "bias": 7, "running_mean": 1, "running_var": 0.249}
    changes = {f"{layer}.conv.weight": kernel} | {
        f"{layer}.bn.{part}": np.full(32, value, "float32") for part, value in values.items()
    }
    inception_model.assign(model, tensors | changes)
    image = np.zeros((1, 299, 299, 3), "float32")
    # Row 2, column 0, channel 1 of the window that begins at (2 * 10, 2 * 6), and nowhere else.
    image[0, 22, 12, 1] = 3
    found = keras.ops.convert_to_numpy(model.get_layer(layer)(image))
    assert found.shape == (1, 149, 149, 32)
    np.testing.assert_allclose(found[0, 10, 6, 4], 57, rtol=1e-6)
    assert found[0, 10, 6, 5] == 0
    # Elsewhere relu((0 - 1) / 0.5 * 5 + 7) = 0.
    assert np.count_nonzero(found[..., 4]) == 1


def test_counts_of_batches_are_ignored(model, tensors):
    counts = {"Conv2d_1a_3x3.bn.num_batches_tracked": np.array(3)}
    inception_model.assign(model, tensors | counts)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"fc.bias": None}, r"Missing: fc\.bias\.$"),
        (
            {f"Mixed_7c.branch_pool.bn.{part}": None for part in ("weight", "bias")},
            r"Missing: Mixed_7c\.branch_pool\.bn\.weight, Mixed_7c\.branch_pool\.bn\.bias\.$",
        ),
        ({"AuxLogits.fc.bias": np.zeros(3)}, r"Unknown: AuxLogits\.fc\.bias\.$"),
        ({"num_batches_tracked": np.zeros(3)}, r"Unknown: num_batches_tracked\.$"),
        (
            {"fc.weight": np.zeros((1000, 2048), "float32")},
            r"Of another shape: fc\.weight \(1000, 2048\) for \(1008, 2048\)\.$",
        ),
        (
            {"fc.bias": np.full(1008, np.nan, "float32")},
            r"Not of finite floats, .*: fc\.bias\.$",
        ),
        (
            {"fc.bias": np.zeros(1008, "int64")},
            r"Not of finite floats, .*: fc\.bias\.$",
        ),
        (
            {"Conv2d_1a_3x3.bn.running_var": np.full(32, -1, "float32")},
            r"Not of finite floats, or negative variances: Conv2d_1a_3x3\.bn\.running_var\.$",
        ),
        (
            {f"Layer{number}.weight": np.zeros(1) for number in range(7)},
            r"Unknown: Layer0\.weight, .*, Layer4\.weight, and 2 more\.$",
        ),
    ],
)
def test_other_tensors_are_named(model, tensors, changes, message):
    changed = {name: array for name, array in (tensors | changes).items() if array is not None}
    with pytest.raises(ValueError, match=f"not the weights of inception-2015-12-05. {message}"):
        inception_model.assign(model, changed)
