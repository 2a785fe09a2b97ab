"""Adversarial models: a generator and a discriminator trained by `fit`."""

from geans.models.adversarial import AdversarialModel
from geans.models.conditional import ACGAN, ConditionalGAN
from geans.models.gan import GAN
from geans.models.gean import GEAN
from geans.models.infogan import InfoGAN
from geans.models.spade import SPADE
from geans.models.srgan import SRGAN
from geans.models.translation import CycleGAN, Pix2Pix

__all__ = [
    "ACGAN",
    "AdversarialModel",
    "ConditionalGAN",
    "CycleGAN",
    "GAN",
    "GEAN",
    "InfoGAN",
    "Pix2Pix",
    "SPADE",
    "SRGAN",
]
