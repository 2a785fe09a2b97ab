import numpy as np
import pytest
import tensorflow as tf

import geans
from geans import export, networks

LOAD = """
import sys
import numpy as np
import tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
np.save("sample.npy", loaded.sample(5, 3))
latents = tf.constant(np.load("latents.npy"))
np.save("served.npy", loaded.signatures["serving_default"](latents)["output_0"])
assert not any(name.split(".")[0] == "geans" for name in sys.modules)
print(sorted(loaded.signatures))
"""


@pytest.fixture
def model(make_model, points):
    model = make_model(geans.GEAN, update_every=2)
    model.fit(points, batch_size=8, epochs=3, verbose=0)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("ema", [True, pytest.param(False, marks=pytest.mark.nightly)])
def test_tensorflow_alone_samples_what_the_model_samples(model, ema, tmp_path, run_python):
    export.saved_model(model, tmp_path / "saved", ema=ema)
    latents = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    np.save(tmp_path / "latents.npy", latents)
    printed = run_python(LOAD, tmp_path, tmp_path / "saved")
    assert printed.strip() == "['serving_default']"
    expected = model.sample(5, seed=3, ema=ema)
    np.testing.assert_allclose(np.load(tmp_path / "sample.npy"), expected, atol=1e-6)
    network = model.ema_generator if ema else model.generator
    np.testing.assert_allclose(np.load(tmp_path / "served.npy"), network(latents), atol=1e-6)


def test_batch_norm_answers_with_its_moving_statistics(tmp_path):
    model = geans.GAN(
        networks.dcgan.generator(2, (8, 8, 1), width=2, seed=0),
        networks.dcgan.discriminator((8, 8, 1), width=2, seed=0),
    )
    export.saved_model(model, tmp_path / "saved")
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(loaded.sample(9, 1), model.sample(9, seed=1), atol=1e-6)


def test_nothing_is_overwritten(model, tmp_path):
    (tmp_path / "file").write_text("mine")
    for path in (tmp_path, tmp_path / "file"):
        with pytest.raises(ValueError, match="exists. Pass a new or an empty directory"):
            export.saved_model(model, path)
    assert (tmp_path / "file").read_text() == "mine"
