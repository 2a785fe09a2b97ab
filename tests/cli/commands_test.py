import subprocess
import sys

import pytest

import geans
from geans import cli


def test_help_lists_every_command(capsys):
    for arguments in ([], ["--help"], ["-h"], ["help"]):
        assert cli.main(arguments) == 0
        printed = capsys.readouterr().out
        assert all(f"geans {name}" in printed for name in cli.COMMANDS)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_explains_itself(name, capsys):
    assert cli.main([name, "--help"]) == 0
    assert f"geans {name}" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", ["--help", "train --help", "presets", "train --preset=no"])
def test_without_work_there_is_no_tensorflow(arguments, run_python, tmp_path):
    code = """
import sys
from geans import cli
cli.main(sys.argv[1].split())
print("tensorflow" in sys.modules or "keras" in sys.modules)
"""
    assert run_python(code, tmp_path, arguments).splitlines()[-1] == "False"


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"geans {geans.__version__}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "Unknown command 'trian'. Did you mean 'train'? Known: train"),
        (["train", "--epoch=3"], "epoch"),
        (["train", "--epochs=three"], "three"),
        (["train", "more"], "takes flags only. Received: more"),
        (["train", "--evaluation_samples=1"], "--evaluation_samples must be 2 or more"),
        (["train", "--preset=gan"], "Unknown preset 'gan'. Did you mean 'cgan'? Known"),
        (["train", "--on_error=drop"], "should be one of <raise|skip>"),
        (["train", "--on_error=skip"], "for folders: folder, video, pairs. Received: data='embed"),
        (["train", "--update_every=batch"], "'growing:K'"),
        (["sample"], "Pass --run_dir"),
        (["export"], "Pass --run_dir"),
        (["sample", "--run_dir=x", "--output=x.jpg"], "must end in .png, .npy or .gif"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(arguments, message, capsys):
    assert cli.main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err and printed.err.startswith("geans: ")
    assert "Traceback" not in printed.err


def test_a_disk_fault_is_one_line_and_exit_code_1(tmp_path, monkeypatch, capsys):
    def fail(values):
        (tmp_path / "missing" / "file").write_text("x")

    monkeypatch.setattr("geans.cli.presets.run", fail)
    assert cli.main(["presets"]) == cli.FAILED
    printed = capsys.readouterr().err
    assert printed.count("\n") == 1 and str(tmp_path / "missing" / "file") in printed


def test_the_console_script_is_installed():
    script = f"{sys.prefix}/bin/geans"
    done = subprocess.run([script, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"geans {geans.__version__}"
