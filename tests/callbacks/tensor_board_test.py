import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import callbacks, networks


def records(directory):
    """Values of all event files by tag, in the order of their steps."""
    found = {}
    for log in sorted(directory.glob("train/events*")):
        for record in tf.compat.v1.train.summary_iterator(str(log)):
            for value in record.summary.value:
                found.setdefault(value.tag, []).append(value)
    return found


def conditional():
    shape, small = (8, 8, 1), {"units": (4,), "seed": 0}
    return geans.ConditionalGAN(
        networks.labelled(networks.mlp.generator(5, shape, **small), 3),
        networks.with_projection(networks.mlp.discriminator(shape, **small), 3, seed=0),
        num_classes=3,
        seed=0,
    )


@pytest.mark.slow
def test_samples_logits_and_hyperparameters_are_there(tmp_path):
    random = np.random.default_rng(0)
    real = random.uniform(-1, 1, (8, 8, 8, 1)).astype("float32"), np.arange(8) % 3
    model = conditional()
    model.compile()
    fields = {"rate": 0.5, "options": {"width": 8}, "seed": None}
    options = {"real": real, "hyperparameters": fields, "count": 6, "write_graph": False}
    observer = callbacks.TensorBoard(tmp_path, conditions={"labels": [0, 1, 2] * 2}, **options)
    model.fit(*real, batch_size=4, epochs=2, callbacks=[observer], verbose=0)
    found = records(tmp_path)
    assert len(found["epoch_generator_loss"]) == len(found["samples"]) == 2
    picture = tf.io.decode_png(found["samples"][1].tensor.string_val[2]).numpy()
    assert picture.shape == (22, 32, 3)  # Three by two images, and gaps of 2 pixels.
    samples = model.sample(6, seed=0, labels=[0, 1, 2] * 2, ema=True)
    expected = np.rint((samples[0, ..., 0] + 1) * 127.5)
    np.testing.assert_allclose(picture[2:10, 2:10, 0], expected, atol=1)
    for name, images in (("real", real[0]), ("fake", model.sample(8, seed=0, labels=real[1]))):
        buckets = tf.make_ndarray(found[f"logits/{name}"][1].tensor)
        logits = model.discriminator([images, real[1]])
        np.testing.assert_allclose(buckets[0, 0], np.min(logits), rtol=1e-4)
        np.testing.assert_allclose(buckets[-1, 1], np.max(logits), rtol=1e-4)
        assert buckets[:, 2].sum() == 8
    assert "_hparams_/session_start_info" in found


@pytest.mark.slow
def test_points_have_logits_and_no_picture(points, make_model, tmp_path):
    model = make_model(geans.GAN)
    observer = callbacks.TensorBoard(tmp_path, real=points[:8], write_graph=False)
    model.fit(points, batch_size=8, epochs=1, callbacks=[observer], verbose=0)
    found = records(tmp_path)
    assert "logits/fake" in found and "samples" not in found


@pytest.mark.slow
def test_translations_are_drawn_by_a_function(tmp_path):
    shape, small = (16, 16, 1), {"width": 2, "seed": 0}
    critic = networks.patchgan.discriminator(shape, source_channels=1, layers=1, **small)
    model = geans.Pix2Pix(networks.unet.generator(shape, 1, **small), critic, seed=0)
    model.compile()
    images = np.zeros((4, *shape), "float32")
    options = {"write_graph": False}
    observers = [
        callbacks.TensorBoard(tmp_path / "without", **options),
        callbacks.TensorBoard(tmp_path / "with", draw=lambda m: m.translate(images), **options),
    ]
    model.fit(images, images, batch_size=2, epochs=1, callbacks=observers, verbose=0)
    assert "samples" in records(tmp_path / "with")
    assert "samples" not in records(tmp_path / "without")


def test_bad_arguments():
    with pytest.raises(ValueError, match="count must be a positive integer"):
        callbacks.TensorBoard(count=0)
