import functools
import hashlib
import http.server
import importlib.util
import json
import threading

import keras
import numpy as np
import pytest

from geans.metrics.features import inception
from tests.metrics.features import inception_golden, torch_writer

PROTOCOLS = ("tensorflow1", "pytorch")
IMAGES = inception_golden.images()


@pytest.fixture(scope="module")
def golden():
    with np.load(inception_golden.GOLDEN) as file:
        return dict(file)


@pytest.fixture(scope="module")
def weights_path(golden, tmp_path_factory):
    """Random weights in the older format, which the well-known file has."""
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    weights = inception_golden.random_weights(json.loads(str(golden["shapes"])))
    torch_writer.save(path, weights, zipped=False)
    yield path
    path.unlink()


@pytest.fixture(scope="module")
def networks(weights_path):
    return functools.cache(lambda protocol: inception.network(weights_path, resize=protocol))


def assert_close(found, expected):
    """To 1e-4 of each number, and to 1e-5 of the usual number for those near zero."""
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).mean())


@pytest.mark.slow
@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_features_are_those_of_the_references(networks, golden, protocol, image):
    found = networks(protocol)(IMAGES[image])
    assert found["features"].shape == (1, 2048)
    assert found["logits"].shape == (1, 1008)
    assert_close(found["features"], golden[f"{protocol}/{image}/features"])
    # pytorch-fid has no logits.
    if protocol == "tensorflow1":
        assert_close(found["logits"], golden[f"{protocol}/{image}/logits"])


def test_golden_features_tell_protocols_and_images_apart(golden):
    """By a hundred times what `assert_close` lets pass, so that the test above can fail."""
    features = [golden[f"{protocol}/{name}/features"] for protocol in PROTOCOLS for name in IMAGES]
    for number, one in enumerate(features):
        for other in features[:number]:
            assert np.abs(one - other).mean() > 1e-3 * np.abs(one).mean()


@pytest.fixture
def torch():
    """PyTorch, where the references are installed, too."""
    # `pytest.importorskip` would fail on torchvision, which a CPU build needs help to import.
    for name in ("torch", "torchvision", "pytorch_fid", "torch_fidelity"):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed: it is needed for the reference networks")
    return importlib.import_module("torch")


@pytest.mark.slow
def test_features_are_those_of_the_networks_in_pytorch(torch, networks, weights_path, tmp_path):
    """On other images than the golden ones, and with files that PyTorch has written."""
    references = inception_golden.reference_networks(weights_path)
    random = np.random.RandomState(1)
    for protocol, reference in references.items():
        for shape in [(2, 32, 32, 3), (2, 301, 297, 3), (1, 1, 1, 3), (2, 500, 31, 1)]:
            images = random.randint(0, 256, shape).astype("uint8")
            found = networks(protocol)(images)
            for kind, expected in reference(images).items():
                assert_close(found[kind], expected)
    weights = torch.load(weights_path)
    for zipped in (True, False):
        path = tmp_path / f"{zipped}.pth"
        torch.save(weights, path, _use_new_zipfile_serialization=zipped)
        again = inception.network(path)(IMAGES["small"])
        path.unlink()
        for kind, expected in networks("tensorflow1")(IMAGES["small"]).items():
            np.testing.assert_array_equal(again[kind], expected)


@pytest.mark.usefixtures("torch")
def test_names_and_shapes_of_the_golden_files_are_those_of_the_reference(golden):
    shapes = {name: tuple(shape) for name, shape in json.loads(str(golden["shapes"])).items()}
    assert shapes == inception_golden.reference_shapes()


def test_floats_and_greys_are_the_same_images(networks):
    network = networks("tensorflow1")
    grey = IMAGES["grey"]
    expected = network(grey)["features"]
    # Repeating and scaling give exactly the same pixels, and so the same features.
    np.testing.assert_array_equal(network(np.repeat(grey, 3, axis=-1))["features"], expected)
    floats = grey.astype("float64") / 127.5 - 1
    np.testing.assert_array_equal(network(floats)["features"], expected)


@pytest.mark.slow
def test_images_come_in_batches_and_keep_their_order(networks, monkeypatch):
    monkeypatch.setattr(inception, "BATCH_SIZE", 2)
    images = np.random.RandomState(2).randint(0, 256, (5, 8, 8, 3)).astype("uint8")
    together = networks("pytorch")(images)
    for number in range(5):
        alone = networks("pytorch")(images[number : number + 1])
        for kind in ("features", "logits"):
            np.testing.assert_allclose(together[kind][number], alone[kind][0], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("shape", [(2, 8, 8, 4), (2, 8, 8, 2), (0, 8, 8, 3), (2, 0, 8, 3)])
def test_other_images_are_refused(networks, shape):
    with pytest.raises(ValueError, match=r"1 or 3\).*Received: shape \(.*alpha"):
        networks("tensorflow1")(np.zeros(shape, "uint8"))
    with pytest.raises(ValueError, match="take images of shape"):
        networks("tensorflow1")(np.zeros((2, 8), "uint8"))


def test_it_says_what_a_record_must_say(networks, weights_path):
    checksum = hashlib.sha256(weights_path.read_bytes()).hexdigest()[:12]
    assert networks("tensorflow1").name == "inception-2015-12-05"
    assert networks("tensorflow1").checksum == checksum
    assert networks("tensorflow1").resize == "299x299 bilinear, TensorFlow 1, grey to RGB"
    assert networks("pytorch").resize == "299x299 bilinear, PyTorch, grey to RGB"


@pytest.mark.slow
def test_global_settings_change_nothing(networks, weights_path):
    try:
        keras.config.set_dtype_policy("mixed_float16")
        keras.config.set_image_data_format("channels_first")
        found = inception.network(weights_path)(IMAGES["small"])
    finally:
        keras.config.set_dtype_policy("float32")
        keras.config.set_image_data_format("channels_last")
    for kind, expected in networks("tensorflow1")(IMAGES["small"]).items():
        np.testing.assert_array_equal(found[kind], expected)


@pytest.mark.parametrize("resize", ["tensorflow2", None, ["pytorch"]])
def test_unknown_protocols_are_refused(resize):
    with pytest.raises(ValueError, match=r"one of \('tensorflow1', 'pytorch'\)\. Received: "):
        inception.network("weights.pth", resize=resize)


@pytest.mark.parametrize("weights", [3, b"weights.pth", ["weights.pth"], "nowhere.pth", "."])
def test_what_is_no_file_of_weights_is_refused(weights):
    with pytest.raises(ValueError, match="^Cannot read"):
        inception.network(weights)


@pytest.mark.slow
def test_weights_of_another_network_are_refused():
    with pytest.raises(ValueError, match="not the weights of inception-.*Missing: fc.weight"):
        inception.network(inception_golden.SAMPLES["zip"])


@pytest.fixture
def server(loopback, tmp_path):
    """The URL of a server on this machine for the files of `tmp_path / "served"`, and its log."""
    requests = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            requests.append(self.path)

    (tmp_path / "served").mkdir()
    handler = functools.partial(Handler, directory=tmp_path / "served")
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}/", requests
        running.shutdown()
        thread.join()


@pytest.fixture
def downloads(monkeypatch, tmp_path, server):
    """Small weights of another network, served as if they were the well-known file."""
    content = inception_golden.SAMPLES["legacy"].read_bytes()
    (tmp_path / "served" / inception.FILE).write_bytes(content)
    monkeypatch.setattr(inception, "URL", server[0] + inception.FILE)
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(content).hexdigest())
    cached = functools.partial(keras.utils.get_file, cache_dir=tmp_path)
    monkeypatch.setattr(keras.utils, "get_file", cached)
    return server[1]


@pytest.mark.slow
def test_weights_are_downloaded_once(downloads, tmp_path):
    for _ in range(2):
        # They have come, and were read: the complaint is of their names.
        with pytest.raises(ValueError, match="not the weights of inception-2015-12-05. Missing: "):
            inception.network()
    assert downloads == [f"/{inception.FILE}"]
    cached = tmp_path / "models" / inception.FILE
    assert cached.read_bytes() == inception_golden.SAMPLES["legacy"].read_bytes()
    # One that has been damaged since is replaced.
    cached.write_bytes(b"half a file")
    with pytest.raises(ValueError, match="not the weights of inception-2015-12-05. Missing: "):
        inception.network()
    assert len(downloads) == 2


HOW_TO_GET_IT = r"Get the file from http.* or .*torch-fidelity.*\(SHA-256 .*weights="


def test_another_file_is_not_taken_for_the_weights(downloads, tmp_path):
    (tmp_path / "served" / inception.FILE).write_bytes(b"not these weights")
    with pytest.raises(ValueError, match=f"hash does not match.*{HOW_TO_GET_IT}"):
        inception.network()


def test_without_the_file_it_says_where_to_get_it(downloads, tmp_path):
    (tmp_path / "served" / inception.FILE).unlink()
    with pytest.raises(ValueError, match=f"404.*{HOW_TO_GET_IT}"):
        inception.network()


def test_without_a_network_it_says_where_to_get_the_file(downloads, monkeypatch):
    # Port 9 of this machine: nothing listens.
    monkeypatch.setattr(inception, "URL", "http://127.0.0.1:9/" + inception.FILE)
    with pytest.raises(ValueError, match=f"(?i)refused.*{HOW_TO_GET_IT}"):
        inception.network()


def test_the_checksum_is_that_in_the_name_of_the_file():
    """PyTorch's convention: the first 8 digits of the SHA-256 end a file's name."""
    assert inception.FILE == f"pt_{inception.NAME}-{inception.SHA256[:8]}.pth"
    assert inception.URL.endswith("/" + inception.FILE)
    assert inception.MIRROR.endswith(f"-{inception.SHA256[:8]}.pth")
    assert len(inception.SHA256) == 64
