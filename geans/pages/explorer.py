"""A page that runs a generator in the browser."""

import base64
import gzip
import html
import lzma
import pathlib
import tempfile
from collections.abc import Mapping, Sequence

import keras
import numpy as np
import numpy.typing as npt

import geans
from geans import export, models, values
from geans.models import InfoGAN, latent_space
from geans.pages import template
from geans.types import PathLike

DIRECTIONS = 6
"""Number of directions that are found where none are given."""

REACH = 4.0
"""Largest multiple of a direction."""


def explore(
    model: models.AdversarialModel,
    path: PathLike,
    *,
    directions: Mapping[str, npt.ArrayLike] | None = None,
    space: str = "latents",
    labels: Sequence[str] | None = None,
    title: str | None = None,
    ema: bool = True,
) -> None:
    """Writes a page that draws samples of a model, with sliders along directions.

    The page is one file with the network and ONNX Runtime Web in it (5 MB). It asks no server, so
    it also works offline, from a disk, and on a phone. Besides the sliders it has seeds, labels,
    truncation, and interpolation between samples; its seeds are not those of `model.sample`.

    Args:
        model: A `geans` model that makes images from latents.
        path: File to write, ending in `.html`; replaced if it exists.
        directions: Dict of arrays `(latent_dim,)` by name, such as `model.attribute_directions`
            returns; `None` for the first that `latent_space.factorized_directions` finds.
        space: `"latents"`, or `"styles"` if the directions are in that space.
        labels: Names of the classes, in order; `None` for numbers.
        title: Title of the page; the model's name by default.
        ema: Whether to use the EMA generator, if there is one, or the raw generator.

    Raises:
        ValueError: If an argument is invalid, or the packages of `geans[onnx]` are missing.

    Example:
        >>> explore(geans.from_pretrained("digits"), "digits.html")  # doctest: +SKIP
    """
    path = _checked(model, path)
    values.check_name("space", space, latent_space.SPACES)
    by_styles = space == "styles"
    network = _moved_by_styles(model, ema) if by_styles else model.sampling_network(ema)
    length = network.input_shape[-1][-1] if by_styles else model.latent_dim
    config = {
        "name": model.name,
        "about": _about(model),
        "noise_dim": model.noise_dim,
        "latent_dim": model.latent_dim,
        "directions": _sliders(model, directions, length, ema),
        "styles": length if by_styles else None,
        "classes": _classes(model, labels),
        "category_at": model.noise_dim if isinstance(model, InfoGAN) else None,
        **dict(zip(("height", "width", "channels"), model.generator.output_shape[1:], strict=True)),
    }
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "generator.onnx"
        export.network_to_onnx(network, file)
        config |= _inputs(file)
        packed = _packed(file.read_bytes())
    template.write(
        path,
        "explore",
        title=html.escape(title or model.name),
        footer=f"Made by geans {geans.__version__}. The network runs in this page, by ONNX Runtime "
        "Web; nothing is sent anywhere.",
        config=template.as_json(config),
        model=packed,
        runtime=_packed(template.part("onnxruntime/ort.wasm.bundle.min.mjs")),
        wasm=_packed(lzma.decompress(template.part("onnxruntime/ort-wasm-simd-threaded.wasm.xz"))),
        licence=template.part("onnxruntime/LICENSE").decode().replace("--", "- -"),
    )


def _checked(model, path):
    draws = getattr(model, "draws_samples", False)
    shape = model.generator.output_shape if draws else None
    if not shape or len(shape) != 4 or shape[-1] not in (1, 3, 4):
        made = f"makes {shape}" if shape else f"is a {type(model).__name__}"
        raise ValueError(
            "A page shows a geans model that makes grey, RGB or RGBA images from latents. "
            f"Received: one that {made}."
        )
    return template.checked(path)


def _about(model):
    height, width, _ = model.generator.output_shape[1:]
    weights = model.generator.count_params()
    return f"{width}x{height} pixels from {model.latent_dim} latents, by {weights:,} weights."


def _moved_by_styles(model, ema):
    """Returns the generator with a last input, which is added to the styles."""
    mapping, synthesis = latent_space.mapping_and_synthesis(model, ema)
    move = keras.Input(mapping.output_shape[2:], name="move")
    sizes = mapping.output_shape[1]
    styles = keras.layers.Add()([mapping.output, keras.layers.RepeatVector(sizes)(move)])
    return keras.Model([*mapping.inputs, move], synthesis(styles))


def _sliders(model, directions, length, ema):
    """Returns name, vector and reach of the sliders: continuous codes come first."""
    found = []
    if isinstance(model, InfoGAN):
        codes = np.eye(model.latent_dim)[model.latent_dim - model.num_continuous :]
        found = [(f"code {i + 1}", code, 1.0) for i, code in enumerate(codes)]
    if directions is None and length != model.latent_dim:
        raise ValueError("Pass the directions in the space of styles: directions={...}.")
    if directions is None:
        vectors = _found_directions(model, ema)
        directions = {f"direction {i + 1}": vector for i, vector in enumerate(vectors)}
    for name, vector in directions.items():
        vector = np.asarray(vector, "float64")
        if vector.shape != (length,) or not np.isfinite(vector).all():
            raise ValueError(
                f"A direction is an array ({length},) of finite numbers. Received: "
                f"{name!r} of shape {vector.shape}."
            )
        found.append((str(name), vector, REACH))
    return [
        {"name": name, "vector": [float(f"{each:.6g}") for each in vector], "reach": reach}
        for name, vector, reach in found
    ]


def _found_directions(model, ema):
    count = min(DIRECTIONS, model.noise_dim)
    try:
        return latent_space.factorized_directions(model, count, ema=ema)
    except ValueError:  # The generator begins with another layer.
        return latent_space.directions(model, count, ema=ema)


def _classes(model, labels):
    number = getattr(model, "num_classes", 0) or getattr(model, "num_categories", 0)
    names = [str(name) for name in (range(number) if labels is None else labels)]
    if len(names) != number:
        raise ValueError(f"The model has {number} labels. Received: {len(names)} names.")
    return names


def _inputs(path):
    """Returns the names of the network's inputs, and the type of the labels."""
    import onnx

    found = {"labels": None}
    for each in onnx.load(path).graph.input:
        kind = onnx.TensorProto.DataType.Name(each.type.tensor_type.elem_type).lower()
        if kind.startswith("int"):
            found["labels"] = {"name": each.name, "type": kind}
        else:
            found["move" if each.name == "move" else "latents"] = each.name
    return found


def _packed(content):
    return base64.b64encode(gzip.compress(content)).decode()
