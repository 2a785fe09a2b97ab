import dataclasses
import json
import tracemalloc

import hypothesis
import numpy as np
import pytest
import scipy.spatial
import scipy.stats
from hypothesis import strategies

from geans import data, metrics
from geans.metrics import neighbours

DIMENSION = 16


def draw(count, seed, dimension=DIMENSION):
    return np.random.default_rng(seed).normal(size=(count, dimension))


def copying(fake, seed=0, count=2_000):
    """The test against fresh training and held-out data of a standard normal distribution."""
    found = metrics.nearest_neighbours(
        fake, draw(count, [seed, 0]), held_out_features=draw(count, [seed, 1])
    )
    return metrics.data_copying(found.held_out_distances, found.distances[:, 0])


class TestNearestNeighbours:
    def test_distances_by_hand(self):
        training = [[0, 0], [3, 4], [6, 8], [0, 1]]
        found = metrics.nearest_neighbours(
            [[0, 0], [6, 8]], training, held_out_features=[[0, -2], [3, 4], [6, 9]], count=3
        )
        assert found.indices.tolist() == [[0, 3, 1], [2, 1, 3]]
        np.testing.assert_allclose(found.distances, [[0, 1, 5], [0, 5, np.sqrt(85)]])
        np.testing.assert_allclose(found.held_out_distances, [2, 0, 1])

    def test_without_held_out_data(self):
        found = metrics.nearest_neighbours(draw(5, 0), draw(7, 1))
        assert found.held_out_distances is None
        assert found.indices.shape == found.distances.shape == (5, 1)

    @hypothesis.settings(max_examples=80, deadline=None)
    @hypothesis.given(
        fakes=strategies.integers(1, 30),
        training=strategies.integers(1, 40),
        dimension=strategies.integers(1, 8),
        scale=strategies.sampled_from([1e-6, 1.0, 1e6]),
        offset=strategies.sampled_from([0.0, 1e3]),
        blocks=strategies.tuples(strategies.integers(1, 50), strategies.integers(1, 50)),
        data=strategies.data(),
    )
    def test_agrees_with_a_table_of_all_distances(
        self, fakes, training, dimension, scale, offset, blocks, data
    ):
        count = data.draw(strategies.integers(1, training))
        fake = scale * (offset + draw(fakes, 0, dimension))
        real = scale * (offset + draw(training, 1, dimension))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(neighbours, "QUERIES_AT_ONCE", blocks[0])
            patch.setattr(neighbours, "TRAINING_AT_ONCE", blocks[1])
            found = metrics.nearest_neighbours(fake, real, count=count)
        table = scipy.spatial.distance.cdist(fake, real)
        np.testing.assert_allclose(found.distances, np.sort(table)[:, :count], rtol=1e-9)
        np.testing.assert_array_equal(found.indices, np.argsort(table)[:, :count])

    @pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
    def test_equal_rows_are_at_distance_zero(self, dtype):
        """Of 784 numbers up to 255, squares cancel to about 1e-4, of float32 to 10."""
        pixels = np.random.default_rng(0).integers(0, 256, (3_000, 784)).astype(dtype)
        chosen = np.random.default_rng(1).permutation(3_000)[:200]
        found = metrics.nearest_neighbours(pixels[chosen], pixels, count=2)
        np.testing.assert_array_equal(found.indices[:, 0], chosen)
        assert (found.distances[:, 0] == 0).all() and (found.distances[:, 1] > 1_000).all()

    def test_copies_far_from_the_origin(self):
        features = 1e6 + 1e-3 * draw(500, 0)
        found = metrics.nearest_neighbours(features, features)
        assert (found.distances == 0).all()

    def test_copies_in_tight_clusters(self):
        clusters = np.array([1e6, -1e6]).repeat(8)[:, None] + 1e-3 * draw(16, 0)
        found = metrics.nearest_neighbours(clusters, clusters)
        assert (found.distances == 0).all()
        np.testing.assert_array_equal(found.indices[:, 0], np.arange(16))

    def test_repeated_training_examples(self):
        training = np.repeat([[0.0], [1.0]], [100, 3], axis=0)
        found = metrics.nearest_neighbours([[0.9]], training, count=5)
        assert set(found.indices[0, :3]) == {100, 101, 102}
        np.testing.assert_allclose(found.distances, [[0.1, 0.1, 0.1, 0.9, 0.9]])

    @pytest.mark.parametrize("name", ["fake", "training", "held_out"])
    @pytest.mark.parametrize(
        "wrong, says",
        [
            (np.zeros((0, 3)), r"float64 of shape \(0, 3\)"),
            (np.zeros(3), r"of shape \(3,\)"),
            (np.zeros((2, 3, 1)), r"of shape \(2, 3, 1\)"),
            (np.zeros((2, 3), "complex64"), "complex64"),
            (np.zeros((2, 3), bool), "bool"),
            ([["a", "b", "c"]], "<U1"),
            ([[0, np.nan, 0], [0, 0, 0], [np.inf, 0, np.nan]], "2 of 3 rows"),
        ],
    )
    def test_wrong_features(self, name, wrong, says):
        features = {f"{each}_features": np.zeros((4, 3)) for each in ("training", "held_out")}
        features = {"fake_features": np.zeros((4, 3)), **features, f"{name}_features": wrong}
        with pytest.raises(ValueError, match=rf"{name}_features.*{says}|{says}.*{name}_features"):
            metrics.nearest_neighbours(**features)

    def test_infinities_that_cancel(self):
        with pytest.raises(ValueError, match="1 of 1 rows of fake_features"):
            metrics.nearest_neighbours([[np.inf, -np.inf]], np.zeros((2, 2)))

    def test_the_table_of_all_distances_never_exists(self, monkeypatch):
        monkeypatch.setattr(neighbours, "QUERIES_AT_ONCE", 200)
        monkeypatch.setattr(neighbours, "TRAINING_AT_ONCE", 1_000)
        fake, training = draw(1_000, 0), draw(8_000, 1)
        tracemalloc.start()
        metrics.nearest_neighbours(fake, training)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1_000 * 8_000 * 8 / 5  # A block is a 40th of it.

    def test_mismatched_dimensions(self):
        with pytest.raises(ValueError, match=r"fake_features.*\(n, 3\).*shape \(5, 2\)"):
            metrics.nearest_neighbours(np.zeros((5, 2)), np.zeros((5, 3)))
        with pytest.raises(ValueError, match=r"held_out_features.*\(n, 3\).*shape \(5, 4\)"):
            metrics.nearest_neighbours(
                np.zeros((5, 3)), np.zeros((5, 3)), held_out_features=np.zeros((5, 4))
            )

    @pytest.mark.parametrize("count", [0, 6, 1.5, True])
    def test_wrong_count(self, count):
        with pytest.raises(ValueError, match=f"at most 5. Received: count={count}"):
            metrics.nearest_neighbours(np.zeros((2, 3)), np.zeros((5, 3)), count=count)


class TestDataCopying:
    def test_numbers_worked_by_hand(self):
        # Of 12 pairs the fake is nearer in 3 + 2.5 + 1; U of being farther is 12 - 6.5.
        result = metrics.data_copying([1.0, 2.0, 3.0], [0.5, 1.0, 2.5, 4.0])
        assert result.fake_nearer == pytest.approx(6.5 / 12)
        assert result.z_score == pytest.approx((5.5 - 6) / np.sqrt(12 * 8 / 12))
        # Near is 1: two of four fakes, one of three held-out examples.
        assert result.copied_fraction == pytest.approx((1 / 2 - 1 / 3) / (2 / 3))

    @pytest.mark.parametrize("seed", range(5))
    def test_agrees_with_scipy_without_ties(self, seed):
        held_out, fake = np.abs(draw(50, seed, 1)[:, 0]), np.abs(draw(70, seed + 9, 1)[:, 0])
        result = metrics.data_copying(held_out, fake)
        expected = scipy.stats.mannwhitneyu(
            fake, held_out, alternative="less", method="asymptotic", use_continuity=False
        )
        assert result.fake_nearer == pytest.approx(1 - expected.statistic / (50 * 70))
        assert scipy.stats.norm.cdf(result.z_score) == pytest.approx(expected.pvalue)

    def test_new_data_is_like_held_out_data(self):
        results = [copying(draw(1_000, [seed, 2]), seed, 1_000) for seed in range(10)]
        z_scores = np.array([result.z_score for result in results])
        assert abs(z_scores.mean()) < 3 / np.sqrt(10) and np.abs(z_scores).max() < 4
        assert all(abs(result.fake_nearer - 0.5) < 0.05 for result in results)
        assert all(result.copied_fraction < 0.4 / np.sqrt(1_000) for result in results)

    def test_copies_are_detected(self):
        result = copying(draw(2_000, [0, 0])[:500])
        assert result.fake_nearer == result.copied_fraction == 1
        assert result.z_score == pytest.approx(-np.sqrt(12 * 500 * 2_000 / 2_501) / 2)

    @pytest.mark.parametrize("blur", [0.0, 0.05])
    def test_a_mixture_of_copies_shows_their_share(self, blur):
        fake = draw(2_000, [0, 2])
        fake[:400] = draw(2_000, [0, 0])[:400] + blur * draw(400, 3)
        result = copying(fake)
        # Copies are always nearer, new data half of the time.
        assert result.fake_nearer == pytest.approx(0.2 + 0.8 / 2, abs=0.02)
        assert result.z_score < -7
        assert result.copied_fraction == pytest.approx(0.2, abs=0.01)

    def test_copies_among_poor_fakes_hide_from_the_test_but_not_from_the_fraction(self):
        fake = 1.15 * draw(2_000, [0, 2])
        fake[:400] = draw(2_000, [0, 0])[:400]
        result = copying(fake)
        assert result.z_score > 3  # It says underfitting.
        assert result.copied_fraction == pytest.approx(0.2, abs=0.01)

    @pytest.mark.slow
    def test_noisy_copies_among_real_clothing(self):
        batch = next(iter(data.images.embedded(batch_size=6_000, seed=0)))
        pixels = np.array(batch).reshape(6_000, -1)
        training, held_out, fake = pixels[:4_000], pixels[4_000:5_000], pixels[5_000:]
        assert abs(self.clothing(training, held_out, fake).z_score) < 4
        fake[:200] = training[:200] + np.random.default_rng(0).normal(0, 0.05, (200, 784))
        result = self.clothing(training, held_out, fake)
        assert result.copied_fraction == pytest.approx(0.2, abs=0.015)
        assert result.fake_nearer == pytest.approx(0.6, abs=0.04) and result.z_score < -5

    @staticmethod
    def clothing(training, held_out, fake):
        found = metrics.nearest_neighbours(fake, training, held_out_features=held_out)
        return metrics.data_copying(found.held_out_distances, found.distances[:, 0])

    def test_poor_fakes_are_far_and_no_copies(self):
        result = copying(2 * draw(1_000, [0, 2]))
        assert result.fake_nearer < 0.01 and result.z_score > 30
        assert result.copied_fraction == 0

    def test_data_that_repeat_themselves(self):
        """A third of the held-out examples are in the training data, too: so may be fakes."""
        held_out = np.where(np.arange(300) < 100, 0.0, 1 + np.arange(300))
        result = metrics.data_copying(held_out, held_out)
        assert (result.fake_nearer, result.z_score, result.copied_fraction) == (0.5, 0, 0)
        copies = metrics.data_copying(held_out, np.zeros(50))
        assert copies.fake_nearer == pytest.approx(2 / 3 + 1 / 6) and copies.copied_fraction == 1

    def test_all_distances_equal(self):
        result = metrics.data_copying(np.zeros(9), np.zeros(5))
        assert (result.fake_nearer, result.z_score, result.copied_fraction) == (0.5, 0, 0)

    def test_result_is_json(self):
        record = dataclasses.asdict(metrics.data_copying(np.arange(5), np.arange(4)))
        assert json.loads(json.dumps(record)) == record
        assert list(record) == ["fake_nearer", "z_score", "copied_fraction"]

    @pytest.mark.parametrize("name", ["held_out_distances", "fake_distances"])
    @pytest.mark.parametrize("wrong", [[], [[1.0]], 1.0, [-1.0], [np.nan], [np.inf], None])
    def test_wrong_distances(self, name, wrong):
        distances = {"held_out_distances": [1.0], "fake_distances": [1.0], name: wrong}
        with pytest.raises(ValueError, match=f"{name} must be one distance"):
            metrics.data_copying(**distances)
