"""Random weights and images, and what the reference networks make of them.

    python tests/metrics/features/inception_golden.py

writes the golden files beside it: features and logits of pytorch-fid's and torch-fidelity's
networks, and small files of torch.save in both of its formats. It needs torch, torchvision,
pytorch-fid and torch-fidelity and takes a minute. It lies beside the tests, not in benchmarks,
since they share its weights and images: what it writes is nothing without them.
"""

import collections
import functools
import json
import pathlib
import tempfile
import zlib
from unittest import mock

import numpy as np

FOLDER = pathlib.Path(__file__).parent
GOLDEN = FOLDER / "inception_golden.npz"
SAMPLES = {"zip": FOLDER / "torch_zip.pth", "legacy": FOLDER / "torch_legacy.pth"}


def random_weights(shapes):
    """Tensors for every name, such that activations stay of order one in all layers.

    A name has its own seed, so that their order does not matter; and `RandomState`, whose numbers
    NumPy never changes, so that golden files stay golden.
    """
    return {name: _random_tensor(name, tuple(shape)) for name, shape in shapes.items()}


RANGES = {
    "bn.weight": (0.5, 1.5),
    "bn.bias": (-0.5, 0.5),
    "bn.running_mean": (-0.5, 0.5),
    "bn.running_var": (0.5, 1.5),
    "fc.bias": (-0.5, 0.5),
}


def _random_tensor(name, shape):
    random = np.random.RandomState(zlib.crc32(name.encode()))
    kind = ".".join(name.split(".")[-2:])
    if kind == "bn.num_batches_tracked":
        return np.array(1)
    if kind in RANGES:
        return random.uniform(*RANGES[kind], shape).astype("float32")
    # He's initialisation: the inputs of a layer are positive halves.
    deviation = np.sqrt(2 / np.prod(shape[1:]))
    return (deviation * random.standard_normal(shape)).astype("float32")


def images():
    """Noise, which shows every shifted pixel, of sizes below, at and above the network's own."""
    shapes = {
        "small": (1, 32, 32, 3),
        "wide": (1, 48, 64, 3),
        "grey": (1, 28, 28, 1),
        "own": (1, 299, 299, 3),
        "large": (1, 400, 300, 3),
    }
    random = np.random.RandomState(0)
    return {name: random.randint(0, 256, shape).astype("uint8") for name, shape in shapes.items()}


def sample_tensors():
    """What the small files of torch.save hold."""
    numbers = np.arange(12, dtype="float32").reshape(3, 4)
    return {
        "float": numbers,
        "double": numbers.astype("float64") / 7,
        "half": numbers.astype("float16") / 8,
        "integers": np.array([-(2**40), 2**40]),
        "scalar": np.array(5),
        "bytes": np.arange(3, dtype="uint8"),
        "empty": np.zeros((0, 3), "float32"),
        "transposed": numbers.T,
        "part": numbers[1:, ::2],
        "parameter": numbers + 1,
    }


def reference_networks(weights_path):
    """By protocol, functions from uint8 images to the features, and logits, of a reference."""
    import torch

    # On a busy machine its threads spend most of their time waiting for each other.
    torch.set_num_threads(1)
    pytorch_fid, torch_fidelity = _references()
    weights = torch.load(weights_path)
    with mock.patch.object(pytorch_fid, "load_state_dict_from_url", return_value=weights):
        fid = pytorch_fid.InceptionV3().eval()
    fidelity = torch_fidelity.FeatureExtractorInceptionV3(
        "inception", ["2048", "logits_unbiased"], feature_extractor_weights_path=str(weights_path)
    )

    def channels_first(images):
        rgb = np.broadcast_to(images, (*images.shape[:3], 3))
        return torch.from_numpy(rgb.transpose(0, 3, 1, 2).copy())

    @torch.no_grad()
    def pytorch(images):
        [features] = fid(channels_first(images).float() / 255)
        return {"features": features[:, :, 0, 0].numpy()}

    @torch.no_grad()
    def tensorflow1(images):
        features, logits = fidelity(channels_first(images))
        return {"features": features.numpy(), "logits": logits.numpy()}

    return {"tensorflow1": tensorflow1, "pytorch": pytorch}


def _references():
    """The modules of pytorch-fid and torch-fidelity that hold their networks."""
    _import_torchvision()
    import pytorch_fid.inception
    import torch_fidelity.feature_extractor_inceptionv3

    return pytorch_fid.inception, torch_fidelity.feature_extractor_inceptionv3


@functools.cache
def _import_torchvision():
    """Where PyTorch is a CPU build, torchvision's own operators do not load: it needs their names.

    Neither reference uses them.
    """
    import torch

    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        # Names last as long as this object, and the cache as long as the program.
        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float threshold) -> Tensor")
        import torchvision  # noqa: F401

        return library


def write_samples():
    import torch

    arrays = sample_tensors()
    state_dict = collections.OrderedDict(
        (name, torch.from_numpy(array.copy())) for name, array in arrays.items()
    )
    # These share one storage with the first.
    state_dict["transposed"] = state_dict["float"].T
    state_dict["part"] = state_dict["float"][1:, ::2]
    state_dict["parameter"] = torch.nn.Parameter(state_dict["parameter"])
    # As the state dict of a module has it.
    state_dict._metadata = collections.OrderedDict({"": {"version": 1}})
    torch.save(state_dict, SAMPLES["zip"])
    torch.save(state_dict, SAMPLES["legacy"], _use_new_zipfile_serialization=False)


def reference_shapes():
    """The names and shapes of torch-fidelity's tensors, which are those of the well-known file."""
    import torch

    _, torch_fidelity = _references()
    # Its constructor insists on weights.
    with (
        mock.patch.object(torch_fidelity, "load_state_dict_from_url"),
        mock.patch.object(torch.nn.Module, "load_state_dict"),
    ):
        network = torch_fidelity.FeatureExtractorInceptionV3("inception", ["2048"])
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def write_golden():
    import torch

    shapes = reference_shapes()
    tensors = {name: torch.from_numpy(array) for name, array in random_weights(shapes).items()}
    with tempfile.TemporaryDirectory() as folder:
        torch.save(tensors, f"{folder}/weights.pth")
        networks = reference_networks(f"{folder}/weights.pth")
    found = {
        f"{protocol}/{image_name}/{kind}": array
        for protocol, network in networks.items()
        for image_name, image in images().items()
        for kind, array in network(image).items()
    }
    np.savez_compressed(GOLDEN, shapes=json.dumps(shapes), **found)


if __name__ == "__main__":
    write_samples()
    write_golden()
