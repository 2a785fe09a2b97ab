"""`reuse_fakes`: the generator runs once a step, and its slope is that of running it again."""

import keras
import numpy as np
import pytest

import geans
from geans import networks, rules


@keras.saving.register_keras_serializable(package="geans_tests")
class SameLatents(rules.Rule):
    """What `reuse_fakes` should lead to, by a second run of the generator on the same latents."""

    def step(self, game, batch):
        noise = game.draw(batch)
        for player in rules.PLAYERS:
            game.apply(game.gradients((player,), batch, noise))


class Counting(keras.layers.Layer):
    """Counts how often it is called, when it is traced or run."""

    calls = 0

    def call(self, inputs):
        Counting.calls += 1
        return inputs


@keras.saving.register_keras_serializable(package="geans_tests")
class Costly(keras.layers.Layer):
    """A layer that adds to the generator's loss."""

    def call(self, inputs):
        self.add_loss(keras.ops.mean(keras.ops.square(inputs)))
        return inputs


def generator(*more):
    regularized = keras.layers.Dense(8, "tanh", kernel_regularizer=keras.regularizers.L2(0.1))
    return keras.Sequential([keras.Input((3,)), regularized, *more, keras.layers.Dense(2)])


def plain(**options):
    return geans.GAN(generator(), networks.mlp.discriminator((2,), units=(8,)), **options)


def costly(**options):
    return geans.GAN(generator(Costly()), networks.mlp.discriminator((2,), units=(8,)), **options)


@keras.saving.register_keras_serializable(package="geans_tests")
class Drawing(geans.GAN):
    """Generates samples in the discriminator's turn that the generator's loss does not use."""

    def compute_losses(self, batch, latents, seed, players):
        if "discriminator" in players:
            self.generate_batch(latents + 1)
        return super().compute_losses(batch, latents, seed, players)


def drawing(**options):
    return Drawing(generator(), networks.mlp.discriminator((2,), units=(8,)), **options)


MAKE = {"plain": plain, "costly": costly, "unused samples": drawing}


def trained(make, points, labels=None, **options):
    keras.utils.set_random_seed(1)
    model = make(seed=0, **options)
    optimizers = [keras.optimizers.SGD(0.1) for _ in range(2)]
    model.compile(*optimizers)
    model.fit(points, labels, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("name", MAKE)
def test_the_slope_is_that_of_a_second_run(name, points):
    one = trained(MAKE[name], points, reuse_fakes=True)
    other = trained(MAKE[name], points, rule=SameLatents())
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-6)
    fresh = trained(MAKE[name], points, reuse_fakes=False)
    assert abs(one.generator.get_weights()[0] - fresh.generator.get_weights()[0]).max() > 1e-4


@pytest.mark.slow
def test_the_generator_runs_once(points):
    for options, runs in (({}, 2), ({"reuse_fakes": True}, 1)):
        network = generator(Counting())
        model = geans.GAN(network, networks.mlp.discriminator((2,), units=(4,)), **options)
        model.ema = None
        model.compile(run_eagerly=True)
        Counting.calls = 0
        model.train_on_batch(points[:8])
        assert Counting.calls == runs


@pytest.mark.slow
def test_it_is_saved_and_goes_on_exactly(points, tmp_path, assert_same_state):
    model = trained(plain, points, reuse_fakes=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.rule.reuse_fakes
    for each in (model, loaded):
        each.fit(points, batch_size=8, shuffle=False, verbose=0)
    assert_same_state(model, loaded)


REFUSED = {
    "simultaneous": (lambda: plain(reuse_fakes=True, order="simultaneous"), "alternating"),
    "a window": (
        lambda: geans.GEAN(
            generator(),
            networks.mlp.discriminator((2,)),
            update_every=4,
            order="alternating",
            reuse_fakes=True,
        ),
        "update_every=4",
    ),
    "XLA": (lambda: plain(reuse_fakes=True).compile(jit_compile=True), "jit_compile=False"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_where_nothing_can_be_reused_it_is_refused(case):
    act, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        act()
