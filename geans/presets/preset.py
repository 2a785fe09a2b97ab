"""The record that describes a training run completely, in plain values."""

import dataclasses
import inspect
import json
import pathlib
import re
import types
import typing


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset:
    """All that a run needs: `experiment.run` makes data, model and optimizers from it.

    Every field is a plain value, so a preset is also a JSON object and a set of command line
    flags. `dataclasses.replace(preset, epochs=3)` makes a variant.

    Args:
        name: Its name, and the name of its run directory.
        data: `"mixture:ring"`, `"mixture:grid"`, `"stacked:mnist"`, `"stacked:digits"`,
            `"embedded:fashion"`, `"tfds:NAME"` or `"folder:PATH"`.
        data_options: Further arguments of that dataset, such as `{"radius": 1.0}`.
        samples_per_epoch: Points or stacks drawn for an epoch; other images come as many as there
            are.
        image_size: Side in pixels to resize images to; `None` keeps them.
        batch_size: Samples per step; under GEAN the micro-batch.
        network: Name of a network family in `geans.networks`.
        latent_dim: Columns of the latents.
        generator_options: Further arguments of the generator.
        discriminator_options: Further arguments of the discriminator.
        rule: `"gan"` or `"gean"`.
        update_every: Steps per update, `"epoch"`, or `"growing:8"`: 1 for the first half of the
            steps, 2 for half of what is left, and so on up to 8. 1 for `"gan"`.
        order: `"simultaneous"` or `"alternating"`.
        discriminator_steps: Discriminator updates per generator update.
        averaging_half_life: Samples after which a weight's share in the averaged generator has
            halved; 0 for no average.
        loss: Name of a loss in `geans.losses`.
        r1: Gamma of the R1 penalty, on real samples; 0 for none.
        r2: Gamma of the R2 penalty, on generated samples; 0 for none.
        gradient_penalty: Weight of the WGAN-GP penalty; 0 for none.
        penalty_interval: Steps between two computations of the penalty.
        optimizer: Name of an optimizer of Keras or `geans.optimizers`.
        generator_learning_rate: Its rate for the generator.
        discriminator_learning_rate: Its rate for the discriminator.
        beta_1: Decay of the optimizer's first moments, per update, where it has any.
        beta_2: Decay of its second moments, per update, where it has any.
        optimizer_options: Further arguments of both optimizers.
        step_length: `"fixed"`, or `"curvature"`: shorter updates where the loss curves.
        learning_rate_decay: `"constant"`, or `"linear"` to 0 over the run's samples.
        warmup: Share of the samples in which the rates rise from 0, if they decay afterwards.
        window_exponent: Power of the window's size by which the rates grow with it, if they decay.
        epochs: Passes over the data.
        seed: Integer from which weights, data order and latents follow.
        picture_every: Epochs between two pictures.
        steps_per_execution: Steps per call of the compiled loop.
        expected_minutes: What a run of the benchmarks took, on two shared CPU cores.
        expected_score: What a run gives, measured with the default seed.
    """

    name: str
    data: str
    data_options: dict = dataclasses.field(default_factory=dict)
    samples_per_epoch: int = 100_000
    image_size: int | None = None
    batch_size: int = 64
    network: str = "mlp"
    latent_dim: int = 64
    generator_options: dict = dataclasses.field(default_factory=dict)
    discriminator_options: dict = dataclasses.field(default_factory=dict)
    rule: str = "gean"
    update_every: int | str = "epoch"
    order: str = "simultaneous"
    discriminator_steps: int = 1
    averaging_half_life: float = 20_000.0
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
    step_length: str = "fixed"
    learning_rate_decay: str = "constant"
    warmup: float = 0.0
    window_exponent: float = 0.0
    epochs: int = 20
    seed: int = 0
    picture_every: int = 1
    steps_per_execution: int = 1
    expected_minutes: float
    expected_score: str

    def __post_init__(self):
        for field in dataclasses.fields(self):
            _check_type(field.name, getattr(self, field.name), field.type)
        _check_update_every(self.update_every)

    @property
    def command(self):
        """The command line that runs it."""
        return f"geans train --preset={self.name}"


def from_dict(values):
    """The preset of a dict, such as the JSON of a run directory.

    Raises:
        ValueError: If a field is unknown, missing or of the wrong type.
    """
    if not isinstance(values, dict):
        raise ValueError(f"A preset is a JSON object. Received: {values!r}.")
    fields = {field.name: field for field in dataclasses.fields(Preset)}
    unknown = sorted(set(values) - set(fields))
    required = (name for name, field in fields.items() if _is_required(field))
    missing = sorted(set(required) - set(values))
    if unknown or missing:
        raise ValueError(f"A preset has wrong fields. Unknown: {unknown}; missing: {missing}.")
    return Preset(**values)


def read(path):
    """The preset in a JSON file, such as `preset.json` of a run directory.

    Raises:
        ValueError: If the file is missing, damaged, or not a preset.
    """
    try:
        values = json.loads(pathlib.Path(path).read_text())
    except (OSError, ValueError) as error:
        raise ValueError(f"No preset can be read from {path}: {error}.") from error
    return from_dict(values)


def field_texts():
    """What the fields mean, a dict from name to text, read from the docstring of `Preset`."""
    text = inspect.getdoc(Preset).partition("Args:")[2]
    found = re.findall(r"^    (\w+): ((?:.|\n {8})+)", text, re.MULTILINE)
    return {name: " ".join(words.split()).replace("`", "") for name, words in found}


def plain_fields():
    """The fields that hold one number or word: `(name, type)`, the type without `None`."""
    kinds = {field.name: _kinds(field.type) for field in dataclasses.fields(Preset)}
    return [(name, kinds_[0]) for name, kinds_ in kinds.items() if dict not in kinds_]


def _is_required(field):
    missing = dataclasses.MISSING
    return field.default is missing and field.default_factory is missing


def _kinds(annotation):
    if isinstance(annotation, types.UnionType):
        return typing.get_args(annotation)
    return (annotation,)


def _check_type(name, value, annotation):
    kinds = _kinds(annotation)
    allowed = (*kinds, int) if float in kinds else kinds
    if not isinstance(value, allowed) or isinstance(value, bool):
        wanted = " or ".join(kind.__name__ for kind in kinds)
        raise ValueError(f"The preset's {name} must be {wanted}. Received: {name}={value!r}.")


def _check_update_every(value):
    kind, _, largest = str(value).partition(":")
    growing = kind == "growing" and largest.isdecimal() and int(largest).bit_count() == 1
    if isinstance(value, str) and value != "epoch" and not (growing and int(largest) > 1):
        raise ValueError(
            "The preset's update_every must be a number of steps, 'epoch', or 'growing:K' with K a "
            f"power of 2, at least 2. Received: update_every={value!r}."
        )
