import dataclasses

import polygons
import pytest


@pytest.mark.nightly
@pytest.mark.parametrize("name", polygons.RUNS)
def test_a_run_is_trained_and_measured(name):
    tiny = dataclasses.replace(polygons.RUNS[name], epochs=1, samples_per_epoch=64)
    row = polygons.measure(tiny, samples=5)
    assert (row["preset"], row["samples"], row["fake_count"]) == (name, 64, 5)
    assert row["updates"] == {"gan_triangles": 2, "gean_triangles": 1}[name]
    assert 0 <= row["polygon_precision"] <= 1 and 0 <= row["polygon_recall"] <= 1
