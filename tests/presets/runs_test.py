import dataclasses

import pytest

from geans import presets, report

PRESET = presets.get("gan_mlp_mnist")


def write_run(run_dir, checkpoints, preset=PRESET, finished=False):
    report.write_json(dataclasses.asdict(preset), run_dir / "preset.json")
    for name in checkpoints:
        (run_dir / "checkpoints" / name).mkdir(parents=True)
    if finished:
        (run_dir / "model.keras").touch()
    return run_dir


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("gean_fashion", None, "gean_fashion"),
        ("gean_fashion", "embedded:fashion", "gean_fashion"),
        ("gean_fashion", "folder:~/My photos/", "gean_My_photos"),
        ("gan_mlp_mnist", "tfds:fashion_mnist", "gan_mlp_fashion_mnist"),
        ("conditional", "folder:photos", "conditional_photos"),
        ("pix2pix", "pairs:maps.npz", "pix2pix_maps"),
        ("srgan_faces", "downscaled:arrays:photos.npz", "srgan_faces_photos"),
        ("cyclegan", "unpaired:mnist,cifar10", "cyclegan_mnist_cifar10"),
    ],
)
def test_a_run_is_named_after_its_data(name, data, expected):
    assert presets.run_name(presets.get(name), data) == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 7}, "these differ: batch_size=7, was 64. Only epochs,"),
        ({"generator_learning_rate": 1.0, "r1": 1.0}, "r1=1.0, was 0.0; generator_learning_rate"),
        ({"data": "tfds:cifar10"}, "trained on tfds:mnist"),
        ({"epochs": 1}, "2 epochs already. Received: epochs=1, .* Pass --epochs=2 or more"),
    ],
)
def test_what_cannot_be_resumed_so(changes, message, tmp_path):
    write_run(tmp_path, ["epoch_000000_step_00000000", "epoch_000002_step_00000008"])
    presets.check_resume(PRESET, tmp_path)
    presets.check_resume(dataclasses.replace(PRESET, epochs=99, picture_every=2), tmp_path)
    with pytest.raises(ValueError, match=message):
        presets.check_resume(dataclasses.replace(PRESET, **changes), tmp_path)


def test_a_finished_run_says_how_to_train_longer(tmp_path):
    preset = dataclasses.replace(PRESET, epochs=2)
    run_dir = write_run(tmp_path, ["epoch_000002_step_00000000"], preset, finished=True)
    expected = f"{run_dir} is finished: 2 of 2 epochs. To train longer, add --epochs=4"
    assert presets.finished(preset, run_dir).startswith(expected)
    decaying = dataclasses.replace(preset, learning_rate_decay="linear")
    assert "new run with --epochs=4" in presets.finished(decaying, run_dir)
    assert presets.finished(dataclasses.replace(preset, epochs=3), run_dir) == ""


@pytest.mark.parametrize("finished", [True, False])
def test_a_run_without_all_its_results_is_not_finished(finished, tmp_path):
    checkpoints = ["epoch_000001_step_00000000", "epoch_000002_step_00000000"]
    preset = dataclasses.replace(PRESET, epochs=2)
    write_run(tmp_path, checkpoints[not finished :], preset, finished)
    assert presets.finished(preset, tmp_path) == ""
