"""GANs for Keras: `model.fit(dataset)` trains them plainly or by the GEAN rule.

Submodules and models load on first use, so `import geans` does not import TensorFlow.
"""

import importlib

import wrapt

from geans import startup

__version__ = "0.2.0"

_LIGHT = ("comparison", "presets", "report")  # They import no TensorFlow.
_MODULES = (
    "augment",
    "callbacks",
    "data",
    "experiment",
    "export",
    "losses",
    "metrics",
    "models",
    "networks",
    "optimizers",
    "penalties",
    "plotting",
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
)

__all__ = [*_LIGHT, *_MODULES, *_MODELS, "from_preset"]


def __getattr__(name):
    if name in _LIGHT:
        return importlib.import_module(f"geans.{name}")
    if name not in __all__:
        raise AttributeError(f"module 'geans' has no attribute {name!r}")
    with startup.quiet():
        if name in _MODULES:
            return importlib.import_module(f"geans.{name}")
        room = "experiment" if name == "from_preset" else "models"
        return getattr(importlib.import_module(f"geans.{room}"), name)


def __dir__():
    return sorted([*globals(), *__all__])


def _register(keras):
    for module in ("models", "networks", "optimizers"):
        importlib.import_module(f"geans.{module}")


# keras.saving.load_model knows only classes that are registered in this process. So they are
# imported together with Keras: at once if it is there already, otherwise as soon as it comes.
wrapt.register_post_import_hook(_register, "keras")
