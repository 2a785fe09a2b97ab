import numpy as np
import pytest

from geans import cli


@pytest.mark.slow
def test_a_page_is_made_of_a_name_with_named_directions(tmp_path, capsys):
    np.savez(tmp_path / "directions.npz", slanted=np.ones(64))
    page = tmp_path / "page.html"
    flags = [f"--output={page}", f"--directions={tmp_path / 'directions.npz'}", "--title=Digits"]
    assert cli.main(["explore", "digits", *flags]) == 0
    assert str(page) in capsys.readouterr().out
    text = page.read_text()
    assert '"name": "slanted"' in text and "<title>Digits</title>" in text


def test_mistakes_are_said_before_anything_is_made(tmp_path, capsys):
    assert cli.main(["explore", "digitz", f"--output={tmp_path / 'page.html'}"]) == 2
    assert "digitz" in capsys.readouterr().err
    assert cli.main(["explore", "digits", f"--output={tmp_path / 'page'}"]) == 2
    assert "must end in .html" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
