from types import SimpleNamespace

import numpy as np
import pytest

import geans
from geans import callbacks, data, metrics, report
from geans.callbacks import coverage

RING = data.mixtures.ring(modes=4)


class Model:
    """Draws the modes one by one: as many of them as epochs were trained."""

    def __init__(self):
        self.epochs = 0

    @property
    def samples_seen(self):
        return SimpleNamespace(numpy=lambda: 10 * self.epochs)

    def sample(self, count, seed):
        return RING.centers[np.arange(count) % min(self.epochs, 4)].astype("float32")


class Stacks(Model):
    """Draws real digits."""

    def sample(self, count, seed):
        return data.stacked.digits().sample(count, seed)


def observe(model, folder, first, last, epochs=4, mixture=RING, **options):
    callback = callbacks.Coverage(folder, mixture, **{"count": 600, **options})
    callback.set_model(model)
    callback.set_params({"epochs": epochs})
    for epoch in range(first, last):
        model.epochs = epoch + 1
        callback.on_epoch_end(epoch)


def test_rows_tell_what_was_covered_when(tmp_path):
    observe(Model(), tmp_path, 0, 4)
    found = report.read_history(tmp_path / "coverage.csv")
    assert found["epoch"] == found["modes"] == found["covered_modes"] == [1, 2, 3, 4]
    assert found["samples_seen"] == [10, 20, 30, 40]
    assert found["high_quality_fraction"] == [1, 1, 1, 1]
    np.testing.assert_allclose(found["reverse_kl"], np.log([4, 2, 4 / 3, 1]), atol=1e-9)


def test_points_of_some_epochs_are_kept(tmp_path):
    observe(Model(), tmp_path, 0, 9, epochs=9, moments=3)
    kept = coverage.read_samples(tmp_path / "coverage.npz")
    assert list(kept) == [1, 3, 9]
    assert all(points.shape == (500, 2) and points.dtype == np.float32 for points in kept.values())
    assert (kept[1] == RING.centers[0].astype("float32")).all()


def test_stacks_of_digits_have_no_bad_samples(tmp_path):
    model = Stacks()
    observe(model, tmp_path, 0, 2, mixture=data.stacked.digits(), count=100)
    found = report.read_history(tmp_path / "coverage.csv")
    assert set(found) == {"epoch", "samples_seen", "modes", "reverse_kl", "covered_modes"}
    assert 90 < found["modes"][0] == found["modes"][1] <= 100  # 100 of 1,000 seldom meet.
    kept = coverage.read_samples(tmp_path / "coverage.npz")
    np.testing.assert_array_equal(kept[2], model.sample(100, seed=0)[:16])


@pytest.mark.parametrize(
    ("mixture", "count"), [(RING, 2_500), (data.stacked.digits(channels=1), 10_000)]
)
def test_as_many_samples_as_the_data_ask_for(tmp_path, mixture, count):
    counts = []

    def sample(count, seed):
        counts.append(count)
        return mixture.sample(10)

    model = Model()
    model.sample = sample
    observe(model, tmp_path, 0, 1, mixture=mixture, count=None)
    assert counts == [count]


def test_a_resumed_run_goes_on_and_replaces_an_epoch_that_is_trained_again(tmp_path):
    model = Model()
    observe(model, tmp_path, 0, 3)
    observe(model, tmp_path, 2, 4)
    assert report.read_history(tmp_path / "coverage.csv")["epoch"] == [1, 2, 3, 4]
    assert list(coverage.read_samples(tmp_path / "coverage.npz")) == [1, 2, 3, 4]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["coverage.csv", "coverage.npz"]


def test_a_diverged_generator_covers_nothing(tmp_path):
    model = Model()
    model.sample = lambda count, seed: np.full((count, 2), np.nan, "float32")
    observe(model, tmp_path, 0, 1)
    found = report.read_history(tmp_path / "coverage.csv")
    assert (found["modes"], found["high_quality_fraction"], found["reverse_kl"]) == (
        [0],
        [0],
        [np.inf],
    )


@pytest.mark.slow
def test_it_observes_and_changes_nothing(make_model, points, tmp_path):
    weights = []
    for observers in ([], [callbacks.Coverage(tmp_path, RING, count=50)]):
        model = make_model(geans.GEAN, update_every=2)
        model.fit(points, batch_size=8, epochs=2, shuffle=False, verbose=0, callbacks=observers)
        weights.append(model.get_weights())
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    expected = metrics.mode_coverage(model.sample(50, seed=0), RING)
    found = report.read_history(tmp_path / "coverage.csv")
    assert found["samples_seen"] == [45, 90]
    assert found["high_quality_fraction"][-1] == expected.high_quality_fraction


@pytest.mark.parametrize(
    ("last", "expected"), [(1, [1]), (2, [1, 2]), (5, [1, 2, 3, 4, 5]), (30, [1, 2, 5, 13, 30])]
)
def test_moments_are_close_together_at_first(last, expected):
    assert coverage.spread(last, 5) == expected


def test_damaged_samples_are_named(tmp_path):
    path = tmp_path / "coverage.npz"
    np.savez(path, **{"1": np.zeros((2, 2))})
    whole = path.read_bytes()
    np.savez(tmp_path / "objects.npz", **{"1": np.array([{}], dtype=object)})
    np.savez(tmp_path / "words.npz", first=np.zeros(2))
    others = [(tmp_path / f"{name}.npz").read_bytes() for name in ("objects", "words")]
    flipped = whole[:60] + bytes([whole[60] ^ 255]) + whole[61:]
    for content in (b"", b"text", whole[:-30], flipped, *others):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"coverage\.npz holds no samples by epoch"):
            coverage.read_samples(path)
        with pytest.raises(ValueError, match="holds no samples by epoch"):
            callbacks.Coverage(tmp_path, RING).on_train_begin()
