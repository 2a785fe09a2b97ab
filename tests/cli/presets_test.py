import pathlib

from geans import cli, presets

ROOT = pathlib.Path(__file__).parents[2]


def test_a_line_per_preset(capsys):
    assert cli.main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["preset", *presets.names()]
    for line, name in zip(lines[1:], presets.names(), strict=True):
        assert presets.get(name).expected_score in line


def test_the_readmes_table_is_this_one(capsys):
    assert cli.main(["presets", "--markdown"]) == 0
    assert capsys.readouterr().out in (ROOT / "README.md").read_text()
