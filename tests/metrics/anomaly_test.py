import keras
import numpy as np
import pytest
from scipy import stats

from geans import metrics, networks
from geans.metrics import anomaly

RNG = np.random.default_rng(0)


# --- auroc ---


@pytest.mark.parametrize("ties", [False, True])
def test_auroc_is_the_u_statistic_per_pair(ties):
    normal, anomalous = RNG.normal(size=300), RNG.normal(0.7, size=200)
    if ties:
        normal, anomalous = normal.round(), anomalous.round()
    expected = stats.mannwhitneyu(anomalous, normal).statistic / (300 * 200)
    assert metrics.auroc(normal, anomalous) == pytest.approx(expected, rel=1e-12)
    assert metrics.auroc(anomalous, normal) == pytest.approx(1 - expected, rel=1e-12)


def test_auroc_of_normal_distributions_has_a_closed_form():
    # P(a > n) of normal distributions one apart, each of variance 1: the difference has 2.
    normal, anomalous = RNG.normal(size=200_000), RNG.normal(1, size=200_000)
    expected = stats.norm.cdf(1 / np.sqrt(2))
    assert metrics.auroc(normal, anomalous) == pytest.approx(expected, abs=0.004)


def test_auroc_at_its_ends():
    assert metrics.auroc([1, 2], [3, np.inf]) == 1
    assert metrics.auroc([3], [1, 2]) == 0
    assert metrics.auroc([5, 5, 5], [5]) == 0.5


@pytest.mark.parametrize(
    "normal, anomalous, message",
    [
        ([], [1], "normal_scores must be numbers of shape"),
        ([1], np.ones((2, 2)), r"anomalous_scores.*\(2, 2\)"),
        ([1, np.nan], [1], "1 NaN"),
    ],
)
def test_scores_that_have_no_auroc(normal, anomalous, message):
    with pytest.raises(ValueError, match=message):
        metrics.auroc(normal, anomalous)


# --- anomaly_scores ---


def row(*pixels):
    return 2 * np.array(pixels, "float32").reshape(1, 1, 4, 1) - 1


class Stroke(keras.layers.Layer):
    """Latent z to a row of 4 pixels on black, of which the first has the value 2 z - 1."""

    def call(self, latents):
        shown = keras.ops.concatenate([latents, keras.ops.zeros_like(latents)], axis=1)
        return keras.ops.reshape(2 * keras.ops.repeat(shown, [1, 3], axis=1) - 1, (-1, 1, 4, 1))


class Always(keras.layers.Layer):
    """The same image for every latent."""

    def __init__(self, image):
        super().__init__()
        self.image = image

    def call(self, latents):
        return keras.ops.repeat(self.image, keras.ops.shape(latents)[0], axis=0)


def as_model(layer, shape):
    inputs = keras.Input(shape)
    return keras.Model(inputs, layer(inputs))


@pytest.fixture
def stroke():
    return as_model(Stroke(), (1,))


@pytest.fixture
def judge():
    """A discriminator whose features are 4 and 3 times the sums of the image's halves."""
    images = keras.Input((1, 4, 1))
    flat = keras.layers.Flatten(name="flat")(images)
    features = keras.layers.Dense(2, use_bias=False, name="halves")(flat)
    model = keras.Model(images, keras.layers.Dense(1)(features))
    model.get_layer("halves").set_weights([np.array([[4, 0], [4, 0], [0, 3], [0, 3]])])
    return model


def score(image, made, judge, **options):
    """Scores against a generator that makes one image only."""
    generator = as_model(Always(made), (1,))
    options = {"candidates": 2, "accepted": 1.0, "neighbours": 1, **options}
    return metrics.anomaly_scores(image, generator, judge, **options)


@pytest.mark.parametrize(
    "image, made, residual, feature_residual",
    [
        (row(1, 0, 0, 0), row(1, 0, 0, 0), 0, 0),
        # Sums of halves, on [-1, 1]: (0.8, -2) against (-0.8, -2), times 4 and 3.
        (row(0.6, 0.8, 0, 0), row(0.6, 0, 0, 0), 0.64, 6.4**2 / (3.2**2 + 6**2)),
        # (-1.4, -1.2) against (-2, -2).
        (row(0, 0.3, 0.4, 0), row(0, 0, 0, 0), 1, (2.4**2 + 2.4**2) / (5.6**2 + 3.6**2)),
    ],
)
def test_scores_against_hand_worked_numbers(judge, image, made, residual, feature_residual):
    found = score(image, made, judge, kappa=0.5)
    np.testing.assert_allclose(found.residuals, residual, atol=1e-6)
    np.testing.assert_allclose(found.feature_residuals, feature_residual, atol=1e-6)
    np.testing.assert_allclose(found.scores, residual + feature_residual / 2, atol=1e-6)
    np.testing.assert_array_equal(found.reconstructions, made)


def test_a_scores_share_does_not_depend_on_the_amount_of_ink(judge):
    for ink in (0.1, 0.4):
        found = score(row(ink, 2 * ink, 0, 0), row(ink, 0, 0, 0), judge, kappa=0)
        np.testing.assert_allclose(found.scores, 0.8, rtol=1e-5)
        np.testing.assert_array_equal(found.scores, found.residuals)


def test_features_are_what_the_last_layer_gets(judge):
    assert anomaly.features_of(judge).output_shape == (None, 2)


def test_drawn_on_white(judge):
    found = score(row(1, 1, 1, 0), row(1, 0, 0, 0), judge, blank=1.0)
    # Of one black pixel nothing is missed; two white ones are taken for black.
    assert found.residuals == pytest.approx(2)


SEARCH = {"candidates": 60, "accepted": 0.2, "neighbours": 3}


def test_without_an_encoder_the_nearest_of_what_seems_real_count(judge):
    generator = networks.mlp.generator(2, (1, 4, 1), units=(8,), seed=0)
    generator.set_weights([3 * weights for weights in generator.get_weights()])
    made = np.asarray(generator(anomaly.random_latents(generator, 60, seed=4)))
    real = made[np.argsort(-np.asarray(judge(made))[:, 0])[:12]]
    images = RNG.uniform(-1, 1, size=(5, 1, 4, 1))
    found = metrics.anomaly_scores(images, generator, judge, kappa=0.5, seed=4, **SEARCH)
    halves = judge.get_layer("halves").get_weights()[0]
    for image, score, nearest in zip(images, found.scores, found.reconstructions, strict=True):
        pixels = np.sum((real - image) ** 2, axis=(1, 2, 3)) / np.sum((image + 1) ** 2)
        features = np.sum(((real - image).reshape(12, 4) @ halves) ** 2, axis=1)
        features /= np.sum((image.reshape(4) @ halves) ** 2)
        expected = np.sort(pixels + 0.5 * features)
        assert score == pytest.approx(expected[:3].mean(), rel=1e-4)
        np.testing.assert_array_equal(nearest, real[np.argmin(pixels + 0.5 * features)])


def test_what_the_generator_makes_is_normal(judge):
    generator = networks.mlp.generator(2, (1, 4, 1), units=(8,), seed=0)
    known = np.asarray(generator(RNG.normal(size=(5, 2))))
    images = np.concatenate([known, RNG.choice([-0.9, 1.0], size=known.shape)])
    options = {"candidates": 2_000, "accepted": 1.0, "neighbours": 1}
    found = metrics.anomaly_scores(images, generator, judge, **options)
    assert found.residuals[5:].min() > 10 * found.residuals[:5].max()


def test_a_blank_image_is_searched_for_too(stroke, judge):
    found = metrics.anomaly_scores(row(0, 0, 0, 0), stroke, judge, kappa=0, **SEARCH)
    assert found.scores.tolist() == [np.inf]
    assert np.isfinite(found.reconstructions).all()


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"candidates": 0}, "candidates=0"),
        ({"neighbours": 2.0}, "neighbours=2.0"),
        ({"accepted": 1.5}, "accepted=1.5 of candidates=60"),
        ({"accepted": 0.01}, "as many candidates as there are neighbours"),
        ({"seed": -1}, "seed=-1"),
    ],
)
def test_no_search(stroke, judge, changes, message):
    with pytest.raises(ValueError, match=message):
        metrics.anomaly_scores(row(1, 0, 0, 0), stroke, judge, **SEARCH | changes)


def test_blank_images(judge):
    black, white = row(0, 0, 0, 0), row(1, 1, 1, 1)
    assert score(black, black, judge, kappa=0).scores.tolist() == [0]
    assert score(white, black, judge, kappa=0, blank=1.0).scores.tolist() == [np.inf]


def test_the_number_of_images_changes_nothing(stroke, judge):
    images = RNG.uniform(-1, 1, size=(600, 1, 4, 1))
    together = metrics.anomaly_scores(images, stroke, judge, **SEARCH)
    alone = metrics.anomaly_scores(images[-1:], stroke, judge, **SEARCH)
    np.testing.assert_allclose(together.scores[-1:], alone.scores, rtol=1e-5)
    assert together.reconstructions.shape == images.shape


@pytest.mark.parametrize(
    "images, options, message",
    [
        (row(1, 0, 0, 0), {"kappa": -1}, "kappa=-1"),
        (row(np.nan, 0, 0, 0), {}, "1 of 1 images contain NaN"),
        (np.zeros((2, 4, 1)), {}, r"\(2, 4, 1\)"),
        (np.zeros((2, 1, 4, 1), "uint8"), {}, "uint8"),
    ],
)
def test_what_cannot_be_scored(stroke, judge, images, options, message):
    with pytest.raises(ValueError, match=message):
        metrics.anomaly_scores(images, stroke, judge, **SEARCH | options)


def test_a_discriminator_of_labels_has_no_features_of_images(judge):
    labelled = networks.with_projection(judge, num_classes=3)
    for wrong in (labelled, None):
        with pytest.raises(ValueError, match="keras.Model of images alone"):
            anomaly.features_of(wrong)
