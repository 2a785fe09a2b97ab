import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from geans import metrics
from geans.metrics import evaluation, feature_set, features, measurement


def flat(images):
    rows = tf.reshape(images, (len(images), -1))
    return {"features": rows, "logits": rows}


NETWORK = features.FeatureNetwork("flat", flat, checksum="0123")


def extracted(seed, count=60, network=NETWORK, **options):
    images = np.random.default_rng(seed).integers(0, 256, (count, 2, 2, 1)).astype("uint8")
    origin = measurement.Origin(name=f"noise {seed}")
    return feature_set.extract([images], network, origin, **options)


def test_every_number_is_that_of_its_own_function():
    real, fake = extracted(0), extracted(1, 50)
    rows = real.features, fake.features
    found = evaluation.measure(real, fake, list(evaluation.METRICS))
    numbers = {each.metric: each.value for each in found}
    assert tuple(numbers) == evaluation.names_of(evaluation.METRICS)
    neighbours = dataclasses.asdict(metrics.prdc(*rows, k=5))
    assert {name: numbers[name] for name in neighbours} == pytest.approx(neighbours)
    assert numbers["frechet_distance"] == pytest.approx(metrics.frechet_distance(*rows))
    kernel = metrics.kernel_distance(*rows, subsets=100, subset_size=50)
    assert numbers["kernel_distance"] == pytest.approx(kernel.mean)
    score = metrics.inception_score(fake.logits, seed=2020).mean
    assert numbers["inception_score"] == pytest.approx(score)


def test_the_inception_score_of_ten_images_repeated_is_that_of_their_classes():
    images = np.repeat(np.arange(0, 250, 25, dtype="uint8"), 100).reshape(-1, 1, 1, 1)

    def classify(images):
        pixels = tf.cast(tf.round((images + 1) * 127.5), "int32")
        rows = tf.reshape(pixels, (len(images), 1))
        return {"features": rows, "logits": 99.0 * tf.one_hot(rows[:, 0] // 25, 10)}

    network = features.FeatureNetwork("ten", classify, checksum="0")
    fake = feature_set.extract([images], network, measurement.Origin(name="collapsed"))
    (found,) = evaluation.measure(fake, fake, ["inception_score"])
    assert 9 < found.value <= 10


def test_every_number_carries_its_protocol():
    found = evaluation.measure(extracted(0), extracted(1, 50), list(evaluation.METRICS))
    by_name = {each.metric: each for each in found}
    kernel = by_name["kernel_distance"]
    assert kernel.options == {"subsets": 100, "subset_size": 50}
    assert kernel.stddev > 0
    assert (kernel.features, kernel.checksum) == ("flat", "0123")
    assert (kernel.real.name, kernel.real_count) == ("noise 0", 60)
    assert (kernel.fake.name, kernel.fake_count) == ("noise 1", 50)
    assert by_name["precision"].options == {"k": 5}
    assert by_name["inception_score"].real is None
    assert "WARNING" in str(by_name["frechet_distance"])


def test_the_class_that_is_covered_least_is_named():
    """Of classes 0 to 3 by the brightest of four pixels, the fakes leave out 2."""
    real, fake = extracted(0, 400), extracted(1, 800)
    kept = np.argmax(fake.logits, axis=1) != 2
    fake = dataclasses.replace(
        fake,
        features=fake.features[kept],
        logits=fake.logits[kept],
        statistics=metrics.Gaussian.of(fake.features[kept]),
    )
    (found,) = evaluation.measure(real, fake, ["class_coverage"])
    assert (found.metric, found.options) == (
        "least_class_coverage",
        {"k": 5, "class": 2, "classes": 4},
    )
    of_classes = metrics.coverage_per_class(
        real.features, np.argmax(real.logits, axis=1), fake.features
    )
    assert found.value == of_classes.coverage[2] < min(of_classes.coverage[c] for c in (0, 1, 3))


def test_classes_that_hardly_any_real_image_shows_do_not_count():
    rare = extracted(0, 200)
    logits = np.zeros((200, 4))
    logits[:199, 1] = logits[199, 3] = 1
    real = dataclasses.replace(rare, logits=logits)
    (found,) = evaluation.measure(real, extracted(1), ["class_coverage"])
    assert (found.options["class"], found.options["classes"]) == (1, 1)
    without_frequent = dataclasses.replace(rare, logits=np.eye(200))
    with pytest.raises(ValueError, match="needs a class of at least 1%.*flat.*noise 0"):
        evaluation.measure(without_frequent, extracted(1), ["class_coverage"])


def test_statistics_suffice_for_the_frechet_distance():
    real, fake = extracted(0, keep=False), extracted(1, keep=False)
    (found,) = evaluation.measure(real, fake, ["frechet_distance"])
    assert found.value > 0
    assert not evaluation.needs_rows(["frechet_distance"])
    assert evaluation.needs_rows(["frechet_distance", "prdc"])


def test_networks_must_be_the_same():
    other = features.FeatureNetwork("flat", flat, checksum="4567")
    with pytest.raises(ValueError, match="flat 0123 for the real images, flat 4567"):
        evaluation.measure(extracted(0), extracted(1, network=other))


@pytest.mark.parametrize("metric", ["inception_score", "class_coverage"])
def test_a_score_of_classes_needs_classes(metric):
    without = features.FeatureNetwork("plain", lambda images: flat(images)["features"])
    sets = extracted(0, network=without), extracted(1, network=without)
    with pytest.raises(ValueError, match="no logits"):
        evaluation.measure(*sets, [metric])


@pytest.mark.parametrize("names", ["prdc", [], None, ["fid"], ["prdc", 3]])
def test_names_are_checked(names):
    with pytest.raises(ValueError, match="frechet_distance, kernel_distance, prdc"):
        evaluation.check_names(names)


@pytest.mark.parametrize(("name", "least"), [("prdc", 6), ("inception_score", 10)])
def test_too_few_images_are_an_error_of_the_metric(name, least):
    real = extracted(0)
    with pytest.raises(ValueError, match=f"{name} needs at least {least}.*{least - 1} generated"):
        evaluation.measure(real, extracted(1, least - 1), [name])
    evaluation.measure(real, extracted(1, least), [name])
    evaluation.check_possible([name], real, None, classifies=True)


def test_a_score_of_classes_does_not_count_real_images():
    evaluation.measure(extracted(0, 2), extracted(1, 10), ["inception_score"])


def test_rows_that_were_not_kept_are_missed_by_name():
    with pytest.raises(ValueError, match="statistics alone of noise 0. Extract them with keep"):
        evaluation.measure(extracted(0, keep=False), extracted(1), ["prdc"])


def test_a_metric_is_one_record(monkeypatch):
    def contrast(real, fake):
        return {"contrast": float(fake.features.std() / real.features.std())}, {"power": 1}

    record = evaluation.Metric(contrast, names=("contrast",), smaller_is_better=True, least=30)
    monkeypatch.setitem(evaluation.METRICS, "contrast", record)
    (found,) = evaluation.measure(extracted(0), extracted(1), ["contrast"])
    assert (found.metric, found.options) == ("contrast", {"power": 1})
    assert found.value == pytest.approx(1, abs=0.1)
    assert evaluation.names_of(["contrast"]) == ("contrast",)
    assert evaluation.smaller_is_better("contrast") and evaluation.needs_rows(["contrast"])
    with pytest.raises(ValueError, match="contrast needs at least 30"):
        evaluation.measure(extracted(0), extracted(1, 29), ["contrast"])
