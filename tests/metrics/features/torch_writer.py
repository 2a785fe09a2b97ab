"""Writes files of torch.save, sound and unsound ones, where there is no PyTorch."""

import io
import struct
import zipfile

import numpy as np

STORAGES = {"float32": "FloatStorage", "float64": "DoubleStorage", "int64": "LongStorage"}
ORDERED_DICT = b"ccollections\nOrderedDict\n)R"


def text(value):
    return b"X" + struct.pack("<I", len(value.encode())) + value.encode()


def integer(value):
    return b"J" + struct.pack("<i", value)


def long_integer(value):
    encoded = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)
    return b"\x8a" + bytes([len(encoded)]) + encoded


def integers(values):
    return b"(" + b"".join(map(integer, values)) + b"t"


def program(body):
    return b"\x80\x02" + body + b"."


def storage(dtype, key, count, *, view=b""):
    kind = b"ctorch\n" + STORAGES[str(dtype)].encode() + b"\n"
    return b"(" + text("storage") + kind + text(key) + text("cpu") + integer(count) + view + b"tQ"


def tensor(stored, shape, strides, offset=0):
    numbers = integer(offset) + integers(shape) + integers(strides)
    return (
        b"ctorch._utils\n_rebuild_tensor_v2\n(" + stored + numbers + b"\x89" + ORDERED_DICT + b"tR"
    )


def state_dict(tensors, *, view=b""):
    """The program that makes named arrays, each with a storage of its own, named by its number."""
    items = []
    for key, (name, array) in enumerate(tensors.items()):
        strides = [stride // array.itemsize for stride in array.strides]
        stored = storage(array.dtype, str(key), array.size, view=view)
        items.append(text(name) + tensor(stored, array.shape, strides))
    return program(ORDERED_DICT + b"(" + b"".join(items) + b"u")


def zip_file(pickled, storages, *, byteorder=b"little", compression=zipfile.ZIP_STORED):
    """The newer format, from its program and a dict of the storages' bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("archive/data.pkl", pickled)
        archive.writestr("archive/version", b"3\n")
        archive.writestr("archive/byteorder", byteorder)
        for key, content in storages.items():
            archive.writestr(f"archive/data/{key}", content)
    return file.getvalue()


def legacy_file(pickled, storages, *, protocol=1001, little_endian=True):
    """The older format, from its program and a dict of the storages' (count, bytes)."""
    keys = b"](" + b"".join(map(text, storages)) + b"e"
    system = b"}" + text("little_endian") + (b"\x88" if little_endian else b"\x89") + b"s"
    return b"".join(
        [
            program(long_integer(0x1950A86A20F9469CFC6C)),
            program(integer(protocol)),
            program(system),
            pickled,
            program(keys),
            *(struct.pack("<q", count) + content for count, content in storages.values()),
        ]
    )


def save(path, tensors, *, zipped=True):
    """Like torch.save of a state dict, from arrays."""
    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    # Scalars, too, keep their shape: NumPy would make them one-dimensional.
    arrays = {name: array.reshape(tensors[name].shape) for name, array in arrays.items()}
    if zipped:
        contents = {str(key): array.tobytes() for key, array in enumerate(arrays.values())}
        path.write_bytes(zip_file(state_dict(arrays), contents))
    else:
        counted = {
            str(key): (array.size, array.tobytes()) for key, array in enumerate(arrays.values())
        }
        path.write_bytes(legacy_file(state_dict(arrays, view=b"N"), counted))
