"""Does a discriminator know its training images by heart?"""

import dataclasses

import numpy as np
import numpy.typing as npt

LEAST_GAP = 0.5
"""Distance of the mean logits of training images and samples below which nothing is overfitted.

In standard deviations of the logits of training images.
"""


@dataclasses.dataclass(frozen=True)
class Overfitting:
    """Result of `overfitting`.

    Attributes:
        r_t: Mean sign of the logits of training images, from -1 to 1: 0 if the discriminator
            guesses, 1 if it takes all of them for real.
        r_t_fake: The same of generated samples; -1 if it takes none of them for real.
        r_v: Where held-out images are on the way from training images to generated samples: 0 if
            the discriminator judges them as training images, 1 if it judges them as samples, which
            is overfitting; `None` without held-out images, or if it tells nothing apart.
    """

    r_t: float
    r_t_fake: float
    r_v: float | None


def overfitting(
    real_logits: npt.ArrayLike,
    fake_logits: npt.ArrayLike,
    held_out_logits: npt.ArrayLike | None = None,
    *,
    neutral: float = 0.0,
) -> Overfitting:
    """Compares the logits of training images with those of samples and of held-out images.

        r_t = E[sign(D_train)]
        r_v = (E[D_train] - E[D_held_out]) / (E[D_train] - E[D_fake])

    Args:
        real_logits: Of images that the discriminator was trained on, any shape.
        fake_logits: Of samples of the generator that it was trained against.
        held_out_logits: Of images that neither has seen; `None` if there are none.
        neutral: Logit that means "I do not know", whose sign counts as 0.

    Returns:
        An `Overfitting`.

    Reference: Karras et al. 2020 (arXiv 2006.06676), section 3, equation 1.

    Example:
        >>> overfitting([2.0, 1.0], [-1.0, -2.0], [-1.0, 1.0])
        Overfitting(r_t=1.0, r_t_fake=-1.0, r_v=0.5)
    """
    real, fake = (np.asarray(logits, "float64") for logits in (real_logits, fake_logits))
    gap = real.mean() - fake.mean()
    r_v = None
    if held_out_logits is not None and gap > LEAST_GAP * real.std():
        r_v = float((real.mean() - np.mean(np.asarray(held_out_logits), dtype="float64")) / gap)
    r_t, r_t_fake = (float(np.sign(logits - neutral).mean()) for logits in (real, fake))
    return Overfitting(r_t, r_t_fake, r_v)
