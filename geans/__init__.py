"""GANs for Keras: `model.fit(dataset)` trains them plainly or by the GEAN rule.

Submodules and models load on first use, so `import geans` does not import TensorFlow.
"""

import importlib

import wrapt

from geans import startup

__version__ = "0.2.0"

_MODULES = (
    "augment",
    "callbacks",
    "comparison",
    "data",
    "experiment",
    "export",
    "losses",
    "metrics",
    "models",
    "networks",
    "optimizers",
    "pages",
    "penalties",
    "plotting",
    "presets",
    "pretrained",
    "report",
    "rules",
)
_MODELS = (
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
)

_FUNCTIONS = ("from_preset", "from_pretrained", "recipe")

__all__ = [*_MODULES, *_MODELS, *_FUNCTIONS]


def __getattr__(name):
    if name in _MODULES:
        return importlib.import_module(f"geans.{name}")
    if name in _MODELS:
        return getattr(importlib.import_module("geans.models"), name)
    if name in _FUNCTIONS:
        return getattr(importlib.import_module("geans.experiment"), name)
    raise AttributeError(f"module 'geans' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *__all__])


def _register(keras):
    for module in ("models", "networks", "optimizers"):
        importlib.import_module(f"geans.{module}")


# keras.saving.load_model knows only classes that are registered in this process. So they are
# imported together with Keras: at once if it is there already, otherwise as soon as it comes.
# That may be in the middle of another import, so models and rules do not evaluate their types.
wrapt.register_post_import_hook(_register, "keras")
startup.install()
