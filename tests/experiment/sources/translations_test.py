import numpy as np
import PIL.Image
import pytest

from geans.experiment.sources import Source


def noise(count, channels=1, seed=0):
    shape = (count, 16, 16, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype="uint8")


def test_a_file_of_arrays_and_folders_are_looked_up_in_the_data_dir(tmp_path):
    np.savez(tmp_path / "pairs.npz", a_train=noise(5), b_train=noise(9))
    unpaired = Source.parse("unpaired:pairs.npz", data_dir=tmp_path)
    assert len(unpaired.dataset(batch_size=1)) == 5
    assert unpaired.splits() == ["train"]
    for side in ("source", "target"):
        (tmp_path / "both" / side).mkdir(parents=True)
        PIL.Image.new("RGB", (8, 8)).save(tmp_path / "both" / side / "1.png")
    (tmp_path / "wide").mkdir()
    PIL.Image.new("RGB", (16, 8)).save(tmp_path / "wide" / "1.png")
    for folder in ("both", "wide"):
        source = Source.parse(f"pairs:{folder}", data_dir=tmp_path)
        assert source.sample_shape() == ((8, 8, 3), (8, 8, 3))
        assert source.splits() == ["train"]


def test_two_datasets_have_a_test_split():
    assert Source.parse("unpaired:cycle_gan/horse2zebra").splits() == ["test", "train"]


@pytest.mark.parametrize(
    ("spec", "options", "message"),
    [
        ("pairs:absent", {}, "no folder 'absent'"),
        ("pairs:absent", {"split": "test"}, "no splits. Received: split='test'"),
        ("unpaired:mnits,mnist", {}, "knows no dataset 'mnits'"),
    ],
)
def test_what_cannot_be_loaded(spec, options, message):
    with pytest.raises(ValueError, match=message):
        Source.parse(spec, options=options).dataset()


def test_a_translation_has_no_samples_to_compare(tmp_path):
    with pytest.raises(ValueError, match="a translation draws none. Leave evaluate_every at 0"):
        Source.parse("pairs:pairs.npz").reference()


@pytest.mark.parametrize("names", [("train", "test"), ("train",)])
def test_examples_are_of_the_test_split_if_there_is_one(tmp_path, names):
    arrays = {f"{side}_{name}": noise(3, seed=len(name)) for side in "ab" for name in names}
    np.savez(tmp_path / "pairs.npz", **arrays)
    options = {"flip": True}  # Is of training.
    examples = Source.parse("pairs:pairs.npz", data_dir=tmp_path, options=options).examples
    assert examples.split == names[-1]
    expected = arrays[f"a_{names[-1]}"] / np.float32(127.5) - 1
    np.testing.assert_allclose(examples.first, expected, atol=1e-6)
