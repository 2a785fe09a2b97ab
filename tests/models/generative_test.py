import numpy as np
import pytest

import geans


@pytest.mark.slow
def test_sampling(make_model):
    model = make_model(geans.GAN)
    model.train_on_batch(np.zeros((4, 2), "float32"))
    model.generator.set_weights([w + 1 for w in model.generator.get_weights()])
    assert model.sample(300, seed=1).shape == (300, 2)
    np.testing.assert_array_equal(model.sample(3, seed=1), model.sample(3, seed=1))
    assert (model.sample(3, seed=1) != model.sample(3, seed=2)).all()
    assert (model.sample(3) != model.sample(3)).all()
    assert (model.sample(3, seed=1) != model.sample(3, seed=1, ema=False)).all()
    latents = model.sampling_inputs(3, seed=1)
    np.testing.assert_allclose(model(latents), model.sample(3, seed=1), rtol=1e-6)
    for count in (0, -1, 2.5, None):
        with pytest.raises(ValueError, match="count must be 1 or more"):
            model.sample(count)


def test_samples_come_in_parts_where_memory_is_short(make_model):
    model = make_model(geans.GAN)
    parts = list(model.sample_batches(100, seed=1, batch_size=2))
    assert [len(part) for part in parts] == [32, 32, 32, 4]
    np.testing.assert_allclose(np.concatenate(parts), model.sample(100, seed=1), rtol=1e-6)
    with pytest.raises(ValueError, match="count must be 1 or more"):
        model.sample_batches(0)


def test_without_an_average_the_live_generator_answers(make_model):
    model = make_model(geans.GAN, ema_half_life=None)
    assert model.ema_generator is None
    np.testing.assert_array_equal(model.sample(3, seed=1), model.sample(3, seed=1, ema=False))
