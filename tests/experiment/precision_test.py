import keras
import numpy as np
import pytest
import tensorflow as tf

from geans import experiment, networks, penalties, presets
from geans.experiment import precision, running
from tests.experiment.small_presets import ring


@pytest.mark.parametrize(("speed", "chosen"), [(2.6, "bfloat16"), (1.1, "float32")])
def test_auto_is_what_is_faster_here(speed, chosen, capsys):
    found = precision.resolved(ring(precision="auto"), lambda: speed)
    assert found == ring(precision=chosen)
    printed = capsys.readouterr().out
    assert f"Precision: {chosen}." in printed and f"{speed:.1f} times" in printed


def test_what_was_asked_is_not_measured():
    for name in ("float32", "bfloat16"):
        assert precision.resolved(ring(precision=name), None) == ring(precision=name)


def test_the_measurement_is_a_ratio():
    assert 0.01 < precision.bfloat16_speed(0.01) < 100


def test_only_the_networks_within_are_in_half_precision():
    with precision.policy("bfloat16"):
        inner = networks.mlp.discriminator((2,), units=(4,))
    outer = networks.mlp.discriminator((2,), units=(4,))
    policies = [network.layers[2].dtype_policy.name for network in (inner, outer)]
    assert policies == ["mixed_bfloat16", "float32"]
    with pytest.raises(ValueError, match="must be measured first. Received: 'auto'"):
        precision.policy("auto").__enter__()


def test_a_policy_of_the_user_stays():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with precision.policy("float32"):
            assert keras.config.dtype_policy().name == "mixed_float16"
        assert keras.config.dtype_policy().name == "mixed_float16"
    finally:
        keras.config.set_dtype_policy("float32")


@pytest.mark.slow
def test_a_run_keeps_what_was_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "bfloat16_speed", lambda: 2.0)
    preset = ring(precision="auto", epochs=1, learning_rate_decay="constant")
    model = experiment.run(preset, tmp_path)
    assert presets.read(tmp_path / "preset.json").precision == "bfloat16"
    assert {weight.dtype for weight in model.generator.weights} == {"float32"}
    assert model.generator.layers[1].compute_dtype == "bfloat16"
    monkeypatch.setattr(precision, "bfloat16_speed", lambda: 1.0)  # Another machine resumes.
    more = ring(precision="auto", epochs=2, learning_rate_decay="constant")
    resumed = experiment.run(more, tmp_path, resume=True)
    assert resumed.generator.layers[1].compute_dtype == "bfloat16"
    assert resumed.steps.numpy() == 10
    assert resumed.sample(3, seed=0).dtype == "float32"


def test_workers_do_not_measure_each_for_itself(tmp_path, monkeypatch):
    monkeypatch.setattr(running.strategies, "is_multi_worker", lambda strategy: True)
    monkeypatch.setattr(running.strategies, "is_chief", lambda strategy: True)
    with pytest.raises(ValueError, match="Pass precision='float32' or 'bfloat16'"):
        experiment.run(ring(precision="auto"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("penalty", [penalties.R1(1.0), penalties.GradientPenalty(1.0)])
def test_slopes_of_penalties_are_those_of_float32_but_for_roundings(penalty):
    """Within 3 % of their length; a bfloat16 has 8 significant bits, a rounding of 0.4 %."""
    random = np.random.default_rng(0)
    real, fake = random.uniform(-1, 1, (2, 16, 8, 8, 1)).astype("float32")
    found = {}
    for name in precision.POLICIES:
        with precision.policy(name):
            network = networks.dcgan.discriminator((8, 8, 1), width=16, seed=0)

        def logits(images, training, network=network):
            return tf.cast(network(images, training=training), "float32")

        with tf.GradientTape() as tape:
            value = penalty(
                logits, real, fake, tf.constant([0, 1], "int64"), tf.constant(0, "int64")
            )
        assert value.dtype == "float32"
        slopes = tape.gradient(value, network.trainable_variables)
        # The last bias has no slope.
        found[name] = np.concatenate([np.ravel(slope) for slope in slopes if slope is not None])
    error = np.linalg.norm(found["bfloat16"] - found["float32"])
    assert 0 < error <= 0.03 * np.linalg.norm(found["float32"])
