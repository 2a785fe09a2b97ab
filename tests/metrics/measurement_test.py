import dataclasses
import json

import pytest

from geans.metrics import measurement


def frechet(fake_count, **changes):
    fields = {
        "metric": "frechet_distance",
        "value": 12.3456,
        "features": "digits28",
        "checksum": "0123456789ab",
        "resize": "none",
        "real": measurement.Origin(name="tfds:mnist", split="test"),
        "real_count": 10_000,
        "fake": measurement.Origin(name="gan_mnist", generator="raw", seed=0),
        "fake_count": fake_count,
        "version": "0.1.0",
    }
    return measurement.Measurement(**fields | changes)


def test_a_number_is_printed_with_its_whole_protocol():
    assert str(frechet(10_000)) == (
        "frechet_distance 12.35 | digits28 0123456789ab, resize none | real 10,000 of tfds:mnist "
        "(test) | fake 10,000 of gan_mnist (raw generator, seed 0) | geans 0.1.0"
    )


def test_spread_and_options_are_printed_where_there_are_any():
    found = str(frechet(10_000, metric="kernel_distance", stddev=0.5, options={"subsets": 100}))
    assert found.startswith("kernel_distance 12.35 +- 0.5 | subsets=100 | digits28")


@pytest.mark.parametrize(("count", "warns"), [(9_999, True), (10_000, False)])
def test_a_frechet_distance_of_few_samples_carries_a_warning(count, warns):
    assert ("WARNING: only 9,999 samples" in str(frechet(count))) == warns
    assert (frechet(count).warning is not None) == warns
    assert frechet(count, metric="precision").warning is None
    assert frechet(10_000, real_count=300).warning.startswith("only 300 samples")


def test_features_of_keras_compare_with_nothing_published():
    assert "nothing published" in str(frechet(10_000, features="keras:MobileNetV2"))


def test_known_modes_have_no_number_of_real_samples():
    assert "| real tfds:mnist (test) |" in str(frechet(10_000, real_count=0, metric="modes"))


def test_it_is_plain_values():
    found = json.loads(json.dumps(dataclasses.asdict(frechet(100))))
    assert found["real"] == {"name": "tfds:mnist", "split": "test", "generator": "", "seed": None}
    assert found["value"] == 12.3456
