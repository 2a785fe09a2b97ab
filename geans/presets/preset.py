"""The complete description of a training run in plain values."""

import dataclasses
import inspect
import json
import math
import re
import types
import typing
from typing import Any

from geans import files
from geans.types import PathLike
from geans.values import check_name, did_you_mean

MAX_BYTES = 2**20
"""Largest preset file that `read` accepts, in bytes."""

MAX_DEPTH = 8
"""Maximum nesting depth of the options of a preset."""

WORDS = {
    "model": ("plain", "conditional", "acgan", "infogan", "pix2pix", "cyclegan", "srgan", "spade"),
    "rule": ("gan", "gean"),
    "update": ("accumulate", "pullback", "extragradient", "svre"),
    "order": ("simultaneous", "alternating"),
    "on_nan": ("stop", "skip"),
    "learning_rate_decay": ("constant", "linear"),
    "precision": ("float32", "bfloat16", "auto"),
}
"""Values of the fields that are one of some words."""

# Obsolete fields of earlier versions' preset.json files, or those with one value left.
_FORMER = {"expected_minutes", "expected_score"}
_FORMER_ITEMS = [("step_length", "fixed")]

_COUNT = (1, 10**9)
_AMOUNT = (0, 1e9)
_SHARE = (0, math.nextafter(1, 0))
# Limits of float32, beyond which a rate would be 0 or infinity.
_RATE = (1e-38, 3e38)

RANGES = {
    "samples_per_epoch": (1, 10**8),
    "image_size": (1, 8_192),
    "batch_size": (1, 10**6),
    "latent_dim": (1, 2**16),
    "update_every": _COUNT,
    "discriminator_steps": (1, 1_000),
    "packing": (1, 64),
    "ema_half_life": (0, 1e12),
    "r1": _AMOUNT,
    "r2": _AMOUNT,
    "gradient_penalty": _AMOUNT,
    "penalty_interval": _COUNT,
    "generator_learning_rate": _RATE,
    "discriminator_learning_rate": _RATE,
    "beta_1": _SHARE,
    "beta_2": _SHARE,
    "warmup": _SHARE,
    "window_exponent": (0, 10),
    "frozen_layers": (0, 1_000),
    "epochs": _COUNT,
    "seed": (0, 2**31 - 1),
    "picture_every": _COUNT,
    "evaluate_every": (0, 10**9),
    "steps_per_execution": (1, 10**6),
}
"""Smallest and largest value of every number of a preset."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset:
    """Complete description of a run, from which `experiment.run` makes data, model and optimizers.

    All fields are plain values, so a preset is also a JSON object and a set of command line flags.
    `dataclasses.replace(preset, epochs=3)` makes a variant. Presets may come from untrusted files:
    types, ranges and `WORDS` are checked here, other names and options by `experiment`.

    Args:
        name: Its name, and the name of its run directory: letters, digits, `_`, `-` and `.`.
        data: `"mixture:ring"`, `"mixture:grid"`, `"stacked:mnist"`, `"stacked:digits"`,
            `"embedded:fashion"`, `"tfds:NAME"`, `"folder:PATH"`, `"video:moving_digits"` or
            `"video:PATH"`; pairs of images for a translation: `"pairs:PATH"`,
            `"unpaired:NAME,NAME"`, or of images and smaller ones of themselves, such as
            `"downscaled:folder:PATH"`.
        data_options: Further arguments of that dataset, such as `{"radius": 1.0}`.
        samples_per_epoch: Points, stacks or moving digits drawn per epoch; ignored for other data.
        image_size: Size in pixels to crop and resize images to: the side of squares, or
            `"WIDTHxHEIGHT"`; `None` keeps them.
        batch_size: Samples per step; under GEAN the micro-batch.
        model: `"plain"`, `"conditional"`, `"acgan"`, `"infogan"`, `"pix2pix"`, `"cyclegan"`,
            `"srgan"` or `"spade"`.
        model_options: Further arguments of that model, such as `{"num_classes": 10}`.
        network: Name of a network family in `geans.networks`; for a translation its generator's.
        latent_dim: Dimension of the latents.
        generator_options: Further arguments of the generator.
        discriminator_options: Further arguments of the discriminator.
        packing: Samples that the discriminator sees at once (PacGAN).
        rule: `"gan"` or `"gean"`.
        update: What is done in a window: `"accumulate"` gradients, `"pullback"` of the
            discriminator at its end, or `"svre"`; without windows `"extragradient"`.
        update_every: Steps of a window, `"epoch"`, or to accumulate `"growing:8"`: 1 for the first
            half of the steps, 2 for half of the rest, and so on up to 8. 1 for `"gan"`.
        update_options: Further arguments of that rule in `geans.rules`, such as `{"share": 0.8}`.
        order: `"simultaneous"` or `"alternating"`.
        discriminator_steps: Discriminator updates per generator update.
        ema_half_life: Half-life in samples of a weight in the EMA generator; 0 disables it.
        loss: Name of a loss in `geans.losses`.
        r1: Gamma of the R1 penalty, on real samples; 0 disables it.
        r2: Gamma of the R2 penalty, on generated samples; 0 disables it.
        gradient_penalty: Weight of the WGAN-GP penalty; 0 disables it.
        penalty_interval: Steps between two computations of the penalty.
        optimizer: Name of an optimizer of Keras or `geans.optimizers`.
        generator_learning_rate: Learning rate of the generator.
        discriminator_learning_rate: Learning rate of the discriminator.
        beta_1: Decay of the optimizer's first moments, per update, if it has any.
        beta_2: Decay of its second moments, per update, if it has any.
        optimizer_options: Further arguments of both optimizers.
        init_from: Pretrained model, such as `"digits"`, or directory of a run, whose weights the
            networks begin with; may be empty.
        frozen_layers: First layers of the discriminator that keep their weights.
        augmentation: Name of an augmentation in `geans.augment`, for small data; may be empty.
        on_nan: `"stop"` ends a training that meets a NaN; `"skip"` leaves the micro-batch out.
        learning_rate_decay: `"constant"`, or `"linear"` to 0 over the run's samples.
        warmup: Fraction of the samples in which decaying learning rates first rise from 0.
        window_exponent: Power of the window size by which decaying learning rates are scaled.
        epochs: Passes over the data.
        seed: Integer that fixes weights, data order and latents.
        picture_every: Epochs between two pictures.
        evaluate_every: Epochs between two evaluations, which also keep the best model; 0 disables
            them.
        steps_per_execution: Steps per call of the compiled loop; `None` for as many as are short.
        precision: `"float32"`, `"bfloat16"` for activations, or `"auto"` for bfloat16 where a
            convolution is faster in it; weights, losses and logits are float32 anyway.
        reuse_fakes: Whether an alternating step generates samples once for both players; where
            gradients are accumulated, they always are generated for each.

    Raises:
        ValueError: If a field is of the wrong type, not finite, or not in `RANGES` or `WORDS`.
    """

    name: str
    data: str
    data_options: dict = dataclasses.field(default_factory=dict)
    samples_per_epoch: int = 100_000
    image_size: int | str | None = None
    batch_size: int = 64
    model: str = "plain"
    model_options: dict = dataclasses.field(default_factory=dict)
    network: str = "mlp"
    latent_dim: int = 64
    generator_options: dict = dataclasses.field(default_factory=dict)
    discriminator_options: dict = dataclasses.field(default_factory=dict)
    packing: int = 1
    rule: str = "gan"
    update: str = "accumulate"
    update_every: int | str = 1
    update_options: dict = dataclasses.field(default_factory=dict)
    order: str = "alternating"
    discriminator_steps: int = 1
    ema_half_life: float = 20_000.0
    loss: str = "non_saturating"
    r1: float = 0.0
    r2: float = 0.0
    gradient_penalty: float = 0.0
    penalty_interval: int = 1
    optimizer: str = "adam"
    generator_learning_rate: float = 2e-4
    discriminator_learning_rate: float = 2e-4
    beta_1: float = 0.5
    beta_2: float = 0.999
    optimizer_options: dict = dataclasses.field(default_factory=dict)
    init_from: str = ""
    frozen_layers: int = 0
    augmentation: str = ""
    on_nan: str = "stop"
    learning_rate_decay: str = "constant"
    warmup: float = 0.0
    window_exponent: float = 0.0
    epochs: int = 20
    seed: int = 0
    picture_every: int = 1
    evaluate_every: int = 0
    steps_per_execution: int | None = None
    precision: str = "float32"
    reuse_fakes: bool = False

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            _check_type(field.name, value, field.type)
            _check_value(field.name, value)
        _check_name(self.name)
        _check_update_every(self.update_every)
        _check_image_size(self.image_size)

    @property
    def command(self) -> str:
        """Returns the command line that runs the preset."""
        return f"geans train --preset={self.name}"


def from_dict(values: dict[str, Any]) -> Preset:
    """Returns the preset of a dict, ignoring old fields; raises a `ValueError` if it is invalid."""
    if not isinstance(values, dict):
        raise ValueError(f"A preset is a JSON object. Received: {_shortened(values)}.")
    items = [item for item in values.items() if item not in _FORMER_ITEMS]
    values = {name: value for name, value in items if name not in _FORMER}
    fields = {field.name: field for field in dataclasses.fields(Preset)}
    if unknown := sorted(set(values) - set(fields), key=str):
        raise ValueError(
            f"A preset has no field {', '.join(map(_shortened, unknown[:10]))}."
            f"{''.join(did_you_mean(name, fields) for name in unknown[:10])} Rename or remove it."
        )
    required = [
        name
        for name, field in fields.items()
        if field.default is field.default_factory is dataclasses.MISSING
    ]
    if missing := sorted(set(required) - set(values)):
        raise ValueError(
            f"A preset needs the fields {', '.join(required)}. Missing: {', '.join(missing)}."
        )
    return Preset(**values)


def read(path: PathLike) -> Preset:
    """Reads a preset from a JSON file in UTF-8, which may be untrusted.

    Raises:
        ValueError: If the file is missing, damaged, larger than `MAX_BYTES`, or not a preset.
    """
    try:
        return from_dict(_read_json(files.path_of(path)))
    # Python's parser gives up on thousands of nested brackets.
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"No preset can be read from {path}: {error}") from error


def changed(preset: Preset, **fields: Any) -> Preset:
    """Returns the preset with other fields, without the `data_options` of data that it leaves."""
    left = preset.data_options if fields.get("data", preset.data) != preset.data else {}
    if left and "data_options" not in fields:
        print(f"{fields['data']} is used without the options of {preset.data}: {left}.")
        fields["data_options"] = {}
    return from_dict(dataclasses.asdict(preset) | fields)


def by_gean(preset, update_every=2, **changes):
    """Returns the preset trained by GEAN, with its name changed accordingly."""
    changes = {"order": "simultaneous", "rule": "gean", "update_every": update_every} | changes
    name = f"gean_{preset.name.removeprefix('gan_')}"
    return dataclasses.replace(preset, name=name, **changes)


def decaying(rate):
    """Returns the fields of a learning rate of both networks that decays to 0 over the run."""
    return {
        "generator_learning_rate": rate,
        "discriminator_learning_rate": rate,
        "learning_rate_decay": "linear",
    }


def relativistic(gamma):
    """Returns the fields of R3GAN's training, with R1 and R2 penalties of weight `gamma`."""
    return {
        "order": "simultaneous",
        "loss": "relativistic",
        "r1": gamma,
        "r2": gamma,
        "beta_1": 0.0,
        "beta_2": 0.99,
    }


def _read_json(path):
    # Reading a pipe would never end.
    if path.exists() and not path.is_file():
        raise ValueError("it is not a file.")
    with path.open("rb") as file:
        text = file.read(MAX_BYTES + 1)
    if len(text) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes.")
    return json.loads(
        text.decode("utf-8"), object_pairs_hook=_once_each, parse_constant=_refuse_constant
    )


def _once_each(pairs):
    values = dict(pairs)
    if len(values) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{_shortened(twice)} is there twice. Leave one of them.")
    return values


def _refuse_constant(word):
    raise ValueError(f"{word} is not a JSON number. Write a finite one.")


def field_texts() -> dict[str, str]:
    """Returns a dict from field name to description, from the docstring of `Preset`."""
    text = (inspect.getdoc(Preset) or "").partition("Args:")[2].partition("Raises:")[0]
    found = re.findall(r"^    (\w+): ((?:.|\n {8})+)", text, re.MULTILINE)
    return {name: " ".join(words.split()).replace("`", "") for name, words in found}


def plain_fields() -> list[tuple[str, type]]:
    """Returns `(name, type)` of the fields that hold one number or word, without `None`."""
    kinds = {field.name: _kinds(field.type) for field in dataclasses.fields(Preset)}
    return [(name, kinds_[0]) for name, kinds_ in kinds.items() if dict not in kinds_]


def _kinds(annotation):
    if isinstance(annotation, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _check_type(name, value, annotation):
    kinds = _kinds(annotation)
    allowed = (*kinds, int) if float in kinds else kinds
    if not isinstance(value, allowed) or isinstance(value, bool) != (bool in kinds):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(
            f"The preset's {name} must be {wanted}. Received: {name}={_shortened(value)}."
        )


def _check_value(name, value):
    if isinstance(value, dict):
        _check_options(name, value)
    elif name in WORDS:
        check_name(name, value, WORDS[name])
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        lowest, highest = RANGES[name]
        if not lowest <= value <= highest:
            raise ValueError(
                f"The preset's {name} must be from {lowest} to {highest}. "
                f"Received: {name}={_shortened(value)}."
            )


def _check_options(name, options):
    if not _is_plain(options, depth=MAX_DEPTH):
        raise ValueError(
            f"The preset's {name} must hold finite numbers, words, and lists of them that are at "
            f"most {MAX_DEPTH} deep. Received: {name}={_shortened(options)}."
        )


def _is_plain(value, depth):
    if isinstance(value, (dict, list, tuple)):
        parts = [*value, *value.values()] if isinstance(value, dict) else value
        return depth > 0 and all(_is_plain(part, depth - 1) for part in parts)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (str, int))


def _check_name(name):
    if not re.fullmatch(r"\w[\w.-]{0,99}", name, re.ASCII):
        raise ValueError(
            "The preset's name must be of up to 100 letters, digits, '_', '-' and '.', and begin "
            f"with a letter, digit or '_'. Received: name={_shortened(name)}."
        )


def _shortened(value):
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # Too deeply nested, or too many digits.
        text = f"a {type(value).__name__}"
    return text if len(text) <= 200 else f"{text[:200]}..."


def _check_image_size(value):
    lowest, highest = RANGES["image_size"]
    sides = value.split("x") if isinstance(value, str) else []
    is_size = len(sides) == 2 and all(
        side.isdecimal() and lowest <= int(side) <= highest for side in sides
    )
    if isinstance(value, str) and not is_size:
        raise ValueError(
            "The preset's image_size must be the side of squares, or 'WIDTHxHEIGHT', in pixels up "
            f"to {highest:,}. Received: image_size={_shortened(value)}."
        )


def _check_update_every(value):
    kind, _, largest = str(value).partition(":")
    growing = kind == "growing" and largest in {str(2**power) for power in range(1, 31)}
    if isinstance(value, str) and value != "epoch" and not growing:
        raise ValueError(
            "The preset's update_every must be a number of steps, 'epoch', or 'growing:K' with K a "
            "power of 2, at least 2 and at most 2**30. "
            f"Received: update_every={_shortened(value)}."
        )
