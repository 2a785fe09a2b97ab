"""Reads the tensors of a PyTorch file without PyTorch, and without running its code.

Such a file is a pickle, a program that may call any function. Here `pickletools` lists its
instructions, and only those that a state dict of tensors needs are followed.
"""

import dataclasses
import io
import math
import os
import pathlib
import pickletools
import struct
import zipfile

import numpy as np

from geans import values

MOST_BYTES = 2**29
# A state dict needs about 30 for each of its tensors; each makes one object.
MOST_INSTRUCTIONS = 300_000
MOST_DIMENSIONS = 32

LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PROTOCOL = 1001

# What storages hold, by the name of their class.
DTYPES = {
    "torch DoubleStorage": "<f8",
    "torch FloatStorage": "<f4",
    "torch HalfStorage": "<f2",
    "torch LongStorage": "<i8",
    "torch IntStorage": "<i4",
    "torch ShortStorage": "<i2",
    "torch CharStorage": "<i1",
    "torch ByteStorage": "<u1",
}

# All that malformed numbers, names, instructions and archives raise.
DAMAGES = (
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zipfile.BadZipFile,
)


def read(path):
    """Returns the tensors of a file that `torch.save(model.state_dict(), path)` has written.

    It is a dict from names to read-only arrays, in the file's order. Both formats are read: the zip
    of PyTorch 1.6 and later, and the older one. Nothing in the file is run or imported, so it need
    not be trusted.

    Args:
        path: The file, at most 512 MiB.

    Raises:
        ValueError: If the file is missing or damaged, or holds anything but a dict of tensors of
            the usual types (no complex, boolean, quantised or bfloat16 ones).

    Reference: PyTorch, torch/serialization.py, `_legacy_save` and `_save`.
    """
    try:
        content = _content(path)
        return (_read_zip if content.startswith(b"PK\3\4") else _read_legacy)(content)
    except _Refused as error:
        raise ValueError(f"Cannot read {path}: {error}.") from error
    except DAMAGES as error:
        raise ValueError(
            f"Cannot read {path}: it is damaged, or no PyTorch file "
            f"({type(error).__name__}: {error}). Get or save it again."
        ) from error


class _Refused(ValueError):
    """The reason is a message for users."""


def _content(path):
    if not isinstance(path, str | os.PathLike):
        raise _Refused(f"a path is a string or a pathlib.Path, not a {type(path).__name__}")
    path = pathlib.Path(path)
    if not path.is_file():
        raise _Refused("there is no such file")
    if path.stat().st_size > MOST_BYTES:
        raise _Refused(f"it has {path.stat().st_size:,} bytes, more than {MOST_BYTES:,}")
    return path.read_bytes()


def _read_zip(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        _check_records(archive.infolist(), len(content))
        # An archive has one folder, named like the file when it was saved.
        folder = archive.namelist()[0].split("/")[0]
        if f"{folder}/byteorder" in archive.namelist():
            _check_byte_order(archive.read(f"{folder}/byteorder") == b"little")
        tensors = _tensors(_run(io.BytesIO(archive.read(f"{folder}/data.pkl"))))
        keys = {tensor.storage.key for tensor in tensors.values()}
        buffers = {key: archive.read(f"{folder}/data/{key}") for key in keys}
    return {name: tensor.array(buffers) for name, tensor in tensors.items()}


def _check_records(records, size):
    # Compressed ones, or ones that lie over each other, could be far larger than the file.
    stored = all(record.compress_type == zipfile.ZIP_STORED for record in records)
    if not stored or sum(record.file_size for record in records) > size:
        raise _Refused("its records are compressed or overlap, which torch.save never writes")


def _read_legacy(content):
    file = io.BytesIO(content)
    if not content.startswith(b"\x80") or _run(file) != LEGACY_MAGIC:
        raise _Refused("it does not begin like a file of torch.save")
    if _run(file) != LEGACY_PROTOCOL:
        raise _Refused("it is of an unknown version of the older format")
    _check_byte_order(_run(file)["little_endian"] is True)
    tensors = _tensors(_run(file))
    storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
    buffers = {}
    for key in _checked_names(_run(file)):
        # The number of elements stands before the bytes, too.
        [count] = struct.unpack("<q", file.read(8))
        if count != storages[key].count:
            raise _Refused(f"storage {key!r} has {count} elements, not {storages[key].count}")
        buffers[key] = file.read(storages[key].size)
    return {name: tensor.array(buffers) for name, tensor in tensors.items()}


def _check_byte_order(little):
    if not little:
        raise _Refused("its numbers are big-endian; save it again on a little-endian machine")


def _checked_names(keys):
    # To hash tuples within tuples within tuples can take forever.
    if not all(isinstance(key, str) for key in keys):
        raise _Refused("something in it is named by other things than text")
    return keys


def _tensors(state_dict):
    if not isinstance(state_dict, dict):
        raise _Refused(f"it holds a {type(state_dict).__name__}; save model.state_dict()")
    for name, value in state_dict.items():
        if not isinstance(value, _Tensor):
            kind = type(value).__name__
            raise _Refused(f"{name!r} is a {kind}, no tensor; save model.state_dict() alone")
    return state_dict


@dataclasses.dataclass(frozen=True)
class _Name:
    """A function or class that the program names, which is never looked up."""

    name: str


@dataclasses.dataclass(frozen=True)
class _Storage:
    key: str
    dtype: np.dtype
    count: int

    @classmethod
    def of(cls, persistent_id):
        kind, storage_class, key, _, count, *view = persistent_id
        if kind != "storage" or storage_class.name not in DTYPES or view not in ([], [None]):
            raise _Refused("a tensor is stored in an unknown way")
        if not values.is_integer(count) or not 0 <= count <= MOST_BYTES:
            raise _Refused("a storage has an impossible size")
        [key] = _checked_names([key])
        return cls(key, np.dtype(DTYPES[storage_class.name]), count)

    @property
    def size(self):
        return self.count * self.dtype.itemsize


@dataclasses.dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple
    strides: tuple

    def array(self, buffers):
        """A view of the storage's bytes; NumPy checks that all of it lies within them."""
        buffer = buffers[self.storage.key]
        if len(buffer) != self.storage.size:
            raise _Refused(f"storage {self.storage.key!r} has {len(buffer)} bytes: it is damaged")
        numbers = (self.offset, *self.shape, *self.strides)
        if len(self.shape) > MOST_DIMENSIONS or not all(map(values.is_integer, numbers)):
            raise _Refused("a tensor has an impossible shape")
        # Strides of 0 would make an array of any size out of one number.
        if math.prod(self.shape) > self.storage.count:
            raise _Refused(f"a tensor of shape {self.shape} is larger than its storage")
        item = self.storage.dtype.itemsize
        strides = tuple(item * stride for stride in self.strides)
        return np.ndarray(self.shape, self.storage.dtype, buffer, item * self.offset, strides)


def _ordered_dict():
    return {}


def _rebuild_tensor(storage, offset, shape, strides, requires_grad, backward_hooks):
    if not isinstance(storage, _Storage):
        raise _Refused("a tensor has no storage")
    return _Tensor(storage, offset, shape, strides)


def _rebuild_parameter(tensor, requires_grad, backward_hooks):
    return tensor


# All that the program may call.
CALLS = {
    "collections OrderedDict": _ordered_dict,
    "torch._utils _rebuild_parameter": _rebuild_parameter,
    "torch._utils _rebuild_tensor_v2": _rebuild_tensor,
}


class _Machine:
    """What a pickle works on: a stack, and a memo of what will be used again."""

    MARK = object()

    def __init__(self):
        self.stack = []
        self.memo = {}

    def push(self, value):
        self.stack.append(value)

    def pop(self, count):
        return [self.stack.pop() for _ in range(count)][::-1]

    def pop_to_mark(self):
        return list(iter(self.stack.pop, self.MARK))[::-1]

    def remember(self, key):
        self.memo[key] = self.stack[-1]

    def extend_list(self, items):
        self.stack[-1].extend(items)

    def extend_dict(self, items):
        keys = _checked_names(items[::2])
        self.stack[-1].update(zip(keys, items[1::2], strict=True))

    def push_name(self, name):
        if name not in CALLS and name not in DTYPES:
            raise _Refused(
                f"it asks for {name!r}, which plain weights do not need and which is not run; if "
                "the file is yours, save model.state_dict() alone"
            )
        self.push(_Name(name))

    def call(self):
        function, arguments = self.pop(2)
        self.push(CALLS[function.name](*arguments))


# What torch.save writes of pickle's protocol 2, and BINSTRING, which Python 2 wrote for text. BUILD
# sets attributes of a dict, the versions of modules, which weights do not need.
INSTRUCTIONS = {
    "PROTO": lambda machine, _: None,
    "NONE": lambda machine, _: machine.push(None),
    "NEWTRUE": lambda machine, _: machine.push(True),
    "NEWFALSE": lambda machine, _: machine.push(False),
    **dict.fromkeys(
        ("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE", "BINSTRING", "SHORT_BINSTRING"),
        _Machine.push,
    ),
    "MARK": lambda machine, _: machine.push(machine.MARK),
    "EMPTY_TUPLE": lambda machine, _: machine.push(()),
    "TUPLE1": lambda machine, _: machine.push(tuple(machine.pop(1))),
    "TUPLE2": lambda machine, _: machine.push(tuple(machine.pop(2))),
    "TUPLE3": lambda machine, _: machine.push(tuple(machine.pop(3))),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.pop_to_mark())),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "APPEND": lambda machine, _: machine.extend_list(machine.pop(1)),
    "APPENDS": lambda machine, _: machine.extend_list(machine.pop_to_mark()),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "SETITEM": lambda machine, _: machine.extend_dict(machine.pop(2)),
    "SETITEMS": lambda machine, _: machine.extend_dict(machine.pop_to_mark()),
    "BINPUT": _Machine.remember,
    "LONG_BINPUT": _Machine.remember,
    "BINGET": lambda machine, key: machine.push(machine.memo[key]),
    "LONG_BINGET": lambda machine, key: machine.push(machine.memo[key]),
    "GLOBAL": _Machine.push_name,
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.pop(1),
    "BINPERSID": lambda machine, _: machine.push(_Storage.of(*machine.pop(1))),
}


def _run(file):
    """Follows the program at a file's position to its end, and returns its result."""
    machine = _Machine()
    for count, (instruction, argument, _) in enumerate(pickletools.genops(file)):
        if instruction.name == "STOP":
            return machine.stack[-1]
        if instruction.name not in INSTRUCTIONS or count > MOST_INSTRUCTIONS:
            raise _Refused(f"instruction {count:,}, {instruction.name}, does not belong to weights")
        INSTRUCTIONS[instruction.name](machine, argument)
