import os
import pathlib
import pickle
import struct
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geans.metrics.features import torch_file
from tests.metrics.features import inception_golden, torch_writer

NUMBERS = np.arange(6, dtype="float32").reshape(2, 3)
STORED = torch_writer.storage("float32", "0", 6)
BYTES = {"0": NUMBERS.tobytes()}
FORMATS = sorted(inception_golden.SAMPLES)


def one_tensor(tensor):
    """The program of a state dict with one tensor, named "a"."""
    return torch_writer.program(b"}" + torch_writer.text("a") + tensor + b"s")


@pytest.fixture
def read(tmp_path):
    def read(content):
        (tmp_path / "weights.pth").write_bytes(content)
        return torch_file.read(tmp_path / "weights.pth")

    return read


@pytest.fixture
def read_zip(read):
    return lambda pickled, storages=BYTES, **options: read(
        torch_writer.zip_file(pickled, storages, **options)
    )


@pytest.mark.parametrize("name", FORMATS)
def test_reads_what_torch_has_saved(name):
    found = torch_file.read(inception_golden.SAMPLES[name])
    expected = inception_golden.sample_tensors()
    assert list(found) == list(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, strict=True)
        assert not found[name].flags.writeable


@pytest.mark.parametrize("zipped", [True, False])
def test_reads_what_torch_saves_here(tmp_path, zipped):
    torch = pytest.importorskip("torch", reason="PyTorch, which writes the file, is not installed")
    layer = torch.nn.BatchNorm1d(5)
    path = tmp_path / "layer.pth"
    torch.save(layer.state_dict(), path, _use_new_zipfile_serialization=zipped)
    found = torch_file.read(str(path))
    assert list(found) == list(layer.state_dict())
    for name, tensor in layer.state_dict().items():
        np.testing.assert_array_equal(found[name], tensor.numpy(), strict=True)


@pytest.mark.parametrize("zipped", [True, False])
def test_the_files_of_the_tests_are_like_those_of_torch(tmp_path, zipped):
    """With PyTorch, its own restricted reader finds the same in them."""
    path = tmp_path / "weights.pth"
    tensors = {"numbers": NUMBERS, "scalar": np.array(7), "doubles": NUMBERS.astype("float64").T}
    torch_writer.save(path, tensors, zipped=zipped)
    found = torch_file.read(path)
    for name, array in tensors.items():
        np.testing.assert_array_equal(found[name], array, strict=True)
    torch = pytest.importorskip("torch", reason="PyTorch, the other reader, is not installed")
    for name, tensor in torch.load(path, weights_only=True).items():
        np.testing.assert_array_equal(tensor.numpy(), tensors[name], strict=True)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda program: torch_writer.zip_file(program, {}),
        lambda program: torch_writer.legacy_file(program, {}),
        lambda program: program,
    ],
    ids=["zip", "legacy", "pickle"],
)
def test_code_is_not_run(read, tmp_path, wrap):
    marker = tmp_path / "code has run"
    call = b"cposix\nmkdir\n" + torch_writer.text(str(marker)) + b"\x85R"
    program = torch_writer.program(call)
    with pytest.raises(ValueError, match="'posix mkdir'.* is not run"):
        read(wrap(program))
    assert not marker.exists()
    # What these bytes do where they are trusted.
    pickle.loads(program)
    assert marker.exists()


@pytest.mark.parametrize(
    "call",
    [
        b"cbuiltins\neval\n",
        b"cposix\nsystem\n",
        b"ctorch\nload\n",
        b"ctorch.serialization\nload\n",
        # Names in the table that are no functions.
        b"ctorch\nFloatStorage\n",
        # Not a name, but an object that the program has made.
        b"}",
        STORED,
    ],
)
def test_only_what_tensors_need_is_called(read_zip, call):
    with pytest.raises(ValueError, match="^Cannot read"):
        read_zip(one_tensor(call + torch_writer.text("print(1)") + b"\x85R"))


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch_writer.tensor(STORED, (2, 3), (3, 1), offset=1), "damaged"),
        (torch_writer.tensor(STORED, (2, 3), (4, 1)), "damaged"),
        (torch_writer.tensor(STORED, (2, 3), (-3, 1)), "damaged"),
        (torch_writer.tensor(STORED, (2, 3), (3, 1), offset=-1), "damaged"),
        (torch_writer.tensor(STORED, (-2, -3), (3, 1)), "damaged"),
        (torch_writer.tensor(STORED, (2, 3), (3,)), "damaged"),
        (torch_writer.tensor(STORED, (2**30,), (0,)), "larger than its storage"),
        (torch_writer.tensor(STORED, (1,) * 33, (1,) * 33), "impossible shape"),
        (torch_writer.tensor(b"N", (2, 3), (3, 1)), "no storage"),
        (torch_writer.tensor(torch_writer.storage("float32", "0", 7), (7,), (1,)), "24 bytes"),
        (torch_writer.tensor(torch_writer.storage("float64", "0", 6), (6,), (1,)), "24 bytes"),
        (torch_writer.tensor(torch_writer.storage("float32", "0", -6), (6,), (1,)), "size"),
        (torch_writer.tensor(torch_writer.storage("float32", "1", 6), (6,), (1,)), "data/1"),
        (b"N", "'a' is a NoneType, no tensor"),
        (b"}", "'a' is a dict, no tensor"),
        (b"ctorch\nBFloat16Storage\n", "'torch BFloat16Storage'"),
    ],
)
def test_unsound_tensors_are_refused(read_zip, tensor, message):
    with pytest.raises(ValueError, match=f"^Cannot read .*weights.pth: .*{message}"):
        read_zip(one_tensor(tensor))


def test_the_program_of_those_tests_is_sound_without_its_fault(read_zip):
    found = read_zip(one_tensor(torch_writer.tensor(STORED, (2, 3), (3, 1))))
    np.testing.assert_array_equal(found["a"], NUMBERS)


SOUND = one_tensor(torch_writer.tensor(STORED, (2, 3), (3, 1)))
COUNTED = {"0": (6, NUMBERS.tobytes())}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begin like"),
        (b"not a file of torch", "begin like"),
        (torch_writer.program(b"K\1"), "begin like"),
        (b"PK\3\4 not a zip file", "damaged"),
        (torch_writer.zip_file(SOUND, {}), "data/0"),
        (torch_writer.zip_file(SOUND, BYTES, byteorder=b"big"), "big-endian"),
        (
            torch_writer.zip_file(SOUND, BYTES, compression=zipfile.ZIP_DEFLATED),
            "compressed or overlap",
        ),
        (torch_writer.zip_file(torch_writer.program(b"]"), {}), "holds a list"),
        (torch_writer.legacy_file(SOUND, COUNTED, protocol=1000), "unknown version"),
        (torch_writer.legacy_file(SOUND, COUNTED, little_endian=False), "big-endian"),
        (torch_writer.legacy_file(SOUND, COUNTED)[:-1], "23 bytes"),
        (torch_writer.legacy_file(SOUND, {"0": (5, b"")}), "5 elements, not 6"),
        (torch_writer.legacy_file(SOUND, {"0": (2**62, b"")}), "elements, not 6"),
        (torch_writer.legacy_file(SOUND, {"1": (6, BYTES["0"])}), "damaged"),
        (torch_writer.legacy_file(SOUND, {}), "damaged"),
    ],
)
def test_unsound_files_are_refused(read, content, message):
    with pytest.raises(ValueError, match=f"^Cannot read .*weights.pth: .*{message}"):
        read(content)


def test_a_legacy_file_is_sound_without_its_fault(read):
    np.testing.assert_array_equal(read(torch_writer.legacy_file(SOUND, COUNTED))["a"], NUMBERS)


def doubled(first):
    """A program whose thing is a pair of pairs of pairs ... fifty levels deep."""
    return first + b"".join(b"q%ch%c\x86" % (level, level) for level in range(50))


@pytest.mark.slow
@pytest.mark.parametrize(
    "program",
    [
        # A few hundred bytes each, and 2**50 objects for a hash, an equality or a message.
        b"}" + doubled(b")") + b"Ns",
        b"}" + torch_writer.text("a") + doubled(b")") + b"s",
        b"}" + torch_writer.text("a") + doubled(b")") + b"Qs",
        doubled(b")"),
        b"}" + torch_writer.text("a") + b"(" + doubled(b")") + b"tQs",
        b"}" * (4 * torch_file.MOST_INSTRUCTIONS),
    ],
)
def test_small_programs_do_not_become_large(read_zip, program):
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="^Cannot read"):
            read_zip(torch_writer.program(program))
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_records_that_overlap_are_refused(read):
    """Many names of the same megabyte would be many megabytes."""
    content = torch_writer.zip_file(SOUND, {"0": b"\0" * 1000, "1": b"\0" * 1000})
    directory = content.index(b"PK\1\2")
    sizes = content.replace(struct.pack("<II", 1000, 1000), struct.pack("<II", 3000, 3000))
    with pytest.raises(ValueError, match="its records are compressed or overlap"):
        read(content[:directory] + sizes[directory:])


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere.pth", "no such file"),
        (pathlib.Path("nowhere.pth"), "no such file"),
        (".", "no such file"),
        (3, "not a int"),
        (None, "not a NoneType"),
    ],
)
def test_what_is_no_file_is_refused(path, message):
    with pytest.raises(ValueError, match=message):
        torch_file.read(path)


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.pth"
    path.touch()
    os.truncate(path, torch_file.MOST_BYTES + 1)
    with pytest.raises(ValueError, match="536,870,913 bytes, more than 536,870,912"):
        torch_file.read(path)


def arrays_or_error(path, content):
    """What must come of any bytes whatever: arrays no larger than the file, or a ValueError."""
    path.write_bytes(content)
    try:
        found = torch_file.read(path)
    except ValueError as error:
        assert str(error).startswith("Cannot read")
        return
    assert all(isinstance(name, str) for name in found)
    assert all(array.nbytes <= len(content) for array in found.values())
    assert all(array.tobytes() is not None for array in found.values())


CHANGES = st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3)), max_size=4)
FUZZ = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def changed(content, changes):
    """Bytes at relative places replaced by others, or by none, or by more."""
    for place, new in changes:
        start = int(place * len(content))
        content = content[:start] + new + content[start + 1 :]
    return content


@pytest.mark.slow
@FUZZ
@given(name=st.sampled_from(FORMATS), changes=CHANGES, kept=st.floats(0.5, 1))
def test_changed_files_give_arrays_or_an_error(tmp_path, name, changes, kept):
    content = changed(inception_golden.SAMPLES[name].read_bytes(), changes)
    arrays_or_error(tmp_path / "weights.pth", content[: int(kept * len(content))])


@pytest.mark.slow
@FUZZ
@given(changes=CHANGES)
def test_changed_programs_give_arrays_or_an_error(tmp_path, changes):
    """Here the archive around the program is sound: its checksums do not catch the change."""
    content = torch_writer.zip_file(changed(SOUND, changes), BYTES)
    arrays_or_error(tmp_path / "weights.pth", content)


PIECES = [
    *(bytes([code]) for code in b"().0Nabdehjlqrstu]}QR\x81\x85\x86\x87\x88\x89\x93\x94"),
    *(torch_writer.integer(number) for number in (-1, 0, 1, 6, 2**31 - 1)),
    *(torch_writer.text(word) for word in ("storage", "0", "cpu", "a")),
    *(b"c" + name.replace(" ", "\n").encode() + b"\n" for name in torch_file.CALLS),
    b"ctorch\nFloatStorage\n",
    b"cos\nsystem\n",
    b"q\x00",
    b"h\x00",
    torch_writer.long_integer(2**2000),
    torch_writer.long_integer(-(2**63)),
    STORED,
    torch_writer.tensor(STORED, (2, 3), (3, 1)),
    torch_writer.ORDERED_DICT,
]


@pytest.mark.slow
@FUZZ
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=30))
def test_any_instructions_give_arrays_or_an_error(tmp_path, pieces):
    content = torch_writer.zip_file(torch_writer.program(b"}" + b"".join(pieces)), BYTES)
    arrays_or_error(tmp_path / "weights.pth", content)
