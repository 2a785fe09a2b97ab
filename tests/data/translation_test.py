import pathlib

import numpy as np
import PIL.Image
import pytest

from geans.data import images, pipeline, translation

DATA = pathlib.Path(__file__).resolve().parents[2] / "../shared/data"
OPENMOJI = DATA / "openmoji_pairs_64.npz"
TFDS = DATA / "tfds"
EARTH = DATA / "earth_64.npz"
needs_earth = pytest.mark.skipif(not EARTH.is_file(), reason=f"there is no {EARTH}")
needs_openmoji = pytest.mark.skipif(not OPENMOJI.is_file(), reason=f"there is no {OPENMOJI}")
needs_tfds = pytest.mark.skipif(not TFDS.is_dir(), reason=f"no prepared datasets in {TFDS}")
QUIET = {"shuffle": False, "batch_size": 1_000}


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype="uint8")


def numbered(count, size=4, channels=1):
    """Images that are their own number throughout."""
    return np.arange(count, dtype="uint8")[:, None, None, None] * np.ones(
        (1, size, size, channels), "uint8"
    )


def pixels(dataset):
    """Both sides of a dataset as uint8."""
    parts = zip(*dataset.as_numpy_iterator(), strict=True)
    return [np.rint((np.concatenate(part) + 1) * 127.5).astype("uint8") for part in parts]


def numbers(dataset):
    return [side[:, 0, 0, 0].tolist() for side in pixels(dataset)]


def save(array, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    PIL.Image.fromarray(array).save(path)


# --- npz ---


def test_npz_has_its_arrays_by_split(tmp_path):
    path = tmp_path / "pairs.npz"
    arrays = {"line_train": numbered(5), "colour_train": numbered(5, channels=3)}
    names = {"names_train": np.array(list("abcde")), "names_test": np.array(["f"])}
    test = {"line_test": noise(1, 4, 4, 1), "colour_test": noise(1, 4, 4, 3, seed=1)}
    np.savez(path, **arrays, **names, **test)
    assert numbers(translation.from_npz(path, **QUIET)) == [list(range(5))] * 2
    source, target = pixels(translation.from_npz(path, "test"))
    np.testing.assert_array_equal(source, test["line_test"])
    np.testing.assert_array_equal(target, test["colour_test"])
    apart = numbers(translation.from_npz(path, aligned=False, seed=0))
    assert sorted(apart[0]) == sorted(apart[1]) and apart[0] != apart[1]
    assert translation.splits_of(path) == ["test", "train"]
    with pytest.raises(ValueError, match="end in _dev. Received: none of line_train, colour_train"):
        translation.from_npz(path, "dev")


def test_npz_is_cropped_and_resized(tmp_path):
    path = tmp_path / "pairs.npz"
    wide = np.repeat(np.repeat(noise(3, 4, 6, 1), 2, axis=1), 2, axis=2)
    np.savez(path, a_train=wide, b_train=wide)
    source, _ = pixels(translation.from_npz(path, image_size=8, **QUIET))
    np.testing.assert_array_equal(source, wide[:, :, 2:10])
    shrunk, _ = pixels(translation.from_npz(path, image_size=4, **QUIET))
    # Of blocks of equal pixels, antialiased bicubic weights come near the blocks.
    assert np.corrcoef(shrunk.ravel(), wide[:, ::2, 2:10:2].ravel())[0, 1] > 0.9
    with pytest.raises(ValueError, match="size must be a positive integer.*Received: 0"):
        translation.from_npz(path, image_size=0)


def test_bad_npz_files_are_named(tmp_path):
    with pytest.raises(ValueError, match="no file .*missing.npz.*--data_dir"):
        translation.from_npz(tmp_path / "missing.npz")
    for name, content in {"empty": b"", "text": b"no archive", "cut": b"PK\x03\x04xyz"}.items():
        (tmp_path / f"{name}.npz").write_bytes(content)
        with pytest.raises(ValueError, match=f"{name}.npz' cannot be read"):
            translation.from_npz(tmp_path / f"{name}.npz")
    np.savez(tmp_path / "objects.npz", a_train=np.array([{}]))
    with pytest.raises(ValueError, match="objects.npz' cannot be read: Object arrays"):
        translation.from_npz(tmp_path / "objects.npz")


@pytest.fixture
def earth(tmp_path):
    """A mask of three classes, a relief and pictures: 5 to train on, 2 to test."""
    arrays = {}
    for split, count in (("train", 5), ("test", 2)):
        mask = np.arange(count * 16, dtype="uint8").reshape((count, 4, 4, 1)) % 3
        arrays |= {f"mask_{split}": mask, f"satellite_{split}": noise(count, 4, 4, 3)}
        arrays |= {f"relief_{split}": noise(count, 4, 4, 2, seed=1)}
    np.savez(tmp_path / "earth.npz", **arrays, names=np.array(["a"]))
    return tmp_path / "earth.npz", arrays


NAMED = {"source": ["mask", "relief"], "target": "satellite", "classes": {"mask": 3}}


@pytest.mark.parametrize("split", ["train", "test"])
def test_named_arrays_are_joined_and_masks_one_hot(earth, split):
    path, arrays = earth
    dataset = translation.from_npz(path, split, **NAMED, **QUIET)
    source, target = pixels(dataset)
    np.testing.assert_array_equal(target, arrays[f"satellite_{split}"])
    np.testing.assert_array_equal(source[..., 3:], arrays[f"relief_{split}"])
    for index in range(3):
        expected = np.where(arrays[f"mask_{split}"][..., 0] == index, 255, 0)
        np.testing.assert_array_equal(source[..., index], expected)
    floats, _ = next(dataset.as_numpy_iterator())
    assert set(np.unique(floats[..., :3])) == {-1, 1}
    assert translation.splits_of(path, "satellite") == ["test", "train"]


def test_masks_need_no_axis_of_channels_and_join_floats(tmp_path):
    mask, heights = np.array([[[0, 1], [1, 0]]]), np.full((1, 2, 2, 1), 0.25)
    np.savez(tmp_path / "a.npz", mask_train=mask, height_train=heights, image_train=heights)
    options = {"source": ["mask", "height"], "target": "image", "classes": {"mask": 2}}
    source, _ = next(translation.from_npz(tmp_path / "a.npz", **options).as_numpy_iterator())
    assert source.tolist() == [
        [[[1, -1, 0.25], [-1, 1, 0.25]], [[-1, 1, 0.25], [1, -1, 0.25]]],
    ]


def test_of_an_array_without_splits_every_tenth_row_is_held_out(tmp_path):
    path = tmp_path / "emoji.npz"
    np.savez(path, mono=numbered(25), colour=numbered(25, channels=3), label=np.zeros(25))
    options = {"source": "mono", "target": "colour", **QUIET}
    assert numbers(translation.from_npz(path, "test", **options)) == [[0, 10, 20]] * 2
    rest = [number for number in range(25) if number % 10]
    assert numbers(translation.from_npz(path, **options)) == [rest] * 2
    assert translation.splits_of(path, "colour") == ["test", "train"]
    with pytest.raises(ValueError, match="such as 'mono', has the splits.*split='dev'"):
        translation.from_npz(path, "dev", **options)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"source": "maks"}, "'maks'. Did you mean 'mask'"),
        ({"source": None}, "source must name an array.*mask_train.*source=None"),
        ({"target": []}, "target must name an array"),
        ({"target": ["satellite", 3]}, r"target=\['satellite', 3\]"),
        ({"classes": {"masc": 3}}, "source or target name. Received: masc"),
        ({"classes": {"mask": 2}}, r"from 0 to 1. Received: 0 to 2.*classes=\{'mask': 3\}"),
        ({"classes": {"mask": 1}}, "classes of mask must be 2 or more"),
        ({"classes": {"relief": 3}}, r"array of integers.*relief of shape \(5, 4, 4, 2\)"),
        ({"source": ["mask", "wide"]}, r"same size.*\(5, 4, 4, 3\), \(5, 4, 6, 1\)"),
        ({"source": "wide", "classes": None}, r"same height and width.*\(5, 4, 6, 1\)"),
    ],
)
def test_mistakes_with_names_of_arrays(earth, options, message):
    path, arrays = earth
    np.savez(path, **arrays, wide_train=noise(5, 4, 6, 1))
    with pytest.raises(ValueError, match=message):
        translation.from_npz(path, **{**NAMED, **options})


@pytest.mark.slow
@needs_earth
def test_earth():
    """One class for each pixel, and relief and satellite of the same place."""
    source, target = pixels(translation.from_npz(EARTH, "test", **NAMED, **QUIET))
    assert source.shape == (319, 64, 64, 6) and target.shape == (319, 64, 64, 3)
    assert np.all(source[..., :3].sum(axis=-1, dtype=int) == 255)
    sea = source[..., 0] == 255
    # The sea is bluer than the land: blue minus red.
    blue = target[..., 2].astype(int) - target[..., 0]
    assert blue[sea].mean() > blue[~sea].mean() + 20


@needs_openmoji
def test_openmoji():
    """The held-out pairs: what is line art and what is colour."""
    source, target = pixels(translation.from_npz(OPENMOJI, "test", **QUIET))
    assert source.shape == target.shape == (343, 64, 64, 3)
    spread = [np.ptp(each.astype(int), axis=-1).mean() for each in (source, target)]
    assert spread[0] == 0 and spread[1] > 10


# --- folders ---


@pytest.fixture
def folders(tmp_path):
    """Two folders of three PNG files each, which are their own number, and one of both at once."""
    for i in range(3):
        save(numbered(3, 8, 3)[i], tmp_path / f"both/source/sub/{i}.png")
        save(numbered(3, 8, 3)[i] + 100, tmp_path / f"both/target/sub/{i}.png")
        wide = np.concatenate([numbered(3, 8, 3)[i], numbered(3, 8, 3)[i] + 100], axis=1)
        save(wide, tmp_path / f"wide/{i}.png")
    return tmp_path


EXPECTED = [[0, 1, 2], [100, 101, 102]]


def test_folders_are_paired_by_name(folders):
    source, target = folders / "both/source", folders / "both/target"
    assert numbers(translation.from_folders(source, target, **QUIET)) == EXPECTED
    dataset = translation.from_folders(source, target, 4, channels=1, **QUIET)
    assert dataset.element_spec[1].shape[1:] == (4, 4, 1) and numbers(dataset) == EXPECTED


def test_extensions_may_differ(folders):
    target = folders / "both/target"
    save(np.full((8, 8, 3), 200, "uint8"), target / "sub/1.jpg")
    (target / "sub/1.png").unlink()
    found = numbers(translation.from_folders(folders / "both/source", target, **QUIET))
    assert found[0] == [0, 1, 2] and found[1] == [100, 200, 102]


def test_side_by_side(folders):
    assert numbers(translation.from_side_by_side(folders / "wide", **QUIET)) == EXPECTED
    swapped = translation.from_side_by_side(folders / "wide", 4, source="right", **QUIET)
    assert swapped.element_spec[0].shape[1:] == (4, 4, 3) and numbers(swapped) == EXPECTED[::-1]


@pytest.mark.slow
@pytest.mark.parametrize("jitter, size", [(0, None), (2, 4)])
def test_what_does_not_fit_in_memory_is_decoded_every_epoch(folders, monkeypatch, jitter, size):
    options = {"jitter": jitter, "seed": 0, "batch_size": 2, "shuffle": False}
    both = [folders / "both" / side for side in ("source", "target")]

    def load():
        return [
            pixels(translation.from_folders(*both, size, **options)),
            pixels(translation.from_side_by_side(folders / "wide", size, **options)),
        ]

    kept = load()
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", 1)
    monkeypatch.setattr(pipeline, "batches", None)
    decoded = load()
    for one, other in zip(kept, decoded, strict=True):
        np.testing.assert_array_equal(one, other)


def test_files_without_partner_are_named(folders):
    target = folders / "both/target"
    (target / "sub/1.png").rename(target / "sub/one.png")
    with pytest.raises(ValueError, match="2 files have no partner.*'sub/1', 'sub/one'. Add"):
        translation.from_folders(folders / "both/source", target)


def test_other_mistakes_with_folders(folders):
    source, target = folders / "both/source", folders / "both/target"
    with pytest.raises(ValueError, match="no folder '.*absent'"):
        translation.from_folders(source, folders / "absent")
    with pytest.raises(ValueError, match="twice as wide as high. Received: 8x8.*source and target"):
        translation.from_side_by_side(source)
    with pytest.raises(ValueError, match="left, right. Received: source='top'"):
        translation.from_side_by_side(folders / "wide", source="top")
    for i in range(3):
        save(noise(6, 6, 3), target / f"sub/{i}.png")
    with pytest.raises(ValueError, match=r"\(8, 8\) and \(6, 6\).*--image_size"):
        translation.from_folders(source, target)
    (target / "sub/1.png").write_bytes(b"damaged")
    with pytest.raises(ValueError, match="1 of 3 files cannot be read"):
        translation.from_folders(source, target, 4)


# --- tensorflow-datasets ---


@pytest.mark.slow
@needs_tfds
def test_two_datasets_of_tfds():
    dataset = translation.from_tfds(
        "mnist", "fashion_mnist", split="test[:60]", data_dir=TFDS, image_size=32, seed=0
    )
    first, second = pixels(dataset)
    assert first.shape == second.shape == (60, 32, 32, 1)
    expected = [
        images.from_tfds(name, split="test[:60]", data_dir=TFDS, image_size=32, **QUIET)
        for name in ("mnist", "fashion_mnist")
    ]
    for found, known in zip((first, second), expected, strict=True):
        known = np.rint((next(iter(known)).numpy() + 1) * 127.5).astype("uint8")
        assert {image.tobytes() for image in found} == {image.tobytes() for image in known}


def test_one_dataset_has_a_split_for_each_domain(monkeypatch):
    """Without the data, which no build machine can download: what is asked of tfds."""
    asked = []

    def from_tfds(name, *, split, image_size, data_dir, **batching):
        asked.append((name, split, image_size, data_dir))
        return pipeline.batches(numbered(9 if split.endswith("A") else 6), **batching)

    monkeypatch.setattr(images, "from_tfds", from_tfds)
    dataset = translation.from_tfds("cycle_gan/horse2zebra", image_size=128, data_dir="data")
    name = "cycle_gan/horse2zebra"
    assert asked == [(name, "trainA", 128, "data"), (name, "trainB", 128, "data")]
    assert sorted(numbers(dataset)[1]) == list(range(6))
