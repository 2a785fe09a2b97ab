"""The models: a generator and a discriminator that `fit` trains, plainly or by the GEAN rule."""

from geans.models.adversarial import AdversarialModel
from geans.models.gan import GAN
from geans.models.gean import GEAN

__all__ = ["AdversarialModel", "GAN", "GEAN"]
