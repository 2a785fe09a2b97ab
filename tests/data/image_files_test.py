"""Folders of images, through `images.from_folder`."""

import logging
import os
import re
import struct
import time
import zlib

import numpy as np
import PIL.Image
import PIL.ImageFile
import pytest
import tensorflow as tf

from geans.data import image_files, images, pipeline
from tests.data.read_back import everything, to_bytes


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype("uint8")


def save(pixels, path, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = PIL.Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(path, **options)


@pytest.fixture(params=[2**30, 1], ids=["in memory", "streamed"])
def memory_limit(request, monkeypatch):
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", request.param)


def test_folder_reads_sorted_subfolders_bit_for_bit(tmp_path, memory_limit):
    pixels = noise(4, 8, 8, 3)
    for index, name in enumerate(["a.png", "b/c.PNG", "b/d/e.png", "z.PnG"]):
        save(pixels[index], tmp_path / name)
    dataset = images.from_folder(tmp_path, 8, batch_size=3, shuffle=False)
    assert dataset.element_spec == tf.TensorSpec((None, 8, 8, 3), tf.float32)
    assert [len(batch) for batch in dataset] == [3, 1]
    np.testing.assert_array_equal(to_bytes(everything(dataset)), pixels)


def test_files_of_one_size_may_keep_it(tmp_path, memory_limit):
    pixels = noise(3, 8, 6, 3)
    for index, image in enumerate(pixels):
        save(image, tmp_path / f"{index}.png")
    dataset = images.from_folder(tmp_path, batch_size=3, shuffle=False)
    np.testing.assert_array_equal(to_bytes(everything(dataset)), pixels)
    assert images.folder_shape(tmp_path) == (8, 6, 3)
    assert images.folder_shape(tmp_path, 16) == (16, 16, 3)
    save(noise(5, 5, 3), tmp_path / "other.png")
    for call in (images.from_folder, images.folder_shape):
        with pytest.raises(ValueError, match=r"differ in size: 6x8 \(3 files\), 5x5 \(1 files\)"):
            call(tmp_path)


@pytest.mark.parametrize("name", ["turned.jpg", "turned.tif", "turned.webp"])
def test_the_size_of_a_photograph_is_that_which_it_is_shown_with(tmp_path, name):
    exif = PIL.Image.Exif()
    exif[image_files.EXIF_ORIENTATION] = 6
    save(noise(4, 10, 3), tmp_path / name, exif=exif)
    assert images.folder_shape(tmp_path) == (10, 4, 3)
    assert next(iter(images.from_folder(tmp_path))).shape == (1, 10, 4, 3)


@pytest.mark.parametrize(
    ("mode", "channels"),
    [("L", 1), ("LA", 1), ("1", 1), ("I;16", 1), ("RGB", 3), ("RGBA", 3), ("P", 3)],
)
def test_grey_and_colored_folders(tmp_path, mode, channels):
    save(noise(8, 8, 3), tmp_path / "a.png", mode="L" if mode == "I;16" else mode)
    if mode == "I;16":
        PIL.Image.fromarray(noise(8, 8).astype("uint16") * 256).save(tmp_path / "a.png")
    save(noise(8, 8), tmp_path / "grey.png")
    assert images.folder_shape(tmp_path) == (8, 8, channels)


def test_a_grey_palette_is_grey(tmp_path):
    save(noise(8, 8), tmp_path / "a.png", mode="P")
    assert images.folder_shape(tmp_path) == (8, 8, 1)


def test_headers_that_cannot_be_read_are_named(tmp_path):
    (tmp_path / "broken.png").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="1 of 1 files cannot be read.*\n.*broken.png"):
        images.folder_shape(tmp_path)


def test_folder_repeats_for_its_seed_and_shuffles_anew(tmp_path, memory_limit):
    for index, pixels in enumerate(noise(20, 4, 4, 3)):
        save(pixels, tmp_path / f"{index}.png")

    def two_epochs(seed):
        dataset = images.from_folder(tmp_path, 4, seed=seed)
        return [everything(dataset), everything(dataset)]

    first, second = two_epochs(seed=1)
    np.testing.assert_array_equal([first, second], two_epochs(seed=1))
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, two_epochs(seed=2)[0])


@pytest.mark.parametrize("name", ["a.jpg", "a.jpeg", "a.JPG", "a.JPEG"])
def test_folder_reads_jpeg(tmp_path, name):
    save(np.full((16, 16, 3), (200, 100, 50), "uint8"), tmp_path / name, quality=95)
    pixels = to_bytes(everything(images.from_folder(tmp_path, 16)))
    np.testing.assert_allclose(pixels[0], np.broadcast_to((200, 100, 50), (16, 16, 3)), atol=2)


@pytest.mark.parametrize("height, width", [(8, 24), (24, 8)])
def test_folder_crops_the_centred_square(tmp_path, height, width):
    pixels = np.full((height, width, 3), 255, "uint8")
    pixels[(height - 8) // 2 : (height + 8) // 2, (width - 8) // 2 : (width + 8) // 2] = 51
    save(pixels, tmp_path / "a.png")
    np.testing.assert_allclose(everything(images.from_folder(tmp_path, 8)), -0.6, atol=1e-6)


def test_folder_shrinks_with_antialiasing(tmp_path):
    checkerboard = 255 * (np.indices((64, 64)).sum(axis=0) % 2).astype("uint8")
    save(checkerboard, tmp_path / "a.png")
    grey = everything(images.from_folder(tmp_path, 8, channels=1))
    assert np.abs(grey[0, 1:-1, 1:-1]).max() < 0.02


def test_folder_turns_photographs_as_exif_says(tmp_path):
    pixels = noise(8, 8, 3)
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # Turn by 90 degrees clockwise to show.
    save(pixels, tmp_path / "a.png", exif=exif)
    shown = to_bytes(everything(images.from_folder(tmp_path, 8)))[0]
    np.testing.assert_array_equal(shown, np.rot90(pixels, k=-1))


RED, HALF_RED, GREY = (255, 0, 0), (255, 0, 0, 128), (90,)


@pytest.mark.parametrize(
    "file, channels, expected",
    [
        (RED, 1, (76,)),
        (RED, 3, RED),
        (RED, 4, (255, 0, 0, 255)),
        (GREY, 1, GREY),
        (GREY, 3, (90, 90, 90)),
        (GREY, 4, (90, 90, 90, 255)),
        (HALF_RED, 1, (165,)),
        (HALF_RED, 3, (255, 127, 127)),
        (HALF_RED, 4, HALF_RED),
    ],
)
def test_folder_converts_channels(tmp_path, file, channels, expected):
    save(np.full((4, 4, len(file)), file, "uint8").squeeze(), tmp_path / "a.png")
    pixels = to_bytes(everything(images.from_folder(tmp_path, 4, channels=channels)))
    assert pixels.shape == (1, 4, 4, channels)
    assert pixels[0, 2, 2].tolist() == list(expected)


def test_folder_scales_sixteen_bit_grey(tmp_path):
    save(np.full((4, 4), 128 * 256, "uint16"), tmp_path / "a.png")
    assert to_bytes(everything(images.from_folder(tmp_path, 4, channels=1)))[0, 0, 0, 0] == 128


def test_folder_reads_palettes(tmp_path):
    save(np.full((4, 4, 3), RED, "uint8"), tmp_path / "a.png", mode="P")
    assert to_bytes(everything(images.from_folder(tmp_path, 4)))[0, 0, 0].tolist() == list(RED)


def truncated(path):
    save(noise(32, 32, 3), path)
    path.write_bytes(path.read_bytes()[:-200])


def text(path):
    path.write_text("not an image")


def empty(path):
    path.touch()


@pytest.mark.parametrize("name", ["bad.png", "bad.jpg"])
@pytest.mark.parametrize("spoil", [truncated, text, empty])
def test_folder_names_an_unreadable_file_at_once(tmp_path, spoil, name):
    save(noise(8, 8, 3), tmp_path / "good.png")
    spoil(tmp_path / name)
    with pytest.raises(ValueError, match=rf"1 of 2 files(.|\n)*{name}"):
        images.from_folder(tmp_path, 8)


def pipe(path):
    os.mkfifo(path)


def link_to_itself(path):
    os.symlink(path, path)


def link_to_nothing(path):
    os.symlink(path.with_name("nothing"), path)


def png_header(width, height):
    """A PNG of one bit per pixel that ends before its first one."""
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", b""), (b"IEND", b"")]
    signed = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(signed)


def bomb(path):
    """A file of 57 bytes that claims 2.5 billion pixels."""
    path.write_bytes(png_header(50_000, 50_000))


def small_bomb(path):
    """In the range in which Pillow only warns: 90.25 million pixels."""
    path.write_bytes(png_header(9_500, 9_500))


def unreadable(path):
    if os.geteuid() == 0:
        pytest.skip("root may read every file")
    save(noise(8, 8, 3), path)
    path.chmod(0)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("skip", [False, True], ids=["raise", "skip"])
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (truncated, "truncated"),
        (text, "cannot identify"),
        (empty, "cannot identify"),
        (pipe, "it is a pipe"),
        (link_to_itself, "symbolic links"),
        (link_to_nothing, "No such file"),
        (bomb, "decompression bomb"),
        (small_bomb, "claims 9500 x 9500 pixels, more than .*89478485"),
        (unreadable, "Permission denied"),
    ],
)
def test_folder_names_what_it_refuses_or_leaves_out(
    tmp_path, memory_limit, caplog, spoil, reason, skip
):
    pixels = noise(2, 8, 8, 3)
    save(pixels[0], tmp_path / "a.png")
    spoil(tmp_path / "bad.png")
    save(pixels[1], tmp_path / "c.png")
    if skip:
        found = everything(images.from_folder(tmp_path, 8, shuffle=False, on_error="skip"))
        np.testing.assert_array_equal(to_bytes(found), pixels)
        message = caplog.text
    else:
        with pytest.raises(ValueError) as raised:
            images.from_folder(tmp_path, 8)
        message = str(raised.value)
    assert re.search(rf"1 of 3 files(.|\n)*/bad\.png' \(.*{reason}", message), message
    assert ('on_error="skip"' in message) != skip


def test_a_bomb_is_not_decoded(tmp_path, monkeypatch):
    bomb(tmp_path / "a.png")
    small_bomb(tmp_path / "b.png")

    def load(image):
        raise AssertionError(f"{image.size} was decoded")

    monkeypatch.setattr(PIL.ImageFile.ImageFile, "load", load)
    with pytest.raises(ValueError) as raised, pytest.warns(PIL.Image.DecompressionBombWarning):
        images.from_folder(tmp_path, 8)
    assert "2 of 2" in str(raised.value) and "was decoded" not in str(raised.value)


def test_large_images_are_not_decoded_all_at_once(tmp_path, monkeypatch):
    """Of 8 files and 8 threads, as many at a time as the budget of pixels allows: two."""
    for index in range(8):
        save(noise(20, 20, 3), tmp_path / f"{index}.png")
    monkeypatch.setattr(image_files, "_DECODED", image_files._Budget(2 * 20 * 20 + 1))
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    convert, now, most = image_files._convert, [], []

    def slow_convert(image, mode):
        now.append(image)
        most.append(len(now))
        time.sleep(0.05)
        now.pop()
        return convert(image, mode)

    monkeypatch.setattr(image_files, "_convert", slow_convert)
    assert everything(images.from_folder(tmp_path, 8, channels=3)).shape == (8, 8, 8, 3)
    assert len(most) == 8 and max(most) <= 2


def test_an_image_beyond_the_budget_is_decoded_alone(tmp_path, monkeypatch):
    save(noise(20, 20, 3), tmp_path / "a.png")
    monkeypatch.setattr(image_files, "_DECODED", image_files._Budget(10))
    assert everything(images.from_folder(tmp_path, 8)).shape == (1, 8, 8, 3)


def test_a_folder_of_nothing_but_broken_files_is_refused_even_when_they_may_be_skipped(tmp_path):
    for index in range(12):
        text(tmp_path / f"{index:02}.png")
    with pytest.raises(ValueError, match=r"12 of 12(.|\n)*/09\.png'(.|\n)*\nand 2 more") as raised:
        images.from_folder(tmp_path, 8, on_error="skip")
    assert "10.png" not in str(raised.value)


def test_folder_names_unreadable_files_when_streaming_too(tmp_path, memory_limit):
    for name in ("one.png", "two.jpg"):
        text(tmp_path / name)
    with pytest.raises(ValueError, match=r"2 of 2 files(.|\n)*one\.png(.|\n)*two\.jpg"):
        images.from_folder(tmp_path, 8)


def test_folder_logs_how_many_files_it_leaves_aside(tmp_path, caplog):
    save(noise(8, 8, 3), tmp_path / "a.png")
    for name in ("b.mp4", "c.txt"):
        text(tmp_path / name)
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            images.from_folder(tmp_path, 8)
    assert "left aside 2 files" in caplog.text and "'b.mp4', 'c.txt'." in caplog.text
    assert caplog.text.count("left aside") == 1


def test_folder_without_images_counts_the_others(tmp_path):
    text(tmp_path / "b.txt")
    with pytest.raises(ValueError, match=r"no images, PNG, .* \(other files: 1: 'b.txt'\)"):
        images.from_folder(tmp_path, 8)


@pytest.mark.parametrize("target", ["outside.png", "outside"])
def test_folder_refuses_links_that_lead_out(tmp_path, target):
    save(noise(8, 8, 3), tmp_path / "outside.png")
    save(noise(8, 8, 3), tmp_path / "outside/a.png")
    save(noise(8, 8, 3), tmp_path / "folder/a.png")
    os.symlink(tmp_path / target, tmp_path / "folder/link.png")
    with pytest.raises(ValueError, match=r"link\.png' is a link that leads out"):
        images.from_folder(tmp_path / "folder", 8)


def test_folder_allows_links_within_and_a_link_to_itself(tmp_path):
    save(noise(8, 8, 3), tmp_path / "folder/a.png")
    os.symlink(tmp_path / "folder/a.png", tmp_path / "folder/b.png")
    os.symlink(tmp_path / "folder", tmp_path / "link")
    assert everything(images.from_folder(tmp_path / "link", 8)).shape == (2, 8, 8, 3)


@pytest.mark.parametrize(
    "size, options, message",
    [
        (0, {}, "positive integer.* Received: 0"),
        (8.0, {}, "positive integer.* Received: 8.0"),
        (8, dict(channels=2), "1, 3 or 4. Received: channels=2"),
        (8, dict(batch_size=0), "batch_size=0"),
        (True, {}, "positive integer.* at most 8192. Received: True"),
        (10**6, {}, "at most 8192. Received: 1000000"),
        (8, dict(channels=3.0), "1, 3 or 4. Received: channels=3.0"),
        (8, dict(on_error="ignore"), '"raise" or "skip". Received: on_error=\'ignore\''),
        (8, dict(batch_size=2.5), "batch_size=2.5"),
        (8, dict(seed=-1), "seed=-1"),
    ],
)
def test_folder_refuses_impossible_options(tmp_path, size, options, message):
    save(noise(8, 8, 3), tmp_path / "a.png")
    with pytest.raises(ValueError, match=message):
        images.from_folder(tmp_path, size, **options)


def test_a_folder_may_be_named_like_an_image(tmp_path, memory_limit):
    pixels = noise(2, 8, 8, 3)
    save(pixels[0], tmp_path / "a.png/b.png")
    save(pixels[1], tmp_path / "c.png")
    found = everything(images.from_folder(tmp_path, 8, shuffle=False))
    np.testing.assert_array_equal(to_bytes(found), pixels)


def test_links_that_go_in_circles_end(tmp_path):
    """To a folder above, which is not followed, and to each other."""
    save(noise(8, 8, 3), tmp_path / "a/b/c.png")
    os.symlink(tmp_path / "a", tmp_path / "a/b/up")
    assert everything(images.from_folder(tmp_path, 8)).shape == (1, 8, 8, 3)
    os.symlink(tmp_path / "one.png", tmp_path / "two.png")
    os.symlink(tmp_path / "two.png", tmp_path / "one.png")
    with pytest.raises(ValueError, match=r"2 of 3 files(.|\n)*/one\.png'(.|\n)*/two\.png'"):
        images.from_folder(tmp_path, 8)


def test_file_names_need_not_be_text(tmp_path, memory_limit):
    """Bytes that are not UTF-8 and line ends are read, and shown escaped."""
    pixels = noise(2, 8, 8, 3)
    save(pixels[0], tmp_path / os.fsdecode(b"a\xff.png"))
    save(pixels[1], tmp_path / "b\n.png")
    found = everything(images.from_folder(tmp_path, 8, shuffle=False))
    np.testing.assert_array_equal(to_bytes(found), pixels)
    text(tmp_path / os.fsdecode(b"c\xfe\n.png"))
    with pytest.raises(ValueError, match=r"c\\udcfe\\n\.png") as raised:
        images.from_folder(tmp_path, 8)
    str(raised.value).encode()


def test_animations_show_their_first_frame(tmp_path, memory_limit):
    first, second = (PIL.Image.fromarray(pixels) for pixels in noise(2, 8, 8, 3))
    first.save(tmp_path / "a.png", save_all=True, append_images=[second])
    found = everything(images.from_folder(tmp_path, 8))
    np.testing.assert_array_equal(to_bytes(found)[0], np.asarray(first))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(
    ("mode", "name"),
    [("CMYK", "a.jpg"), ("L", "a.jpg"), ("1", "a.png"), ("LA", "a.png"), ("P", "a.png")],
)
def test_every_mode_of_png_and_jpeg_becomes_every_number_of_channels(
    tmp_path, mode, name, channels
):
    """White everywhere, in any of them."""
    PIL.Image.new("RGB", (8, 8), "white").convert(mode).save(tmp_path / name)
    found = everything(images.from_folder(tmp_path, 4, channels=channels))
    np.testing.assert_allclose(found, np.ones((1, 4, 4, channels)), atol=1e-6)


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(ValueError, match="no folder .*absent"):
        images.from_folder(tmp_path / "absent", 8)
