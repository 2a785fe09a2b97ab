import pathlib

from geans import files, types


def test_they_need_neither_keras_nor_numpy(run_python, tmp_path):
    code = "import sys, geans.types; print(*({'keras', 'numpy', 'tensorflow'} & set(sys.modules)))"
    assert run_python(code, tmp_path).split() == []


def test_what_they_accept():
    def read(path: types.PathLike) -> types.Size:
        return files.path_of(path).stat().st_size

    assert read(__file__) == read(pathlib.Path(__file__)) > 0
