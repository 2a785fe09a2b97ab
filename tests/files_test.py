import pytest

from geans import files


def test_a_file_appears_whole(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with files.replacing(path) as unfinished:
        unfinished.write_text("new")
        assert path.read_text() == "old" and unfinished.suffix == ".txt"
    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_alone(tmp_path, error):
    path = tmp_path / "notes.txt"
    path.write_text("old")
    with pytest.raises(error), files.replacing(path) as unfinished:
        unfinished.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_directory_is_an_error(tmp_path):
    with pytest.raises(OSError), files.replacing(tmp_path / "absent" / "notes.txt") as unfinished:
        unfinished.write_text("new")
