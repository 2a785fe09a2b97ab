"""Augmentation that is as strong as the discriminator overfits."""

import keras
import tensorflow as tf

from geans import registry, values
from geans.augment.ada import ADA
from geans.augment.diff_augment import DiffAugment
from geans.types import Config

# Those with a strength that can be set at each call.
ADJUSTABLE = {"diff_augment": DiffAugment, "ada": ADA}


@keras.saving.register_keras_serializable(package="geans")
class Adaptive(registry.Configurable):
    """An augmentation whose strength p follows how far the discriminator overfits.

    p rises while r is above `target` and falls while it is below, where on augmented real images

        r = E[sign(D(real))]

    is 0 if the discriminator cannot decide and 1 if it is sure of all. This is the paper's
    controller; `Adaptive("ada")` has its transformations too, and the default those of
    `DiffAugment`, which are quicker and leave sizes and angles alone. p is a weight of the model,
    0 after `compile`, and its epoch mean is logged by `fit` as `augmentation_strength`.

    Args:
        augmentation: Name or object of a `DiffAugment` or an `ADA`; its `strength` is the
            largest p.
        target: Target of r, between 0 and 1 (both excluded); .6 in the paper.
        ramp: Images seen by the discriminator in which p can rise from 0 to 1. The paper's 500,000
            are for trainings of millions; use some percent of yours, and many times GEAN's window.
        interval: Generator updates between two changes of p; 4 in the paper.

    Raises:
        ValueError: If an argument is out of range or the loss of `compile` gives signs no meaning.

    Reference: Karras et al. 2020 (arXiv 2006.06676), section 3.

    Example:
        >>> Adaptive(DiffAugment(cutout=0.25, strength=0.8), ramp=50_000).augmentation.strength
        0.8
    """

    def __init__(
        self,
        augmentation: str | Config | ADA | DiffAugment = "diff_augment",
        target: float = 0.6,
        *,
        ramp: int = 20_000,
        interval: int = 4,
    ) -> None:
        kinds = tuple(ADJUSTABLE.values())
        self.augmentation = registry.get("augmentation", augmentation, ADJUSTABLE, kinds)
        if not values.is_number(target) or not 0 < target < 1:
            raise ValueError(f"target must be above 0 and below 1. Received: target={target!r}.")
        self.target = target
        values.check_count("ramp", ramp, most=10**12)
        self.ramp = ramp
        values.check_count("interval", interval)
        self.interval = interval

    def __call__(
        self, images: tf.Tensor, seed: tf.Tensor, strength: tf.Tensor | float = 0.0
    ) -> tf.Tensor:
        """Returns images transformed with probability `strength`, a scalar."""
        return self.augmentation(images, seed, strength)

    def get_config(self) -> Config:
        """Returns the constructor's arguments."""
        numbers = {name: getattr(self, name) for name in ("target", "ramp", "interval")}
        return {"augmentation": keras.saving.serialize_keras_object(self.augmentation), **numbers}
