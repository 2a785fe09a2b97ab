import pytest

from geans import cli
from tests.experiment.small_presets import fashion, ring, untrained


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    few = fashion(data_options={"limit": 60}, batch_size=20)
    return untrained(few, tmp_path_factory.mktemp("run"))


def test_a_run_that_was_too_short(run_dir, capsys):
    before = sorted(run_dir.iterdir())
    assert cli.main(["doctor", str(run_dir)]) == 0
    first, second, last = capsys.readouterr().out.splitlines()
    assert first.startswith("The generator has had 0 updates. Images need 2,000 updates or more:")
    assert second.startswith("Conspicuous as well, but perhaps only because it is early: variety,")
    assert last.startswith("Looked at: divergence 0, updates 0, data range -1, variety 0")
    assert "r_v" in last or "r_t" in last
    assert cli.main(["doctor", f"--run_dir={run_dir}", "--samples=9", "--seed=1"]) == 0
    assert "updates 0," in capsys.readouterr().out
    assert sorted(run_dir.iterdir()) == before


def test_flags_may_follow_the_directory(run_dir, capsys):
    assert cli.main(["doctor", str(run_dir), "--data=folder:elsewhere"]) == 2
    assert "folder:elsewhere" in capsys.readouterr().err


def test_points_are_refused_in_one_line(tmp_path, capsys):
    assert cli.main(["doctor", str(untrained(ring(), tmp_path))]) == 2
    printed = capsys.readouterr()
    assert "Only runs on images are looked at" in printed.err and "mixture:ring" in printed.err
    assert not printed.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Pass --run_dir"),
        (["absent"], "holds no trained model"),
        (["a", "b"], "geans doctor takes one RUN_DIR and flags. Received: b"),
        (["a", "--run_dir=b"], "Received: a"),
        (["a", "--samples=1"], "--samples must be 2 or more"),
    ],
)
def test_bad_flags_end_in_one_line(arguments, message, capsys):
    assert cli.main(["doctor", *arguments]) == 2
    printed = capsys.readouterr()
    assert message in printed.err and not printed.out


def test_help_says_that_the_directory_needs_no_flag(capsys):
    assert cli.main(["doctor", "--help"]) == 0
    printed = capsys.readouterr().out
    assert "geans doctor runs/gean_fashion" in printed
    assert "Instead of --run_dir=PATH, PATH alone will do." in printed
