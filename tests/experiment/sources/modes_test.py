import numpy as np
import pytest

from geans.experiment.sources import Source


class Constant:
    """Stands for a model that always draws the same point."""

    def sample(self, count, seed=None, ema=True):
        return np.tile(np.float32([[2.0, 0.0]]), (count, 1))


def test_modes_are_counted():
    source = Source.parse("mixture:ring")
    measured = source.measure(Constant())
    assert measured.numbers["modes"] == 1
    assert (measured.features, measured.real_count, measured.fake_count) == ("modes", 0, 2_500)
    diverged = source.measure(Constant(), np.full((2_500, 2), np.nan))
    assert diverged.numbers["modes"] == 0


def test_the_reference_is_drawn_anew():
    origin, batches = Source.parse("stacked:digits").reference(samples=25)
    assert origin.split == "drawn anew"
    assert sum(map(len, batches)) == 25
    with pytest.raises(ValueError, match="mixture:ring has no splits"):
        Source.parse("mixture:ring").reference(split="test")


def test_no_feature_network_knows_stacked_digits():
    assert Source.parse("stacked:digits").metrics == ()
    assert Source.parse("mixture:ring").metrics


def test_points_are_drawn_over_their_modes_and_stacks_as_images():
    ring, stacks = Source.parse("mixture:ring"), Source.parse("stacked:digits")
    assert "1 " in str(ring.picture(Constant().sample(10)).axes[0].get_title())
    assert ring.picture(Constant().sample(10), title="epoch 1").axes
    assert stacks.picture(stacks.mixture.sample(4), columns=2).axes
