import dataclasses

import pytest

from geans import presets


def with_data(data):
    return dataclasses.replace(presets.get("gan_fashion"), data=data)


@pytest.fixture(autouse=True)
def files(tmp_path, monkeypatch):
    """A home, which is the working directory, with folders and a file of pairs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("photos", "clips", "data/facades", "mnist", "moving_digits"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "data/two.npz").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ("folder:photos", "photos"),
        ("folder:./photos/", "photos"),
        ("folder:~/photos", "photos"),
        ("video:clips", "clips"),
        ("pairs:facades", "data/facades"),
        ("unpaired:two.npz", "data/two.npz"),
        ("downscaled:folder:photos", "photos"),
        ("downscaled:arrays:two.npz", "data/two.npz"),
    ],
)
def test_paths_become_absolute(data, path, files):
    located = presets.located(with_data(data), "data")
    assert located == with_data(f"{data.rpartition(':')[0]}:{files / path}")
    assert presets.located(located, "data") == located


@pytest.mark.parametrize(
    "data",
    [
        "tfds:mnist",
        "downscaled:tfds:mnist",
        "video:moving_digits",
        "embedded:fashion",
        "unpaired:mnist,cifar10",
        "folder:",
    ],
)
def test_names_stay_as_they_are(data):
    assert presets.located(with_data(data)) == with_data(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("folder:fotos", r"no file or folder '/.*/fotos'\. Say .*--data=folder:PATH"),
        ("video:moving_digit", "Did you mean 'video:moving_digits'"),
        ("pairs:absent.npz", "/data/absent.npz'.*--data_dir"),
        ("downscaled:arrays:absent.npz", "/data/absent.npz'.*--data_dir"),
        ("photos", "Did you mean 'folder:photos'. Received: data='photos'"),
        ("cats", "such as folder:photos or tfds:mnist. Received: data='cats'"),
    ],
)
def test_what_is_absent_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        presets.located(with_data(data), "data")


def test_data_move_to_a_source_of_their_kind(files):
    run = with_data("folder:/old/photos")
    assert presets.moved(run, "folder:photos").data == f"folder:{files / 'photos'}"
    with pytest.raises(ValueError, match="no file or folder '/old/photos'"):
        presets.moved(run, None)
    for data in ("video:clips", "tfds:mnist"):
        with pytest.raises(ValueError, match=f"trained on folder:/old.*Received: data='{data}'"):
            presets.moved(run, data)
    pair = with_data("downscaled:folder:/old/photos"), "downscaled:folder:photos"
    assert presets.moved(*pair).data == f"downscaled:folder:{files / 'photos'}"
    with pytest.raises(ValueError, match="Received: data='folder:photos'"):
        presets.moved(pair[0], "folder:photos")
    with pytest.raises(ValueError, match="trained on tfds:mnist"):
        presets.moved(with_data("tfds:mnist"), "tfds:fashion_mnist")
