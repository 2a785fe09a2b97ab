import re
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from geans import losses, metrics
from geans.cli import overrides, train
from geans.experiment import checks

RANDOM = np.random.default_rng(0)
# Of 40 images any two are about equally far apart: each pixel of 8x8 is drawn by itself.
REAL = np.kron(RANDOM.choice([-0.5, 0.5], (40, 8, 8, 3)), np.ones((1, 4, 4, 1))).astype("float32")
BOARD = ((-1.0) ** np.indices((32, 32)).sum(axis=0))[None, ..., None]


def evidence(fake=None, *, loss=None, updates=5_000, **fields):
    """That of a good run, with changes."""
    optimizer = SimpleNamespace(iterations=tf.constant(updates))
    model = SimpleNamespace(
        loss=loss or losses.NonSaturating(),
        augmentation=fields.pop("augmentation", None),
        generator_player=SimpleNamespace(optimizer=optimizer),
    )
    defaults = {
        "diverged": False,
        "history": {"real_logits": [0.5] * 20, "fake_logits": [-0.5] * 20},
        "real": REAL,
        "fake": REAL[::-1] if fake is None else fake.astype("float32"),
        "overfitting": metrics.Overfitting(0.6, -0.6, 0.1),
    }
    return checks.Evidence(model=model, **defaults | fields)


def found(evidence):
    return {each.name: each for check in checks.CHECKS for each in check(evidence)}


def conspicuous(evidence):
    return {name: each.value for name, each in found(evidence).items() if each.conspicuous}


def test_a_good_run_shows_nothing():
    assert conspicuous(evidence()) == {}
    assert list(found(evidence())) == [
        *("divergence", "updates", "data range", "variety", "duplicates", "shift", "contrast"),
        *("saturation", "colour", "checkerboard", "balance", "r_v", "r_t"),
    ]


def test_repeated_images_are_duplicates_before_they_lack_variety():
    eight, two = (np.concatenate([REAL[:kinds]] * (40 // kinds)) for kinds in (8, 2))
    assert conspicuous(evidence(eight)) == pytest.approx({"duplicates": 1}, abs=1e-9)
    # Half of the pairs differ, or 20 of 39.
    assert conspicuous(evidence(two)) == pytest.approx(
        {"variety": 20 / 39, "duplicates": 1}, rel=0.1
    )
    assert conspicuous(evidence(REAL[:1] + 0.1 * REAL)).keys() == {"variety", "duplicates"}


def test_duplicates_of_the_data_are_not_held_against_samples():
    twice = np.concatenate([REAL[:20]] * 2)
    assert "duplicates" not in conspicuous(evidence(twice, real=np.concatenate([REAL, REAL])))


@pytest.mark.parametrize("real", [REAL[:1], REAL[[0] * 9]])
def test_without_variety_in_the_data_none_is_asked_for(real):
    assert found(evidence(real, real=real)).keys().isdisjoint({"variety", "duplicates"})


def test_a_tint_is_found_in_its_channel():
    (name, value), *others = conspicuous(evidence(REAL + [0, 0, 0.2])).items()
    assert not others
    assert name == "shift" and value == pytest.approx(0.4, rel=0.05)  # 0.2 of 0.5.
    assert "channel 2" in found(evidence(REAL + [0, 0, 0.2]))["shift"].text


def test_contrast_that_is_too_high_or_too_low():
    assert conspicuous(evidence(REAL * 1.9)) == pytest.approx({"contrast": 1.9})
    assert conspicuous(evidence(REAL * 0.625)) == pytest.approx({"contrast": 1.6})


def test_saturated_samples():
    saturated = np.where(RANDOM.random(REAL.shape) < 0.25, np.sign(REAL), REAL)
    assert conspicuous(evidence(saturated)) == pytest.approx({"saturation": 0.25}, abs=0.01)
    assert conspicuous(evidence(saturated, real=saturated)) == {}


def test_grey_samples_of_coloured_data():
    grey = REAL[..., :1] * np.ones(3)
    assert conspicuous(evidence(grey)) == {"colour": 0}
    assert "colour" not in found(evidence(grey, real=grey))
    assert "colour" not in found(evidence(REAL[..., :1], real=REAL[..., :1]))


def test_a_checkerboard():
    with_board = REAL + 0.15 * BOARD
    (name, value), *others = conspicuous(evidence(with_board)).items()
    assert not others and name == "checkerboard"
    assert value > checks.CHECKERBOARD
    assert conspicuous(evidence(with_board, real=with_board)) == {}
    assert conspicuous(evidence(REAL + 0.01 * BOARD)) == {}


def test_smooth_data_do_not_make_a_faint_board_conspicuous():
    """Samples with 1 % of the energy, and data with none."""
    columns = np.cos(2 * np.pi * np.arange(1, 9)[:, None] * np.arange(32) / 32) / np.sqrt(2)
    smooth = columns[:, None, :, None] * np.ones((1, 32, 1, 1))
    for share, expected in ((0.009, set()), (0.011, {"checkerboard"})):
        amplitude = 0.5 * np.sqrt(share / (1 - share))
        board = evidence(smooth + amplitude * BOARD, real=smooth)
        assert conspicuous(board).keys() == expected


def test_images_in_0_1():
    positive = REAL / 2 + 0.5
    assert conspicuous(evidence(positive, real=positive)) == {"data range": 0.25}
    flat = np.ones_like(REAL)
    assert "data range" not in conspicuous(evidence(flat, real=flat))


def test_too_few_updates_and_divergence():
    assert conspicuous(evidence(updates=1_999)) == {"updates": 1_999}
    assert conspicuous(evidence(updates=2_000)) == {}
    assert conspicuous(evidence(diverged=True)) == {"divergence": 1}


@pytest.mark.parametrize(
    ("loss", "even", "ahead"),
    [
        (losses.NonSaturating(), (2, -2), (4, -4)),
        (losses.Minimax(), (2, -2), (4, -4)),
        (losses.Hinge(), (0.9, -0.9), (1.1, -1.1)),
        (losses.LeastSquares(), (0.75, 0.25), (0.95, 0.05)),
    ],
)
def test_a_discriminator_that_is_far_ahead(loss, even, ahead):
    def history(real, fake):  # Only the last two of 20 epochs count, and no NaN.
        return {"real_logits": [9] * 18 + [real, np.nan], "fake_logits": [-9] * 18 + [fake] * 2}

    assert conspicuous(evidence(loss=loss, history=history(*even))) == {}
    assert conspicuous(evidence(loss=loss, history=history(*ahead))).keys() == {"balance"}


def test_losses_at_the_logits():
    history = {"real_logits": [0.9], "fake_logits": [0.1]}
    found_ = found(evidence(loss=losses.LeastSquares(), history=history))
    assert found_["balance"].value == pytest.approx(0.01 / 0.25)
    assert "balance" not in found(evidence(history={}))


@pytest.mark.parametrize("loss", [losses.Wasserstein(), losses.Relativistic()])
def test_signs_without_a_meaning_are_not_judged(loss):
    history = {"real_logits": [90], "fake_logits": [-90]}
    overfitting = metrics.Overfitting(1.0, -1.0, 0.7)
    looked = evidence(loss=loss, history=history, overfitting=overfitting)
    assert found(looked).keys().isdisjoint({"balance", "r_t"})
    assert conspicuous(looked) == {"r_v": 0.7}


def test_r_t_counts_where_there_are_no_held_out_images():
    for r_v, expected in ((None, {"r_t"}), (0.4, set()), (0.6, {"r_v"})):
        looked = evidence(overfitting=metrics.Overfitting(0.98, -0.98, r_v))
        assert conspicuous(looked).keys() == expected
    # A discriminator that takes all for real knows nothing by heart.
    assert conspicuous(evidence(overfitting=metrics.Overfitting(1.0, 1.0, None))) == {}


def test_the_advice_names_flags_of_geans_train():
    known = {name for name, *_ in train.FLAGS} | {
        name for name, _ in overrides.presets.plain_fields()
    }
    for augmentation in (None, "diff_augment"):
        for each in found(evidence(augmentation=augmentation)).values():
            assert set(re.findall(r"--(\w+)", each.advice)) <= known
            assert each.text.endswith(".") and each.advice.endswith(".")
