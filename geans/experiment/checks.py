"""Checks of a trained run on images, each with its threshold.

To add a check, write a function from `Evidence` that yields `Finding`s, and add it to `CHECKS`.
"""

import dataclasses
import math

import numpy as np

from geans import losses, metrics, models
from geans.metrics import artifacts

UPDATES = 2_000
"""Generator updates below which images rarely take shape; most presets have 3,100 or more."""

VARIETY = 0.6
"""Smallest ratio of the mean distance of samples to that of training images.

Two images in equal parts have about 0.5, the presets 0.98 to 1.02.
"""

DUPLICATES = 0.2
"""Largest share of near-duplicates among samples beyond that among training images."""

NEAR = 0.5
"""A near-duplicate is nearer to another image than this part of what is usual in training images.

Usual is the median over as many training images. Of the presets' samples, up to 5 % are so near.
"""

AHEAD = 0.05
"""Smallest discriminator loss of the mean logits, as a part of that of guessing.

It is reached at logits of 3.4 and -3.4 with "non_saturating", 0.95 and -0.95 with "hinge"; the
presets have 0.15 or more.
"""

R_V = 0.5
"""Largest r_v, see `metrics.overfitting`; the presets have up to 0.25."""

R_T = 0.95
"""Largest r_t, without held-out images, of a discriminator that knows all samples, too."""

SHIFT = 0.25
"""Largest difference of a channel's mean from the data's, in standard deviations; usual is .02."""

CONTRAST = 1.5
"""Largest factor between a channel's standard deviations in samples and training images."""

SATURATION = 0.2
"""Largest share of saturated values in samples beyond that in training images."""

GREY = 0.25
"""Smallest ratio of the differences between channels in samples to those in training images."""

COLOURED = 0.05
"""Mean difference between channels, from 0 to 2, from which training images count as coloured."""

CHECKERBOARD = 2.0
"""Largest ratio of the energy that alternates from pixel to pixel to that in training images."""

CHECKERBOARD_FLOOR = 0.005
"""Share of such energy that training images are taken to have at least.

Twice that is an amplitude of a tenth of the standard deviation, which is just visible.
"""

STEP = 1 / 127.5  # Of 8-bit images: the least standard deviation to divide by.


@dataclasses.dataclass(frozen=True)
class Finding:
    """What one check has found.

    Args:
        name: Name of the check.
        value: What was measured.
        threshold: Value from which on it is conspicuous.
        conspicuous: Whether it is.
        text: A sentence that says what was measured.
        advice: A sentence that says what it means, if it is conspicuous, and what to try.
    """

    name: str
    value: float
    threshold: float
    conspicuous: bool
    text: str
    advice: str


@dataclasses.dataclass(frozen=True, eq=False)
class Evidence:
    """What the checks look at.

    Args:
        model: The trained model.
        diverged: Whether the run has recorded a NaN, or samples or logits are not finite.
        history: Dict of lists, as in `report.read_history`.
        real: Training images, float32 (n, height, width, channels).
        fake: As many samples of the EMA generator.
        overfitting: `metrics.Overfitting` of the discriminator, or `None` if samples or logits are
            not finite.
    """

    model: models.AdversarialModel
    diverged: bool
    history: dict[str, list[float]]
    real: np.ndarray
    fake: np.ndarray
    overfitting: metrics.Overfitting | None


def divergence(evidence):
    """Looks for a NaN that training has met."""
    yield _above(
        "divergence",
        float(evidence.diverged),
        0.0,
        f"Training met {'a' if evidence.diverged else 'no'} NaN or infinity.",
        "Lower --generator_learning_rate and --discriminator_learning_rate, or raise --r1.",
    )


def updates(evidence):
    """Counts the updates of the generator."""
    count = int(evidence.model.generator_player.optimizer.iterations.numpy())
    yield _below(
        "updates",
        count,
        UPDATES,
        f"The generator has had {count:,} updates.",
        f"Images need {UPDATES:,} updates or more: train for more --epochs, or with a smaller "
        "--batch_size or --update_every.",
    )


def data_range(evidence):
    """Looks for training images in [0, 1]."""
    low, high = float(evidence.real.min()), float(evidence.real.max())
    yield Finding(
        "data range",
        low,
        0.0,
        0 <= low < high,
        f"The training images have values from {low:.2f} to {high:.2f}.",
        "They should be in [-1, 1], where -1 is black: scale them by 2 * x - 1, or pass uint8.",
    )


def collapse(evidence):
    """Compares the variety of samples with that of training images, and counts repetitions."""
    if len(evidence.real) < 2:
        return
    real, fake = artifacts.distances(evidence.real), artifacts.distances(evidence.fake)
    usual = np.nanmean(real)
    if not usual:  # Always the same image.
        return
    advice = (
        "The generator has collapsed: raise --r1 and --r2, say to 0.1, try --packing=2, or lower "
        "both learning rates."
    )
    variety = float(np.nanmean(fake) / usual)
    yield _below(
        "variety",
        variety,
        VARIETY,
        f"Two samples differ on average by {variety:.0%} of what two training images do.",
        advice,
    )
    near = NEAR * np.median(np.nanmin(real, axis=1))
    shares = [float(np.mean(np.nanmin(each, axis=1) <= near)) for each in (real, fake)]
    yield _above(
        "duplicates",
        max(0.0, shares[1] - shares[0]),
        DUPLICATES,
        f"{shares[1]:.0%} of the samples nearly repeat another one, and {shares[0]:.0%} of the "
        "training images.",
        advice,
    )


def tint(evidence):
    """Compares means and standard deviations of the channels with those of training images."""
    (mean, deviation), (fake_mean, fake_deviation) = (
        artifacts.moments(images) for images in (evidence.real, evidence.fake)
    )
    advice = (
        "Samples have a tint, a brightness or a contrast that the data lack: train for more "
        "--epochs, or lower --generator_learning_rate."
    )
    shifts = np.abs(fake_mean - mean) / np.maximum(deviation, STEP)
    channel = int(shifts.argmax())
    yield _above(
        "shift",
        shifts[channel],
        SHIFT,
        f"The mean of channel {channel} is {fake_mean[channel]:.2f} in samples and "
        f"{mean[channel]:.2f} in training images, where -1 is black and 1 white.",
        advice,
    )
    ratios = np.maximum(fake_deviation, STEP) / np.maximum(deviation, STEP)
    factors = np.maximum(ratios, 1 / ratios)
    channel = int(factors.argmax())
    yield _above(
        "contrast",
        factors[channel],
        CONTRAST,
        f"The standard deviation of channel {channel} is {fake_deviation[channel]:.2f} in samples "
        f"and {deviation[channel]:.2f} in training images.",
        advice,
    )


def saturation(evidence):
    """Compares the share of black and white values with that in training images."""
    real, fake = map(artifacts.saturation, (evidence.real, evidence.fake))
    yield _above(
        "saturation",
        max(0.0, fake - real),
        SATURATION,
        f"{fake:.0%} of the samples' values are black or white, and {real:.0%} of the training "
        "images'.",
        "The generator saturates: lower --generator_learning_rate.",
    )


def greyness(evidence):
    """Looks for grey samples of coloured data."""
    real, fake = map(artifacts.colour, (evidence.real, evidence.fake))
    if real <= COLOURED:
        return
    yield _below(
        "colour",
        fake / real,
        GREY,
        f"The channels of samples differ by {fake:.3f} on average, those of training images by "
        f"{real:.3f}.",
        "Samples are nearly grey: train for more --epochs, or lower --discriminator_learning_rate.",
    )


def checkerboard(evidence):
    """Compares the energy that alternates from pixel to pixel with the data's."""
    real, fake = map(artifacts.checkerboard, (evidence.real, evidence.fake))
    yield _above(
        "checkerboard",
        fake / max(real, CHECKERBOARD_FLOOR),
        CHECKERBOARD,
        f"{fake:.1%} of the samples' contrast alternates from pixel to pixel, and {real:.1%} of "
        "the training images'.",
        "This is a checkerboard: use kernels divisible by their stride to upsample, try "
        "--network=resnet, which repeats pixels, or train for more --epochs.",
    )


def balance(evidence):
    """Looks in the last tenth of the epochs for a discriminator that is far ahead."""
    loss, neutral = evidence.model.loss, neutral_logit(evidence.model.loss)
    columns = [evidence.history.get(name, ()) for name in ("real_logits", "fake_logits")]
    last = [column[-max(1, len(column) // 10) :] for column in columns]
    last = [[value for value in column if math.isfinite(value)] for column in last]
    if neutral is None or not all(last):
        return
    real, fake = (np.float32(np.mean(column)) for column in last)
    guessing = float(loss.discriminator(np.float32(neutral), np.float32(neutral)))
    remaining = float(loss.discriminator(real, fake)) / guessing
    yield _below(
        "balance",
        remaining,
        AHEAD,
        f"In the last epochs the mean logits were {real:.1f} of training images and {fake:.1f} of "
        "samples.",
        "The discriminator is so far ahead that the generator learns little: lower "
        "--discriminator_learning_rate, or raise --r1, say to 0.1.",
    )


def memory(evidence):
    """Looks for a discriminator that knows its training images by heart."""
    found = evidence.overfitting
    augmented = evidence.model.augmentation is not None
    remedy = "a stronger augmentation" if augmented else "--augmentation=diff_augment"
    remedy = f"use more images or {remedy}, or stop at the best epoch with --evaluate_every."
    if found.r_v is not None:
        yield _above(
            "r_v",
            found.r_v,
            R_V,
            "To the discriminator, images that it has not seen are "
            f"{found.r_v:.0%} of the way from training images to samples.",
            f"It knows its training images by heart: {remedy}",
        )
    if neutral_logit(evidence.model.loss) is None:
        return
    shares = [(1 + sign) / 2 for sign in (found.r_t, found.r_t_fake)]
    yield Finding(
        "r_t",
        found.r_t,
        R_T,
        found.r_v is None and found.r_t > R_T and found.r_t_fake < -R_T,
        f"The discriminator takes {shares[0]:.0%} of the training images and {shares[1]:.0%} of "
        "the samples for real.",
        f"It may know its training images by heart: {remedy}",
    )


CHECKS = (
    *(divergence, updates, data_range),
    *(collapse, tint, saturation, greyness, checkerboard),
    *(balance, memory),
)
"""Functions of the `Evidence` that yield `Finding`s, in the order in which they are told."""

WITHOUT_SAMPLES = (divergence, updates)
"""Those that need no finite samples."""


def neutral_logit(loss):
    """Returns the logit of a discriminator that guesses; `None` if only differences matter."""
    if isinstance(loss, losses.Wasserstein) or loss.generator_uses_real:
        return None
    return 0.5 if isinstance(loss, losses.LeastSquares) else 0.0


def _above(name, value, threshold, text, advice):
    return Finding(name, float(value), threshold, bool(value > threshold), text, advice)


def _below(name, value, threshold, text, advice):
    return Finding(name, float(value), threshold, bool(value < threshold), text, advice)
