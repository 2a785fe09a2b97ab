import keras
import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import augment, export, losses, networks
from geans.models import translation
from tests.save_after import SaveAfter

RULES = {
    "gan": {},
    "gean, window": {"update_every": 2, "order": "simultaneous"},
    "gean, epoch": {"update_every": "epoch", "order": "simultaneous"},
}
SHAPE = (8, 8, 1)


def pix2pix(*, compile_options=None, **options):
    model = geans.Pix2Pix(
        networks.unet.generator(SHAPE, 3, width=2, seed=1),
        networks.patchgan.discriminator((8, 8, 3), source_channels=1, width=2, layers=1, seed=2),
        seed=3,
        **options,
    )
    model.compile(**{"run_eagerly": True, **(compile_options or {})})
    return model


def cyclegan(*, compile_options=None, **options):
    def both(make, **more):
        networks_ = [make(SHAPE, width=2, seed=seed, **more) for seed in (1, 2)]
        return networks.cyclegan.side_by_side(*networks_)

    model = geans.CycleGAN(
        both(networks.cyclegan.generator, output_channels=1, blocks=1),
        both(networks.patchgan.discriminator, layers=1),
        seed=3,
        **{"pool_size": 3, **options},
    )
    # Graphs take longer to trace than these few steps take.
    model.compile(**{"loss": "least_squares", "run_eagerly": True, **(compile_options or {})})
    return model


def srgan(*, compile_options=None, **options):
    model = geans.SRGAN(
        networks.srresnet.generator(SHAPE, 1, width=2, blocks=1, scale=2, seed=1),
        networks.patchgan.discriminator((16, 16, 1), features=True, width=2, layers=1, seed=2),
        seed=3,
        **options,
    )
    model.compile(**{"run_eagerly": True, **(compile_options or {})})
    return model


def spade(*, compile_options=None, normalization="batch", **options):
    more = {"normalization": normalization, "width": 2}
    judging = {"source_channels": 1, "features": True, "width": 2, "layers": 1}
    model = geans.SPADE(
        networks.spade.with_encoder(
            networks.spade.generator(SHAPE, 3, latent_dim=4, seed=1, **more),
            networks.spade.encoder((8, 8, 3), 4, width=2, seed=1),
        ),
        networks.patchgan.discriminator((8, 8, 3), seed=2, **judging),
        seed=3,
        **options,
    )
    model.compile(**{"run_eagerly": True, **(compile_options or {})})
    return model


MODELS = {"pix2pix": pix2pix, "cyclegan": cyclegan, "srgan": srgan, "spade": spade}
TARGETS = {"cyclegan": SHAPE, "srgan": (16, 16, 1)}
every_model = pytest.mark.parametrize("name", MODELS)


def pairs(name, count=10):
    random = np.random.default_rng(0)
    return [
        np.tanh(random.normal(size=(count, *shape))).astype("float32")
        for shape in (SHAPE, TARGETS.get(name, (8, 8, 3)))
    ]


def batches(name, batch_size=4):
    return tf.data.Dataset.from_tensor_slices(tuple(pairs(name))).batch(batch_size)


# --- the losses, worked out by hand ---


def scaled(factor, channels=1):
    """Images times a number; of several inputs, their weighted sum."""
    factors = np.atleast_1d(factor)
    inputs = [keras.Input((1, 1, channels)) for _ in factors]
    layer = keras.layers.Conv2D(1, 1, use_bias=False)
    joined = keras.layers.Concatenate()(inputs) if len(inputs) > 1 else inputs[0]
    network = keras.Model(inputs if len(inputs) > 1 else inputs[0], layer(joined))
    layer.set_weights([np.reshape(factors, (1, 1, len(factors), 1)).astype("float32")])
    return network


def column(*numbers):
    return tf.reshape(tf.constant(numbers, "float32"), (-1, 1, 1, 1))


def losses_of(model, batch, players=("discriminator", "generator")):
    model.compile(loss=losses.Wasserstein())
    found, logs = model.compute_losses(batch, None, tf.constant([0, 0], "int64"), players)
    return {name: float(value) for name, value in (found | logs).items()}


def test_pix2pix_by_hand():
    """G(x) = x / 2 and D(y, x) = 2 y - x, for x = 1, 3 and y = 2, -1."""
    model = geans.Pix2Pix(scaled(0.5), scaled([2, -1]), reconstruction_weight=10)
    found = losses_of(model, (column(1, 3), column(2, -1)))
    assert found == pytest.approx(
        {
            "real_logits": (3 - 5) / 2,
            "fake_logits": (0 + 0) / 2,
            "discriminator": 0 - -1,
            "reconstruction_error": (1.5 + 2.5) / 2,
            "generator": 0 + 10 * 2,
        }
    )


def hand_worked_cyclegan(**options):
    """G(x) = 2 x, F(y) = y / 4, D1(x) = 3 x, D2(y) = -y."""
    return geans.CycleGAN(
        networks.cyclegan.side_by_side(scaled(2), scaled(0.25)),
        networks.cyclegan.side_by_side(scaled(3), scaled(-1)),
        **options,
    )


BATCH = column(1, -2), column(4, 2)


def test_cyclegan_by_hand():
    """For x = 1, -2 and y = 4, 2: G(x) = 2, -4 and F(y) = 1, 1/2."""
    found = losses_of(hand_worked_cyclegan(pool_size=0), BATCH)
    first, second = 3 * 0.75 - 3 * -0.5, 1 - -3  # D(fake) - D(real), each a mean.
    cycle = 0.75 + 1.5  # |x / 2 - x| and |y / 2 - y|.
    identity = 0.75 * 1.5 + 3  # |x / 4 - x| and |2 y - y|.
    assert found == pytest.approx(
        {
            "real_logits": (-1.5 - 3) / 2,
            "fake_logits": (2.25 + 1) / 2,
            "discriminator": first + second,
            "cycle_error": cycle,
            "identity_error": identity,
            "generator": -2.25 - 1 + 10 * cycle + 5 * identity,
        }
    )


def test_weights_of_the_terms():
    model = hand_worked_cyclegan(pool_size=0, cycle_weight=1, identity_weight=0)
    found = losses_of(model, BATCH, ("generator",))
    assert found == pytest.approx({"cycle_error": 2.25, "generator": -3.25 + 2.25})


def test_the_pool_is_for_the_discriminators_alone():
    """A full pool of zeros: half of what is judged is 0, the generators see only new images."""
    model = hand_worked_cyclegan(pool_size=200)
    for pool in model.pools:
        pool.filled.assign(200)
    batch = [tf.repeat(images, 100, axis=0) for images in BATCH]
    new = losses_of(model, batch, ("generator",))
    assert new["generator"] == pytest.approx(39.875)
    assert all(not np.any(pool.images) for pool in model.pools)
    judged = losses_of(model, batch)
    assert judged["generator"] == pytest.approx(39.875)
    exchanged = [np.count_nonzero(pool.images) for pool in model.pools]
    assert all(60 < count < 140 for count in exchanged)
    means = [np.mean(pool.images) * 200 for pool in model.pools]
    # What went into the pools is missing in what was judged.
    fake_logits = (3 * (0.75 - means[0] / 200) - (-1 - means[1] / 200)) / 2
    assert judged["fake_logits"] == pytest.approx(fake_logits, abs=1e-5)


@pytest.mark.parametrize("name", ["diff_augment", "ada", "adaptive"])
def test_an_augmented_pair_is_augmented_alike(name):
    """Of a source equal to its image, the difference stays 0 wherever both are moved."""
    inputs = [keras.Input((8, 8, 3)) for _ in range(2)]
    difference = keras.layers.Conv2D(3, 1, use_bias=False)(keras.layers.Subtract()(inputs))
    generator = networks.unet.generator((8, 8, 3), 3, width=2)
    model = geans.Pix2Pix(generator, keras.Model(inputs, difference))
    model.compile(augmentation=name)
    if model.controller is not None:
        model.controller.strength.assign(1.0)
    images = tf.random.stateless_normal((4, 8, 8, 3), [0, 0])
    discriminate = model.augmented_discriminator(tf.constant([1, 2], "int64"), images)
    np.testing.assert_array_equal(discriminate(images, training=True), tf.zeros_like(images))
    assert np.any(discriminate(-images, training=True) != 0)


@pytest.mark.slow
def test_both_domains_are_augmented():
    plain, augmented = (
        cyclegan(pool_size=0, compile_options={"augmentation": each})
        for each in (None, augment.DiffAugment())
    )
    batch = [tf.constant(images) for images in pairs("cyclegan")]
    seed = tf.constant([1, 2], "int64")
    found = [
        {name: float(value) for name, value in (losses | logs).items()}
        for losses, logs in (
            model.compute_losses(batch, None, seed, ("discriminator", "generator"))
            for model in (plain, augmented)
        )
    ]
    # What comes back from a cycle is compared as it is.
    assert found[0]["cycle_error"] == pytest.approx(found[1]["cycle_error"])
    assert found[0]["real_logits"] != found[1]["real_logits"]
    assert found[0]["fake_logits"] != found[1]["fake_logits"]


# --- training ---


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("pix2pix", "gean, window"),
        # tests/every_preset_test.py has these, too.
        pytest.param("pix2pix", "gan", marks=pytest.mark.nightly),
        pytest.param("pix2pix", "gean, epoch", marks=pytest.mark.nightly),
        *(pytest.param("cyclegan", rule, marks=pytest.mark.nightly) for rule in RULES),
        *(pytest.param("srgan", rule, marks=pytest.mark.nightly) for rule in RULES),
        *(pytest.param("spade", rule, marks=pytest.mark.nightly) for rule in RULES),
    ],
)
def test_every_rule_moves_all_and_a_saved_model_goes_on_exactly(
    name, rule, tmp_path, assert_same_state
):
    """Dropout, pools and half a window of gradients: equal bit by bit."""
    path = tmp_path / "model.keras"
    model = MODELS[name](**RULES[rule])
    before = [np.array(weight) for weight in model.trainable_variables]
    options = {"epochs": 3, "verbose": 0, "callbacks": [SaveAfter(5, path)]}
    history = model.fit(batches(name), **options).history
    assert set(history) == set(model.logged) and np.isfinite(list(history.values())).all()
    updates = {"gan": 9, "gean, window": 6, "gean, epoch": 3}[rule]
    for player in (model.generator_player, model.discriminator_player):
        assert player.optimizer.iterations.numpy() == updates
    for old, new in zip(before, model.trainable_variables, strict=True):
        assert np.any(old != new), new.path
    resumed = keras.saving.load_model(path)
    assert type(resumed) is type(model) and resumed.steps.numpy() == 5
    resumed.fit(batches(name).skip(2), epochs=1, verbose=0)
    resumed.fit(batches(name), epochs=1, verbose=0)
    assert_same_state(model, resumed)
    for one, other in zip(model.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.slow
@every_model
def test_config_round_trip(name):
    options = {
        "pix2pix": {"reconstruction_weight": 7.0},
        "cyclegan": {"cycle_weight": 1.0, "identity_weight": 0.0, "pool_size": 0},
        "srgan": {"reconstruction_weight": 7.0, "feature_weight": 2.0},
        "spade": {"feature_weight": 2.0, "kl_weight": 0.5},
    }[name]
    model = MODELS[name](**options, update_every=4, ema_half_life=77.0)
    copy = type(model).from_config(model.get_config())
    networks_ = {"generator": 0, "discriminator": 0}
    assert {**copy.get_config(), **networks_} == {**model.get_config(), **networks_}
    assert options.items() <= copy.get_config().items()


@pytest.mark.nightly
@every_model
def test_xla_computes_the_gradients(name):
    model = MODELS[name](compile_options={"jit_compile": True, "run_eagerly": False})
    history = model.fit(batches(name, 5), verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())


def same_noise(model):
    """Gives each of 10 samples noise of its own, however they are batched."""
    noise = tf.random.stateless_normal((10, 4), [0, 0])

    def step_latents(size, positions, draw):
        return tf.gather(noise, (tf.convert_to_tensor(model.steps) * size + tf.range(size)) % 10)

    object.__setattr__(model, "step_latents", step_latents)
    return model


WITHOUT_BATCH_NORM = {
    "pix2pix": lambda **options: geans.Pix2Pix(
        networks.unet.generator(SHAPE, 3, width=2, normalization="instance", dropout=0, seed=1),
        networks.patchgan.discriminator((8, 8, 3), source_channels=1, width=2, layers=1, seed=2),
        **options,
    ),
    "srgan": srgan,
    "spade": lambda **options: same_noise(spade(normalization="instance", **options)),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WITHOUT_BATCH_NORM)
def test_the_window_sums_what_one_large_batch_gives(name):
    """Frozen weights, no dropout: two micro-batches of 5 move both players as one of 10 does."""
    finals = []
    for batch_size, options in ((10, {}), (5, RULES["gean, epoch"])):
        model = WITHOUT_BATCH_NORM[name](**{"order": "simultaneous", **options})
        before = model.generator.get_weights()
        optimizers = [keras.optimizers.SGD(0.01) for _ in range(2)]
        model.compile(*optimizers, run_eagerly=True)
        model.fit(batches(name, batch_size), verbose=0)
        finals.append(model.generator.get_weights() + model.discriminator.get_weights())
        assert max(np.abs(a - b).max() for a, b in zip(before, finals[-1], strict=False)) > 1e-3
    for one, other in zip(*finals, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


# --- translating ---


@pytest.mark.slow
def test_pix2pix_translates_by_its_generators():
    model = pix2pix()
    model.fit(batches("pix2pix"), verbose=0)
    source, _ = pairs("pix2pix")
    found = model.translate(source, batch_size=3)
    np.testing.assert_allclose(found, model.ema_generator(source), atol=1e-6)
    live = model.translate(source, ema=False)
    np.testing.assert_allclose(live, model.generator(source), atol=1e-6)
    assert found.shape == (10, 8, 8, 3) and np.any(found != live)


@pytest.mark.slow
def test_cyclegan_translates_both_ways():
    model = cyclegan()
    images, _ = pairs("cyclegan")
    for to, name in (("second", "first"), ("first", "second")):
        expected = model.generator.get_layer(name)(images)
        for ema in (True, False):
            found = model.translate(images, to, ema=ema)
            np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(ValueError, match="first, second. Received: to='third'"):
        model.translate(images, to="third")


@every_model
def test_what_cannot_be_translated(name):
    model = MODELS[name]()
    for images, message in (
        (np.zeros((2, 4, 4, 1), "float32"), r"\(2, 4, 4, 1\)"),
        (np.zeros((2, 8, 8, 1), "uint8"), "floats.*uint8"),
    ):
        with pytest.raises(ValueError, match=message):
            model.translate(images)
    with pytest.raises(ValueError, match="draws no samples.*model.translate"):
        model.sample(5)


LOAD = """
import sys
import numpy as np
import tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
serve = loaded.signatures["serving_default"]
names = list(serve.structured_input_signature[1])
found = serve(**{name: tf.constant(np.load("images.npy")) for name in names})
np.savez("found.npz", *[found[name] for name in sorted(found)])
assert not any(name.split(".")[0] == "geans" for name in sys.modules)
print(*sorted(loaded.signatures), *names)
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pix2pix", pytest.param("cyclegan", marks=pytest.mark.nightly)])
def test_tensorflow_alone_translates_what_the_model_translates(name, tmp_path, run_python):
    model = MODELS[name]()
    images, _ = pairs(name)
    np.save(tmp_path / "images.npy", images)
    export.saved_model(model, tmp_path / "saved")
    printed = run_python(LOAD, tmp_path, tmp_path / "saved").split()
    assert printed[0] == "serving_default" and "sample" not in printed
    expected = {
        "pix2pix": lambda: [model.translate(images)],
        "cyclegan": lambda: [model.translate(images, to) for to in ("second", "first")],
    }[name]()
    with np.load(tmp_path / "found.npz") as found:
        for one, other in zip(found.values(), expected, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)


# --- mistakes ---


@every_model
def test_data_without_pairs_is_refused(name):
    model = MODELS[name]()
    first, second = pairs(name)
    with pytest.raises(ValueError, match="pairs of images.*geans.data.translation"):
        model.fit(first, verbose=0)
    with pytest.raises(ValueError, match=r"\(10, 8, 8, 2\)"):
        model.fit(first, np.zeros((10, 8, 8, 2), "float32"), verbose=0)
    with pytest.raises(ValueError, match="floats.*uint8"):
        model.fit(first, second.astype("uint8"), verbose=0)
    with pytest.raises(ValueError, match="NaN"):
        model.fit(first, second * np.nan, verbose=0)


def test_networks_that_do_not_fit_each_other():
    generator = networks.unet.generator(SHAPE, 3, width=2)
    for wrong in (
        networks.patchgan.discriminator((8, 8, 3), width=2, layers=1),
        networks.patchgan.discriminator((8, 8, 1), source_channels=3, width=2, layers=1),
    ):
        with pytest.raises(ValueError, match=r"sources: \[\(None, 8, 8, 3\), \(None, 8, 8, 1\)\]"):
            geans.Pix2Pix(generator, wrong)
    with pytest.raises(ValueError, match="one batch of images and make one"):
        geans.Pix2Pix(networks.mlp.generator(3, SHAPE), generator)
    join = networks.cyclegan.side_by_side
    both = join(scaled(1), scaled(2))
    with pytest.raises(ValueError, match="generator of a CycleGAN is two networks"):
        geans.CycleGAN(scaled(1), both)
    with pytest.raises(ValueError, match="discriminator of a CycleGAN is two networks"):
        geans.CycleGAN(both, scaled(1))
    with pytest.raises(ValueError, match="must make what the second one takes"):
        geans.CycleGAN(join(generator, networks.unet.generator(SHAPE, 1, width=2)), both)
    with pytest.raises(ValueError, match="discriminators must take the two domains"):
        back = networks.unet.generator((8, 8, 3), 1, width=2)
        geans.CycleGAN(join(generator, back), both)


def test_identity_needs_domains_of_one_shape():
    def both():
        there = networks.unet.generator(SHAPE, 3, width=2)
        back = networks.unet.generator((8, 8, 3), 1, width=2)
        judges = [networks.patchgan.discriminator((8, 8, c), width=2, layers=1) for c in (1, 3)]
        return [networks.cyclegan.side_by_side(*pair) for pair in ((there, back), judges)]

    with pytest.raises(ValueError, match="same shape.*identity_weight=5.*identity_weight=0"):
        geans.CycleGAN(*both())
    model = geans.CycleGAN(*both(), identity_weight=0)
    assert model.pair_shapes == ((None, 8, 8, 1), (None, 8, 8, 3))


def test_without_identity_there_is_none_to_log():
    names = {mean.name for mean in cyclegan(identity_weight=0).metrics}
    assert names == set(geans.CycleGAN.logged) - {"identity_error"}


@pytest.mark.parametrize(
    "make, options, message",
    [
        (pix2pix, {"reconstruction_weight": -1}, "reconstruction_weight=-1"),
        (cyclegan, {"cycle_weight": float("nan")}, "cycle_weight=nan"),
        (cyclegan, {"identity_weight": None}, "identity_weight=None"),
        (cyclegan, {"pool_size": -1}, "size=-1"),
        (srgan, {"reconstruction_weight": "100"}, "reconstruction_weight='100'"),
        (srgan, {"feature_weight": -1}, "feature_weight=-1"),
        (spade, {"feature_weight": True}, "feature_weight=True"),
        (spade, {"kl_weight": float("inf")}, "kl_weight=inf"),
    ],
)
def test_bad_numbers_are_refused(make, options, message):
    with pytest.raises(ValueError, match=message):
        make(**options)


def test_public_names():
    assert geans.Pix2Pix is translation.Pix2Pix and geans.CycleGAN is translation.CycleGAN
