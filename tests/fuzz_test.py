"""Random and mutated files: whatever comes of them is a result or a `ValueError`.

    GEANS_FUZZ_EXAMPLES=5000 pytest tests/fuzz_test.py -m nightly -s

tries as many examples of each kind, new ones every time, and prints how many were refused. Without
the variable the examples are the same in every run.
"""

import collections
import dataclasses
import io
import json
import os
import struct
import tempfile
import zipfile
import zlib

import hypothesis
import keras
import numpy as np
import PIL.Image
import pytest
from hypothesis import strategies as st

import geans
from geans import data, experiment, networks, presets, report

MANY = int(os.environ.get("GEANS_FUZZ_EXAMPLES", 0))
FIELDS = [field.name for field in dataclasses.fields(presets.Preset)]


def image_bytes(mode, format, **options):
    pixels = np.random.default_rng(0).integers(0, 256, (12, 16, 3), dtype="uint8")
    file = io.BytesIO()
    PIL.Image.fromarray(pixels).convert(mode).save(file, format, **options)
    return file.getvalue()


def sixteen_bits():
    file = io.BytesIO()
    PIL.Image.fromarray(np.arange(192, dtype="uint16").reshape(12, 16) * 300).save(file, "PNG")
    return file.getvalue()


IMAGES = [
    *(image_bytes(mode, "PNG") for mode in ("RGB", "RGBA", "L", "LA", "P", "1")),
    image_bytes("P", "PNG", transparency=0),
    sixteen_bits(),
    *(image_bytes(mode, "JPEG") for mode in ("RGB", "L", "CMYK")),
    image_bytes("RGB", "JPEG", progressive=True),
    *(image_bytes("RGB", format) for format in ("GIF", "WEBP", "BMP", "TIFF")),
    image_bytes("L", "TIFF", compression="tiff_lzw"),
]


@st.composite
def mutated(draw, originals):
    """Bytes of one of `originals`, cut, flipped, overwritten or joined with another's."""
    content = draw(st.sampled_from(originals))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(content)))
        to = draw(st.integers(at, min(len(content), at + 64)))
        change = draw(st.sampled_from(["cut", "flip", "overwrite", "join", "remove"]))
        if change == "cut":
            content = content[:at]
        elif change == "flip" and at < len(content):
            bit = 1 << draw(st.integers(0, 7))
            content = content[:at] + bytes([content[at] ^ bit]) + content[at + 1 :]
        elif change == "overwrite":
            content = content[:at] + draw(st.binary(max_size=64)) + content[to:]
        elif change == "join":
            other = draw(st.sampled_from(originals))
            content = content[:at] + other[draw(st.integers(0, len(other))) :]
        elif change == "remove":
            content = content[:at] + content[to:]
    return content


@st.composite
def well_formed_png(draw):
    """Any header and any pixels, of sizes that need not fit, with checksums that do."""
    size = st.one_of(st.integers(1, 20), st.integers(0, 2**32 - 1), st.just(9_000))
    flag = st.sampled_from([0, 0, 0, 0, 0, 0, 0, 1])
    header = struct.pack(
        ">IIBBBBB",
        draw(size),
        draw(size),
        draw(st.sampled_from([1, 2, 4, 8, 16, 3])),
        draw(st.sampled_from([0, 2, 3, 4, 6, 5])),
        *(draw(flag) for _ in range(3)),
    )
    # Of bytes up to 4, each may begin a row: it names a filter.
    row = st.binary(max_size=200) | st.lists(st.integers(0, 4), min_size=1).map(bytes)
    pixels = zlib.compress(draw(row) * draw(st.integers(1, 200)))
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    kinds = st.sampled_from(
        [b"PLTE", b"tRNS", b"eXIf", b"gAMA", b"iCCP", b"zTXt", b"acTL", b"fcTL"]
    )
    for kind in draw(st.lists(kinds, max_size=2)):
        chunks.insert(draw(st.integers(1, 2)), (kind, draw(st.binary(max_size=60))))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def read_folder(content, folder):
    """Of bytes and an extension: one image, of the right shape and range."""
    content, extension = content
    path = folder / f"a{extension}"
    path.write_bytes(content)
    try:
        (batch,) = data.images.from_folder(folder, 8)
        assert batch.shape in [(1, 8, 8, 1), (1, 8, 8, 3)] and np.abs(batch).max() <= 1
    except ValueError as error:
        assert str(path) in str(error)
        return "refused"
    finally:
        path.unlink()
    return "read"


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
PRESETS = [dataclasses.asdict(presets.get(name)) for name in presets.names()]
PRESET_TEXTS = [json.dumps(preset, indent=2).encode() for preset in PRESETS]


@st.composite
def changed_preset(draw):
    """A preset with other values in some fields, and some more or fewer fields."""
    values = dict(draw(st.sampled_from(PRESETS)))
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=3)):
        values[name] = draw(plain)
    for name in draw(st.lists(st.sampled_from(FIELDS), max_size=1)):
        values.pop(name, None)
    return json.dumps(values | draw(st.dictionaries(st.text(max_size=9), plain, max_size=1)))


def read_preset(content, folder):
    """Bytes or text: a preset that can be written and read again."""
    path = folder / "preset.json"
    if isinstance(content, str):
        content = content.encode("utf-8", "surrogatepass")
    path.write_bytes(content)
    try:
        preset = presets.read(path)
    except ValueError as error:
        assert str(path) in str(error) and len(str(error)) < 5_000
        return "refused"
    report.write_json(dataclasses.asdict(preset), path)
    assert presets.read(path) == preset
    return "read"


def model_parts():
    """The files within a saved model, by name."""
    model = geans.GEAN(
        networks.mlp.generator(3, (2,), units=(4,), seed=1),
        networks.mlp.discriminator((2,), units=(4,), seed=2),
        update_every=2,
        seed=3,
    )
    model.compile(penalty="r1")
    with tempfile.TemporaryDirectory() as folder:
        model.save(f"{folder}/model.keras")
        archive = zipfile.ZipFile(f"{folder}/model.keras")
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(parts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return file.getvalue()


def leaves(tree, path=()):
    """Paths to all values within nested dicts and lists."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree)
    for key, value in inner:
        yield (*path, key)
        if isinstance(value, (dict, list)):
            yield from leaves(value, (*path, key))


# Layers are made as large as their config says, before anybody looks at their weights.
small = st.none() | st.booleans() | st.integers(-9, 99) | st.text(max_size=9) | st.just([])


@st.composite
def changed_model(draw, parts):
    """A model file whose config, weights or archive is not what was written."""
    what = draw(st.sampled_from(["archive", "value", "text", "weights", "missing"]))
    if what == "archive":
        return draw(mutated([zipped(parts)]))
    parts = dict(parts)
    if what == "value":
        config = json.loads(parts["config.json"])
        for _ in range(draw(st.integers(1, 2))):
            *way, last = draw(st.sampled_from(list(leaves(config))))
            place = config
            for key in way:
                place = place[key]
            place[last] = draw(small)
        parts["config.json"] = json.dumps(config)
    elif what == "missing":
        del parts[draw(st.sampled_from(sorted(parts)))]
    else:
        name = {"text": "config.json", "weights": "model.weights.h5"}[what]
        parts[name] = draw(mutated([parts[name]]))
    return zipped(parts)


def load_model(content, folder):
    """Bytes of a model file: an adversarial model."""
    (folder / "model.keras").write_bytes(content)
    try:
        model = experiment.load(folder)
    except ValueError as error:
        assert str(folder) in str(error)
        return "refused"
    finally:
        keras.backend.clear_session()
    assert isinstance(model, geans.AdversarialModel)
    return "read"


# Strategy, what is tried with it, and how many examples: in every run, and in the nightly one.
EXTENSIONS = st.sampled_from([".png", ".JPEG", ".tif"])
FUZZ = {
    "random bytes as images": (st.tuples(st.binary(), EXTENSIONS), read_folder, 30, 500),
    "mutated images": (st.tuples(mutated(IMAGES), EXTENSIONS), read_folder, 60, 1_500),
    "well-formed PNG": (st.tuples(well_formed_png(), st.just(".png")), read_folder, 40, 1_000),
    "random JSON as presets": (plain.map(json.dumps), read_preset, 100, 3_000),
    "random bytes as presets": (st.binary(), read_preset, 100, 3_000),
    "changed presets": (changed_preset(), read_preset, 100, 5_000),
    "mutated presets": (mutated(PRESET_TEXTS), read_preset, 100, 5_000),
    "changed models": (st.deferred(lambda: changed_model(model_parts())), load_model, 4, 40),
}
NEVER_READ = {"random bytes as images", "random JSON as presets", "random bytes as presets"}
SIZES = [
    *(pytest.param(case, 2, id=f"{case}, few") for case in FUZZ),
    *(pytest.param(case, 3, id=f"{case}, many", marks=pytest.mark.nightly) for case in FUZZ),
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("case", "size"), SIZES)
def test_a_result_or_a_value_error(case, size, tmp_path):
    strategy, attempt = FUZZ[case][:2]
    count = MANY if MANY and size == 3 else FUZZ[case][size]
    outcomes = collections.Counter()

    @hypothesis.settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=not MANY,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(strategy)
    def run(content):
        outcomes[attempt(content, tmp_path)] += 1

    before = report.peak_memory_mb()
    run()
    grown = report.peak_memory_mb() - before
    print(f"{case}: {dict(outcomes)}, peak memory grown by {grown:.0f} MB")
    assert outcomes["refused"] > 0
    assert (outcomes["read"] > 0) or case in NEVER_READ or size == 2
    # An image of 89 million pixels takes some 1,000 on its way.
    assert grown < 2_000
