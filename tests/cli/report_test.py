from geans import cli
from tests.pages.made_runs import made


def test_runs_and_flags_in_any_order(tmp_path, capsys):
    runs = [str(made(tmp_path / name, f"{name}_ring")) for name in ("gan", "gean")]
    page = tmp_path / "page.html"
    flags = ["-o", str(page), "--title=Ring", "--neighbours=false"]
    assert cli.main(["report", runs[0], *flags, runs[1]]) == 0
    assert str(page) in capsys.readouterr().out
    text = page.read_text()
    assert "<title>Ring</title>" in text and "gan_ring" in text and "gean_ring" in text
    assert cli.main(["report", f"--run_dirs={','.join(runs)}", f"--output={page}"]) == 0


def test_mistakes_are_said_before_anything_is_made(tmp_path, capsys):
    page = tmp_path / "page.html"
    assert cli.main(["report", f"--output={page}"]) == 2
    assert "needs the directory of a run" in capsys.readouterr().err
    assert cli.main(["report", str(tmp_path / "nowhere"), f"--output={page}"]) == 2
    assert "There is no directory" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
