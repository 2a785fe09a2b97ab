import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import losses, networks, penalties


class Recording(geans.GEAN):
    """A GEAN that remembers the batches and latents it was given; for eager runs."""

    def compute_losses(self, batch, latents, seed, players):
        self.seen = [*getattr(self, "seen", []), (batch, latents)]
        return super().compute_losses(batch, latents, seed, players)


NETWORKS = {
    "mlp": lambda: (
        networks.mlp.generator(3, (8, 8, 1), units=(16,), seed=1),
        networks.mlp.discriminator((8, 8, 1), units=(16,), seed=2),
    ),
    "dcgan": lambda: (
        networks.dcgan.generator(3, (8, 8, 1), width=4, normalization=None, seed=1),
        networks.dcgan.discriminator((8, 8, 1), width=4, seed=2),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("family", NETWORKS)
@pytest.mark.parametrize("loss", ["non_saturating", "relativistic"])
@pytest.mark.parametrize("penalty", [None, penalties.R1(0.3)], ids=["plain", "r1"])
def test_the_epochs_gradient_is_that_of_one_big_batch(family, loss, penalty):
    """37 samples in micro-batches of 8, 8, 8, 8 and 5: each sample weighs the same."""
    generator, discriminator = NETWORKS[family]()
    model = Recording(generator, discriminator, seed=0)
    model.compile(
        keras.optimizers.SGD(1.0),
        keras.optimizers.SGD(1.0),
        loss=loss,
        penalty=penalty,
        run_eagerly=True,
    )
    images = np.random.default_rng(0).uniform(-1, 1, (37, 8, 8, 1)).astype("float32")
    before = [v.numpy() for v in (*generator.trainable_weights, *discriminator.trainable_weights)]

    reference = [keras.models.clone_model(network) for network in (generator, discriminator)]
    for copy, network in zip(reference, (generator, discriminator), strict=True):
        copy.set_weights(network.get_weights())
    model.fit(images, batch_size=8, shuffle=False, verbose=0)

    latents = tf.concat([latents for _, latents in model.seen], axis=0)
    assert len(model.seen) == 5
    with tf.GradientTape(persistent=True) as tape:
        real_logits, fake = reference[1](images), reference[0](latents)
        fake_logits = reference[1](fake)
        objective = losses.get(loss)
        discriminator_loss = objective.discriminator(real_logits, fake_logits)
        if penalty is not None:
            discriminator_loss += penalty(reference[1], images, fake, seed=[0, 0])
        generator_loss = objective.generator(real_logits, fake_logits)
    big = [
        *tape.gradient(generator_loss, [v.value for v in reference[0].trainable_weights]),
        *tape.gradient(discriminator_loss, [v.value for v in reference[1].trainable_weights]),
    ]
    after = [v.numpy() for v in (*generator.trainable_weights, *discriminator.trainable_weights)]
    for start, end, gradient in zip(before, after, big, strict=True):
        np.testing.assert_allclose(start - end, gradient, rtol=0, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("update_every", "updates", "steps_per_execution"),
    [
        *[(1, 12, 1), (4, 4, 1), (100, 2, 1), ("epoch", 2, 1), (4, 4, 4), ("epoch", 2, 4)],
        *(
            pytest.param(*row, marks=pytest.mark.nightly)
            for row in [(2, 6, 1), (6, 2, 1), (1, 12, 4)]
        ),
    ],
)
def test_updates_per_window_and_at_the_epochs_end(
    make_model, points, update_every, updates, steps_per_execution
):
    """Two epochs of 6 steps; what a window has not filled at the epoch's end is applied there."""
    model = make_model(
        geans.GEAN,
        update_every=update_every,
        compile_options={
            "steps_per_execution": steps_per_execution,
            "run_eagerly": steps_per_execution == 1,
        },
    )
    model.fit(points, batch_size=8, epochs=2, verbose=0)
    for player in (model.generator_player, model.discriminator_player):
        assert player.optimizer.iterations.numpy() == updates


@pytest.mark.slow
def test_steps_per_execution_changes_no_weight(make_model, points):
    finals = []
    for steps in (1, 4):
        model = make_model(
            geans.GEAN, update_every=3, compile_options={"steps_per_execution": steps}
        )
        model.fit(points, batch_size=8, shuffle=False, epochs=3, verbose=0)
        finals.append(model.get_weights())
    for one, other in zip(*finals, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_windows_can_grow(make_model, points):
    """Two epochs of 6 steps, windows of 1 until step 3, then of 2, of 4 from step 8 on.

    They begin at steps 0, 1, 2, 3, 4 and 6, 8, and the epochs' ends cut two of them short.
    """
    growing = keras.optimizers.schedules.PiecewiseConstantDecay([3, 7], [1, 2, 4])
    model = make_model(geans.GEAN, update_every=growing)
    watcher = Movements(model.generator)
    model.fit(points, batch_size=8, epochs=2, verbose=0, callbacks=[watcher])
    assert watcher.moved == [0, 1, 2, 3, 5, 1, 5]


@pytest.mark.slow
def test_growing_windows_are_saved(make_model, points, tmp_path):
    growing = keras.optimizers.schedules.PiecewiseConstantDecay([3, 7], [1, 2, 4])
    model = make_model(geans.GEAN, update_every=growing)
    model.fit(points, batch_size=8, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for each in (model, loaded):
        each.fit(points, batch_size=8, shuffle=False, verbose=0)
    for one, other in zip(model.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
def test_alternating_gives_each_player_its_windows(make_model, points):
    """Windows of 2 in epochs of 6 steps: D D G, D D G."""
    model = make_model(geans.GEAN, update_every=2, order="alternating", discriminator_steps=2)
    model.fit(points, batch_size=8, epochs=2, verbose=0)
    assert model.discriminator_player.optimizer.iterations.numpy() == 4
    assert model.generator_player.optimizer.iterations.numpy() == 2


@pytest.mark.slow
def test_alternating_epochs_log_nan_for_the_idle_player(make_model, points):
    model = make_model(geans.GEAN, order="alternating")
    history = model.fit(points, batch_size=8, epochs=2, verbose=0).history
    assert np.isfinite(history["discriminator_loss"]).tolist() == [True, False]
    assert np.isfinite(history["generator_loss"]).tolist() == [False, True]


class Movements(keras.callbacks.Callback):
    """Notes after which steps a network's weights had changed."""

    def __init__(self, network):
        super().__init__()
        self.network, self.moved, self.last = network, [], network.get_weights()

    def look(self, when):
        now = self.network.get_weights()
        if any((a != b).any() for a, b in zip(now, self.last, strict=True)):
            self.moved.append(when)
        self.last = now

    def on_train_batch_end(self, batch, logs=None):
        self.look(batch)

    def on_epoch_end(self, epoch, logs=None):
        self.look("epoch end")


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["plain", "clipping and decaying"])
def test_everything_moves_on_updates_and_only_there(make_model, points, optimizer):
    """EMA generator, weight decay and clipping follow updates, not micro-steps."""
    options = {} if optimizer == "plain" else {"weight_decay": 0.1, "global_clipnorm": 1e-3}
    model = make_model(
        geans.GEAN,
        update_every=4,
        compile_options={"generator_optimizer": keras.optimizers.Adam(0.01, **options)},
    )
    watchers = [
        Movements(network)
        for network in (model.ema_generator, model.generator, model.discriminator)
    ]
    model.fit(points, batch_size=8, epochs=1, verbose=0, callbacks=watchers)
    assert [watcher.moved for watcher in watchers] == [[3, "epoch end"]] * 3


@pytest.mark.slow
def test_observers_see_the_epochs_update(make_model, points):
    model = make_model(geans.GEAN)
    seen = []
    watcher = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: seen.append(
            model.generator_player.optimizer.iterations.numpy()
        )
    )
    model.fit(points, batch_size=8, epochs=2, verbose=0, callbacks=[watcher])
    assert seen == [1, 2]


@pytest.mark.slow
def test_both_players_share_one_forward_pass(make_model, points):
    passes = {}
    for model_class in (geans.GAN, geans.GEAN):

        class Counting(model_class):
            passes = 0

            def compute_losses(self, *arguments):
                type(self).passes += 1
                return super().compute_losses(*arguments)

        model = make_model(Counting, compile_options={"run_eagerly": True})
        model.fit(points, batch_size=45, verbose=0)
        passes[model_class] = Counting.passes
    assert passes == {geans.GAN: 2, geans.GEAN: 1}


@pytest.mark.slow
def test_update_of_nothing_is_nothing(make_model):
    model = make_model(geans.GEAN)
    before = model.get_weights()
    model.update()
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert model.generator_player.optimizer.iterations.numpy() == 0


@pytest.mark.slow
def test_train_on_batch_collects_until_update(make_model, points):
    model, whole = make_model(geans.GEAN), make_model(geans.GEAN)
    whole.fit(points, batch_size=8, shuffle=False, verbose=0)
    for start in range(0, 45, 8):
        model.train_on_batch(points[start : start + 8])
    assert model.generator_player.optimizer.iterations.numpy() == 0
    model.update()
    for one, other in zip(model.get_weights(), whole.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.nightly
def test_a_window_of_65_536_samples_takes_no_more_memory(run_python, tmp_path):
    """1,024 micro-batches of 64 against as many steps of a GAN: one sum per weight is added."""
    code = """if True:
        import sys, numpy as np, geans
        from geans import networks, report
        model = geans.GEAN(
            networks.mlp.generator(64, (28, 28, 1), units=(128, 128)),
            networks.mlp.discriminator((28, 28, 1), units=(128, 128)),
            update_every=int(sys.argv[1]), seed=0,
        )
        model.compile()
        images = np.random.default_rng(0).uniform(-1, 1, (65_536, 28, 28, 1)).astype("float32")
        model.fit(geans.data.pipeline.batches(images, batch_size=64, seed=0), verbose=0)
        assert int(model.generator_player.optimizer.iterations) == 1_024 // int(sys.argv[1])
        print(report.peak_memory_mb())
    """
    peaks = [float(run_python(code, tmp_path, window)) for window in (1, 1_024)]
    assert peaks[1] < 1.05 * peaks[0], peaks
