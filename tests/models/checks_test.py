import keras
import numpy as np
import pytest

import geans
from geans import losses, networks
from geans.models import checks


def points_networks(**options):
    return networks.mlp.generator(3, (2,), **options), networks.mlp.discriminator((2,))


BAD_CONSTRUCTION = {
    "update_every=0": ({"update_every": 0}, "update_every must be"),
    "update_every=-1": ({"update_every": -1}, "update_every must be.*-1"),
    "update_every=batch": ({"update_every": "batch"}, "update_every must be.*'batch'"),
    "update_every=2.5": ({"update_every": 2.5}, "update_every must be"),
    "update_every=True": ({"update_every": True}, "update_every must be"),
    "order": ({"order": "random"}, "simultaneous, alternating"),
    "discriminator_steps=0": ({"discriminator_steps": 0}, "discriminator_steps must be"),
    "discriminator_steps": ({"discriminator_steps": 5}, "pass order='alternating'"),
    "ema_half_life": ({"ema_half_life": 0}, "ema_half_life must be"),
    "ema_half_life=-1": ({"ema_half_life": -1.0}, "ema_half_life must be"),
}


@pytest.mark.parametrize("case", BAD_CONSTRUCTION)
def test_bad_arguments_of_the_model(case):
    options, message = BAD_CONSTRUCTION[case]
    with pytest.raises(ValueError, match=message):
        geans.GEAN(*points_networks(), **options)


def test_latents_of_another_width_are_refused():
    model = geans.GAN(*points_networks())
    with pytest.raises(ValueError, match=r"latents \(None, 3\).*Received.*4"):
        model(np.zeros((5, 4), "float32"))


SHARED = keras.optimizers.Adam()
BAD_COMPILE = {
    "unknown loss": ({"loss": "nonsaturating"}, "non_saturating"),
    "no loss": ({"loss": None}, "non_saturating"),
    "unknown optimizer": ({"generator_optimizer": "adamm"}, "adamm"),
    "shared optimizer": (
        {"generator_optimizer": SHARED, "discriminator_optimizer": SHARED},
        "same object",
    ),
    "keras' optimizer": ({"optimizer": "adam"}, "does not take optimizer"),
    "metrics": ({"metrics": ["accuracy"]}, "does not take metrics"),
    "accumulating optimizer": (
        {"generator_optimizer": keras.optimizers.Adam(gradient_accumulation_steps=4)},
        "Pass update_every",
    ),
    "averaging optimizer": (
        {"discriminator_optimizer": keras.optimizers.Adam(use_ema=True)},
        "Pass ema_half_life",
    ),
    "unknown penalty": ({"penalty": "r9"}, "r9"),
}


@pytest.mark.parametrize("case", BAD_COMPILE)
def test_bad_arguments_of_compile(case):
    options, message = BAD_COMPILE[case]
    with pytest.raises(ValueError, match=message):
        geans.GAN(*points_networks()).compile(**options)


GOOD = np.zeros((10, 2), "float32")


def test_evaluate_has_no_meaning():
    model = geans.GAN(*points_networks())
    model.compile()
    with pytest.raises(ValueError, match="no loss that says how good it is"):
        model.evaluate(GOOD, verbose=0)


def test_fit_before_compile():
    with pytest.raises(ValueError, match=r"Call compile\(\)"):
        geans.GAN(*points_networks()).fit(GOOD)


@pytest.mark.slow
def test_losses_that_need_pairs_accept_ragged_batches():
    model = geans.GEAN(*points_networks())
    model.compile(loss=losses.Relativistic())
    model.fit(GOOD, batch_size=4, verbose=0)


def test_another_backend_is_refused(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="Received: 'jax'. Set KERAS_BACKEND=tensorflow"):
        checks.check_backend()


REFUSED_ON_REPLICAS = """
import sys
import tensorflow as tf
import geans
from geans import networks, strategies

strategy = strategies.of_devices(2)


def make(family=networks.mlp, model_class=geans.GAN, shape=(8, 8, 1), **options):
    model = model_class(family.generator(3, shape), family.discriminator(shape), **options)
    return model


def inside(**options):
    with strategy.scope():
        make().compile(**options)


def batch_norm_and_xla():
    with strategy.scope():
        make(networks.dcgan).compile(jit_compile=True)


def networks_outside():
    generator, discriminator = networks.mlp.generator(3, (2,)), networks.mlp.discriminator((2,))
    with strategy.scope():
        geans.GAN(generator, discriminator).compile()


def model_outside():
    model = make()
    with strategy.scope():
        model.compile()


def other_strategy():
    with tf.distribute.experimental.CentralStorageStrategy(["CPU:0", "CPU:1"]).scope():
        make().compile()


tries = [
    lambda: inside(steps_per_execution=2),
    batch_norm_and_xla,
    networks_outside,
    model_outside,
    other_strategy,
    inside,
]
for attempt in tries:
    try:
        attempt()
        print("taken")
    except ValueError as error:
        print("refused:", " ".join(str(error).split()))
"""


@pytest.mark.slow
def test_what_cannot_work_on_replicas_is_refused_with_the_reason(run_python, tmp_path):
    lines = run_python(REFUSED_ON_REPLICAS, tmp_path).splitlines()
    expected = [
        "On 2 replicas Keras fails to run several steps in one call",
        "batch normalisation takes its statistics from all",
        "was made outside the scope of the strategy",
        "was made outside the scope of the strategy",
        "Received: CentralStorageStrategy",
    ]
    for line, reason in zip(lines[:-1], expected, strict=True):
        assert line.startswith("refused:") and reason in line
    assert lines[-1] == "taken"
