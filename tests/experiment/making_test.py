import dataclasses

import numpy as np
import pytest

import geans
from geans import data, experiment
from tests.experiment.small_presets import ring, stacks

WITHOUT_OPTIONS = {"generator_options": {}, "discriminator_options": {}}


def test_known_data_are_named():
    with pytest.raises(ValueError, match="Unknown data 'stacked:letters'.*stacked:digits"):
        experiment.make_mixture(stacks(data="stacked:letters"))
    with pytest.raises(ValueError, match="data_options do not fit: .*'modes'"):
        experiment.make_mixture(stacks(data_options={"modes": 8}))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"update_every": 1}, (20, 20)),
        ({"update_every": 4}, (6, 6)),
        ({"update_every": "epoch"}, (2, 2)),
        ({"update_every": "growing:4"}, (13, 13)),
        ({"update_every": 1, "order": "alternating", "discriminator_steps": 5}, (100, 20)),
        ({"update_every": 5, "order": "alternating"}, (2, 2)),
        ({"update_every": 1, "order": "simultaneous", "rule": "gan"}, (20, 20)),
        ({"update_every": 5, "update": "pullback", "order": "alternating"}, (20, 20)),
        ({"update_every": 1, "update": "extragradient", "rule": "gan"}, (40, 40)),
        ({"update_every": 4, "update": "svre"}, (20, 20)),
    ],
)
def test_updates_of_a_run(changes, expected, tmp_path):
    """Two epochs of 10 steps. Growing to 4: 10 steps at 1, 5 at 2, 5 at 4."""
    preset = ring(epochs=2, samples_per_epoch=1_280, **changes)
    counted = experiment.count_updates(preset, steps_per_epoch=10)
    assert (counted["discriminator"], counted["generator"]) == expected


def test_further_arguments_of_the_update_rule():
    preset = ring(update="pullback", update_every=5, update_options={"share": 0.25})
    model = experiment.make_model(preset, experiment.make_data(preset))
    assert model.rule.shares == {"discriminator": 0.25, "generator": 0.25}
    preset = dataclasses.replace(preset, update_options={"part": 0.25})
    with pytest.raises(ValueError, match="update_options do not fit: .*'part'"):
        experiment.make_model(preset, experiment.make_data(preset))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"update": "extragradient", "update_every": 2}, "has no windows"),
        ({"update": "svre", "discriminator_steps": 2}, "both players move at once"),
    ],
)
def test_what_rules_of_both_players_refuse(fields, message):
    preset = ring(order="alternating", **fields)
    with pytest.raises(ValueError, match=message):
        experiment.make_model(preset, experiment.make_data(preset))


@pytest.mark.slow
def test_growing_windows_in_a_run(tmp_path):
    """20 steps in epochs of 10: 10 at 1, then 2 2 2(4 left) ..., cut short at the end."""
    model = experiment.run(
        ring(epochs=2, samples_per_epoch=1_280, update_every="growing:4"), tmp_path
    )
    # Windows begin at 0, 1, ..., 9, 10, 12, 14, 16 and last 1 x 10, 2, 2, 2, 4.
    assert model.generator_player.optimizer.iterations.numpy() == 14


@pytest.mark.slow
def test_a_linear_decay_ends_at_zero(tmp_path):
    model = experiment.run(ring(), tmp_path)
    for player in (model.generator_player, model.discriminator_player):
        assert float(player.optimizer.learning_rate.numpy()) == 0.0


def test_a_packed_discriminator_in_a_run():
    preset = ring(packing=3)
    model = experiment.make_model(preset, experiment.make_data(preset))
    assert model.discriminator.input_shape == (None, 2)
    assert model.discriminator.layers[-1].input_shape == (None, 6)


@pytest.mark.slow
def test_from_preset_follows_the_data_that_it_is_given():
    images = np.zeros((64, 8, 8, 1), "float32")
    dataset = data.images.from_arrays(images, batch_size=8)
    model = geans.from_preset("gan_fashion", dataset, network="mlp", epochs=2, **WITHOUT_OPTIONS)
    history = model.fit(dataset, epochs=2, verbose=0).history
    assert np.isfinite(history["generator_loss"]).all()
    assert model.sample(3, seed=0).shape == (3, 8, 8, 1)
    # The rate has reached 0 after the two epochs that it was told of.
    assert float(model.generator_player.optimizer.learning_rate) == pytest.approx(0, abs=1e-9)


def test_from_preset_says_what_does_not_fit():
    with pytest.raises(ValueError, match="Unknown preset 'gan'"):
        geans.from_preset("gan")
    with pytest.raises(ValueError, match="Did you mean 'epochs'"):
        geans.from_preset("gan_fashion", epoch=3)
    with pytest.raises(ValueError, match="of known length.*Received: array"):
        geans.from_preset("gan_fashion", np.zeros((8, 28, 28, 1)))
