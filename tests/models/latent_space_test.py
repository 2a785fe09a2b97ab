import keras
import numpy as np
import pytest

import geans
from geans import networks
from geans.models import latent_space


@pytest.fixture
def model(make_model):
    made = make_model(geans.GAN)
    # Apart from the average, so that a test can tell the two.
    made.generator.set_weights([weights + 0.1 for weights in made.generator.get_weights()])
    return made


@pytest.fixture
def conditional():
    return geans.models.ConditionalGAN(
        networks.labelled(networks.mlp.generator(4 + 3, (2,), units=(8,), seed=1), num_classes=3),
        networks.with_label_channels(networks.mlp.discriminator((2 + 3,)), num_classes=3),
        num_classes=3,
        seed=0,
    )


@pytest.fixture
def infogan():
    heads = {"category_logits": 3, "continuous": 1}
    return geans.models.InfoGAN(
        networks.mlp.generator(2 + 3 + 1, (2,), units=(8,), seed=1),
        networks.with_heads(networks.mlp.discriminator((2,)), heads),
        num_categories=3,
        num_continuous=1,
    )


def linear_model(matrix):
    """A GAN whose generator multiplies latents by a matrix."""
    generator = keras.Sequential(
        [keras.Input((matrix.shape[0],)), keras.layers.Dense(matrix.shape[1], name="linear")]
    )
    generator.layers[0].set_weights([matrix, np.zeros(matrix.shape[1])])
    return geans.GAN(generator, networks.mlp.discriminator((matrix.shape[1],)))


# --- interpolate ---


@pytest.mark.parametrize("ema", [True, False])
def test_interpolation_leads_from_sample_to_sample(model, ema):
    path = latent_space.interpolate(model, 1, 2, count=3, steps=5, ema=ema)
    assert path.shape == (3, 5, 2)
    for place, seed in ((0, 1), (-1, 2)):
        ends = model.sample(3, seed, ema)
        np.testing.assert_allclose(path[:, place], ends, rtol=1e-5, atol=1e-6)
    assert (np.ptp(path, axis=1) > 0).all()


def test_the_arc_of_a_quarter_turn():
    share = np.array([[0.0], [1 / 3], [1.0]])
    (path,) = latent_space.arc(np.array([[1.0, 0.0]]), np.array([[0.0, 1.0]]), share)
    np.testing.assert_allclose(path, [[1, 0], [np.cos(np.pi / 6), 0.5], [0, 1]], atol=1e-12)


def test_the_arc_keeps_the_length_that_a_line_would_lose():
    first, last = np.random.default_rng(0).normal(size=(2, 50, 64))
    middle = latent_space.arc(first, last, np.array([[0.5]]))[:, 0]
    lengths = np.linalg.norm([first, last, middle, (first + last) / 2], axis=-1)
    assert lengths[2].mean() == pytest.approx(8, rel=0.03)
    assert lengths[3].mean() == pytest.approx(8 / np.sqrt(2), rel=0.03)


def test_between_vectors_of_one_line_the_arc_is_the_line():
    first, last = np.array([[1.0], [2.0]]), np.array([[3.0], [-2.0]])
    path = latent_space.arc(first, last, np.array([[0.0], [0.25], [1.0]]))
    np.testing.assert_allclose(path[..., 0], [[1, 1.5, 3], [2, 1, -2]])


def test_labels_stay_while_latents_move(conditional):
    path = latent_space.interpolate(conditional, 1, 2, count=2, steps=4, labels=[2, 0])
    last = conditional.sample(2, 2, labels=[2, 0])
    np.testing.assert_allclose(path[:, -1], last, rtol=1e-5, atol=1e-6)


def test_codes_go_straight(infogan, monkeypatch):
    seen = []
    monkeypatch.setattr(infogan, "generate", lambda inputs, ema: seen.append(inputs) or inputs)
    latent_space.interpolate(infogan, 1, 2, count=1, steps=3, category=1)
    first, middle, last = seen[0]
    np.testing.assert_allclose(middle[2:], (first[2:] + last[2:]) / 2, rtol=1e-6)
    assert middle[2:5].tolist() == [0, 1, 0]
    assert np.abs(middle[:2] - (first[:2] + last[:2]) / 2).max() > 1e-3


# --- truncation ---


def test_truncated_noise_follows_the_truncated_normal_distribution(model):
    from scipy import stats

    latents = model.draw_latents(20_000, [1, 0])
    for threshold in (0.5, 1.5):
        cut = latent_space.truncate(model, latents, threshold)
        assert np.abs(cut).max() <= threshold and cut.dtype == np.float32
        expected = stats.truncnorm(-threshold, threshold)
        assert stats.kstest(cut[:, 0], expected.cdf).pvalue > 0.01
        # A seed's samples keep their places: the same quantile of another distribution.
        np.testing.assert_allclose(expected.cdf(cut), stats.norm.cdf(latents), atol=1e-5)


def test_a_high_threshold_changes_nothing(model):
    latents = np.array([[5.0, -5.0, 0.0]], "float32")
    np.testing.assert_allclose(latent_space.truncate(model, latents, 40.0), latents, rtol=1e-6)
    np.testing.assert_allclose(model.sample(9, 1, truncation=40.0), model.sample(9, 1), rtol=1e-4)


def test_a_low_threshold_gives_the_mean_latents_sample(model):
    found = model.sample(4, seed=1, truncation=1e-6)
    mean = model.generate(np.zeros((1, 3), "float32"))
    np.testing.assert_allclose(found, np.repeat(mean, 4, axis=0), atol=1e-5)
    again = model.sample(50, seed=1, truncation=0.7)
    np.testing.assert_array_equal(again, model.sample(50, seed=1, truncation=0.7))
    assert (again.std(axis=0) < model.sample(50, seed=1).std(axis=0)).all()


def test_conditions_are_not_truncated(conditional, infogan):
    latents, labels = latent_space.truncate(conditional, conditional.sampling_inputs(6, 0), 0.5)
    assert np.abs(latents).max() <= 0.5 and np.asarray(labels).tolist() == [0, 1, 2, 0, 1, 2]
    before = infogan.sampling_inputs(6, 0)
    after = latent_space.truncate(infogan, before, 0.5)
    assert np.abs(after[:, :2]).max() <= 0.5
    np.testing.assert_array_equal(after[:, 2:], before[:, 2:])


# --- directions ---


def test_directions_of_a_linear_layer_are_its_singular_vectors():
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.normal(size=(size, size)))[0] for size in (3, 5))
    matrix = left @ np.diag([9.0, 3.0, 1.0]) @ right[:3]
    found = latent_space.directions(linear_model(matrix), 2, samples=20_000)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.abs(found @ left), np.eye(3)[:2], atol=0.03)
    assert (np.take_along_axis(found, np.abs(found).argmax(axis=1)[:, None], axis=1) > 0).all()


def test_directions_of_a_layer_with_a_name():
    matrix = np.diag([1.0, 4.0, 2.0])
    model = linear_model(matrix)
    found = latent_space.directions(model, 3, layer="linear")
    np.testing.assert_array_equal(found.argmax(1), [1, 2, 0])
    with pytest.raises(ValueError, match="no layer of its own named 'dense_99'"):
        latent_space.directions(model, layer="dense_99", count=1)


def test_directions_of_a_network_within_a_network():
    inner = keras.Sequential([keras.Input((3 + 2,)), keras.layers.Dense(4)])
    matrix = np.zeros((5, 4))
    # The label moves the activations most, but no latent does so.
    matrix[[0, 1, 2, 4], [0, 1, 2, 3]] = 1, 3, 2, 100
    inner.layers[0].set_weights([matrix, np.zeros(4)])
    discriminator = networks.with_label_channels(networks.mlp.discriminator((4 + 2,)), 2)
    model = geans.models.ConditionalGAN(networks.labelled(inner, 2), discriminator, num_classes=2)
    found = latent_space.directions(model, 2, samples=10_000, labels=1)
    np.testing.assert_allclose(np.abs(found), np.eye(3)[[1, 2]], atol=0.05)


# --- traverse ---


def test_traversal_adds_the_direction(model):
    latents = np.asarray(model.sampling_inputs(2, seed=1))
    directions = np.array([[1, 0, 0], [0, 0.5, 0]], "float32")
    rows = latent_space.traverse(model, latents, directions, steps=3, reach=2.0)
    assert rows.shape == (2, 3, 2)
    np.testing.assert_allclose(rows[:, 1], model.generate(latents), rtol=1e-5, atol=1e-6)
    for place, sign in ((0, -2), (2, 2)):
        moved = model.generate(latents + np.float32(sign) * directions)
        np.testing.assert_allclose(rows[:, place], moved, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(
        latent_space.traverse(model, latents, directions[0], steps=3, reach=2.0)[0], rows[0]
    )


def test_traversal_keeps_labels(conditional):
    inputs = conditional.sampling_inputs(3, 0)
    rows = latent_space.traverse(conditional, inputs, np.zeros(4), steps=2)
    np.testing.assert_allclose(rows[:, 1], conditional.sample(3, 0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda m: latent_space.interpolate(m, 1, 2, steps=1),
            "steps must be an integer of at least 2.*steps=1",
        ),
        (lambda m: latent_space.interpolate(m, 1, "b"), "seed='b'"),
        (lambda m: latent_space.interpolate(m, 1, 2, count=0), "count=0"),
        (lambda m: m.sample(3, truncation=0), "truncation=0"),
        (lambda m: m.sample_batches(3, truncation=float("nan")), "truncation=nan"),
        (lambda m: latent_space.directions(m, 4), "latent_dim=3.*count=4"),
        (lambda m: latent_space.directions(m, 1, samples=3), "samples=3"),
        (
            lambda m: latent_space.traverse(m, np.zeros((2, 3)), np.zeros(2)),
            r"\(3,\).*\(2, 3\).*Received: \(2,\)",
        ),
        (
            lambda m: latent_space.traverse(m, np.zeros((2, 5)), np.zeros(5)),
            r"takes latents.*\(2, 5\)",
        ),
        (lambda m: latent_space.traverse(m, np.zeros((2, 3)), np.zeros(3), reach=0), "reach=0"),
        (lambda m: latent_space.traverse(m, np.zeros((2, 3)), np.zeros(3), steps=2.5), "steps=2.5"),
    ],
)
def test_what_makes_no_sense(model, call, message):
    with pytest.raises(ValueError, match=message):
        call(model)


# --- factorized_directions ---


def test_factorized_directions_are_the_singular_vectors_of_the_layer():
    matrix = np.random.default_rng(0).normal(size=(4, 6)).astype("float32")
    found = latent_space.factorized_directions(linear_model(matrix), 3)
    vectors = np.linalg.svd(matrix.T)[2][:3]
    np.testing.assert_allclose(np.abs(found), np.abs(vectors), atol=1e-5)
    assert (found[range(3), np.abs(found).argmax(axis=1)] > 0).all()


def test_factorized_directions_of_a_conditional_model_are_of_its_latents(conditional):
    found = latent_space.factorized_directions(conditional, 4)
    np.testing.assert_allclose(found @ found.T, np.eye(4), atol=1e-5)


def test_factorized_directions_need_a_dense_layer(model):
    with pytest.raises(ValueError, match="count=0"):
        latent_space.factorized_directions(model, 0)
    inputs = keras.Input((4,))
    x = keras.layers.Conv1D(2, 4)(keras.layers.Reshape((4, 1))(inputs))
    generator = keras.Model(inputs, keras.layers.Reshape((2,))(x))
    other = geans.GAN(generator, networks.mlp.discriminator((2,)))
    with pytest.raises(ValueError, match="must begin with a Dense layer. Received: a Conv1D"):
        latent_space.factorized_directions(other, 1)


# --- mix_styles ---


def styled(labels=0):
    shape, small = (16, 16, 3), {"width": 4, "max_width": 8, "seed": 0}
    generator = networks.style.generator(5 + labels, shape, **small)
    discriminator = networks.style.discriminator(shape, **small)
    if not labels:
        return geans.GAN(generator, discriminator)
    generator = networks.labelled(generator, labels)
    discriminator = networks.with_projection(discriminator, labels)
    return geans.ConditionalGAN(generator, discriminator, num_classes=labels)


@pytest.mark.parametrize("labels", [0, 3])
def test_styles_are_mixed_from_the_finest_size_on(labels):
    model, conditions = styled(labels), {"labels": 1} if labels else {}
    found = latent_space.mix_styles(model, 0, 1, count=2, **conditions)
    assert found.shape == (2, 4, 16, 16, 3)
    for column, seed in ((0, 0), (-1, 1)):
        expected = model.sample(2, seed, **conditions)
        np.testing.assert_allclose(found[:, column], expected, atol=1e-6)
    assert (np.abs(np.diff(found, axis=1)).max(axis=(0, 2, 3, 4)) > 0).all()


@pytest.mark.parametrize("labels", [0, 3])
def test_directions_of_styles_move_styles(labels):
    model = styled(labels)
    inputs = model.sampling_inputs(300, 0)
    samples = model.generate(inputs)
    bright = samples.mean(axis=(1, 2, 3)) > np.median(samples.mean(axis=(1, 2, 3)))
    direction = model.attribute_directions(bright, space="styles")[True]
    styles = latent_space.coordinates(model, inputs, "styles")
    assert styles.shape == (300, networks.style.STYLE) and direction.shape == styles.shape[1:]
    np.testing.assert_allclose(np.linalg.norm(direction), styles.std(), rtol=1e-4)
    found = latent_space.traverse(model, inputs, direction, steps=3, space="styles")
    assert found.shape == (300, 3, 16, 16, 3)
    np.testing.assert_allclose(found[:, 1], samples, atol=1e-5)
    lightness = found.mean(axis=(2, 3, 4))
    assert (lightness[:, 2] > lightness[:, 0]).mean() > 0.9


def test_styles_need_a_network_that_has_them(model):
    for call in (
        lambda: latent_space.mix_styles(model, 0, 1),
        lambda: model.attribute_directions([0, 1], space="styles"),
    ):
        with pytest.raises(ValueError, match="one of networks.style. Received: <Functional"):
            call()
    with pytest.raises(ValueError, match="space"):
        latent_space.traverse(model, np.zeros((2, 3)), np.zeros(3), space="w")


# --- project_out ---


def test_what_is_projected_out_is_gone():
    direction, *others = np.random.default_rng(0).normal(size=(4, 6))
    found = latent_space.project_out(direction, others)
    np.testing.assert_allclose(np.stack(others) @ found, 0, atol=1e-6)
    assert found @ direction > 0
    np.testing.assert_allclose(np.linalg.norm(found), np.linalg.norm(direction), rtol=1e-6)
    np.testing.assert_allclose(latent_space.project_out(direction, []), direction, rtol=1e-6)
    with pytest.raises(ValueError, match="Nothing is left"):
        latent_space.project_out(others[0] + others[1], others)
    with pytest.raises(ValueError, match=r"of one length. Received: \(6,\) and \(2,\)"):
        latent_space.project_out(direction, np.ones((1, 2)))
