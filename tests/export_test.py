import keras
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


RUN = {
    "litert": """
from ai_edge_litert.interpreter import Interpreter
def run(path, inputs):
    return Interpreter(path).get_signature_runner()(**inputs)["output_0"]
""",
    "onnx": """
import onnxruntime
def run(path, inputs):
    return onnxruntime.InferenceSession(path).run(None, inputs)[0]
""",
}
ANSWER = """
import sys
import numpy as np
inputs = dict(np.load("inputs.npz"))
np.save("outputs.npy", run(sys.argv[1], inputs))
assert not {"geans", "keras", "tensorflow"} & {name.split(".")[0] for name in sys.modules}
"""
NETWORKS = {
    "digits": lambda: geans.from_pretrained("digits"),
    "style": lambda: geans.GAN(
        networks.style.generator(4, (16, 24, 3), width=4, max_width=8, seed=0),
        networks.style.discriminator((16, 24, 3), width=4, max_width=8, seed=0),
    ),
}


def answer(format, path, model, inputs, tmp_path, run_python):
    """Outputs of an exported file in a process of its own."""
    names = [each.name for each in model.generator.inputs]
    arrays = map(np.asarray, keras.tree.flatten(inputs))
    np.savez(tmp_path / "inputs.npz", **dict(zip(names, arrays, strict=True)))
    run_python(RUN[format] + ANSWER, tmp_path, path)
    return np.load(tmp_path / "outputs.npy")


@pytest.mark.slow
@pytest.mark.parametrize("format", ["litert", "onnx"])
@pytest.mark.parametrize("network", NETWORKS)
def test_other_runtimes_answer_as_keras_does(network, format, tmp_path, run_python):
    model, path = NETWORKS[network](), tmp_path / {"litert": "a.tflite", "onnx": "a.onnx"}[format]
    export.FORMATS[format](model, path)
    inputs = model.sampling_inputs(5, 2)
    found = answer(format, path, model, inputs, tmp_path, run_python)
    np.testing.assert_allclose(found, model.sample(5, seed=2), atol=1e-5)
    assert {each.name for each in tmp_path.iterdir()} == {"inputs.npz", "outputs.npy", path.name}


@pytest.mark.slow
def test_int8_is_smaller_and_nearly_the_same(tmp_path, run_python):
    model = geans.from_pretrained("digits")
    paths = [tmp_path / f"{name}.tflite" for name in ("float32", "int8")]
    for path, int8 in zip(paths, (False, True), strict=True):
        model.export(path, "litert", int8=int8)
    assert paths[1].stat().st_size < 0.4 * paths[0].stat().st_size
    inputs = model.sampling_inputs(20, 2)
    found = answer("litert", paths[1], model, inputs, tmp_path, run_python)
    assert 1e-4 < np.abs(found - model.sample(20, seed=2)).mean() < 0.05


def test_a_keras_file_holds_the_generator(model, tmp_path):
    for ema in (True, False):
        export.keras_file(model, tmp_path / f"{ema}.keras", ema=ema)
        loaded = keras.saving.load_model(tmp_path / f"{ema}.keras")
        latents = model.sampling_inputs(3, 0)
        np.testing.assert_array_equal(loaded.predict(latents, verbose=0), model.sample(3, 0, ema))


def test_files_are_new_and_end_as_their_format_does(model, tmp_path):
    (tmp_path / "mine.keras").write_text("mine")
    with pytest.raises(ValueError, match="exists. Pass the name of a new file"):
        export.keras_file(model, tmp_path / "mine.keras")
    with pytest.raises(ValueError, match="must end in .tflite"):
        export.litert(model, tmp_path / "a.lite")
    with pytest.raises(ValueError, match="A geans model is exported, such as a GAN. Received"):
        export.litert(model.generator, tmp_path / "a.tflite")
    assert [path.name for path in tmp_path.iterdir()] == ["mine.keras"]
