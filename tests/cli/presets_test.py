from geans import cli, presets


def test_a_line_per_preset(capsys):
    assert cli.main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["preset", *presets.names()]
    for line, name in zip(lines[1:], presets.names(), strict=True):
        assert presets.expected(name).score in line


def test_markdown(capsys):
    assert cli.main(["presets", "--markdown"]) == 0
    rows = capsys.readouterr().out.splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == presets.names()
