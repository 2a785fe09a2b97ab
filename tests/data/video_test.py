import pathlib

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from geans.data import pipeline, video

TFDS = pathlib.Path(__file__).resolve().parents[2] / "../shared/data/tfds"
needs_tfds = pytest.mark.skipif(not TFDS.is_dir(), reason=f"no prepared datasets in {TFDS}")

BLOCK = np.zeros((1, 7, 7), "uint8")
BLOCK[0, 2:5, 1:5] = 200  # 3 rows and 4 columns of ink.


def everything(dataset):
    """All clips of a dataset of known order, uint8."""
    return np.rint((np.concatenate(list(dataset.as_numpy_iterator())) + 1) * 127.5).astype("uint8")


def moving(digits=BLOCK, **options):
    return everything(video.moving_digits(digits, shuffle=False, **{"seed": 0, **options}))


def corners(clips):
    """Row and column of the first pixel with ink, (clips, frames, 2)."""
    ink = clips[..., 0] > 0
    assert ink.any(axis=(2, 3)).all()
    return np.stack([np.argmax(ink.any(axis=axis), axis=-1) for axis in (3, 2)], axis=-1)


class TestMovingDigits:
    def test_batches(self):
        dataset = video.moving_digits(BLOCK, clips=10, frames=5, image_size=12, batch_size=4)
        assert dataset.element_spec == tf.TensorSpec((None, 5, 12, 12, 1), tf.float32)
        assert [len(batch) for batch in dataset] == [4, 4, 2]

    def test_ink_keeps_its_shape_within_the_frames(self):
        clips = moving(clips=200, frames=6, image_size=12, speed=3.0)
        places = corners(clips)
        for clip, path in zip(clips, places, strict=True):
            for frame, (top, left) in zip(clip, path, strict=True):
                assert (frame[top : top + 3, left : left + 4] == 200).all()
                assert frame.sum() == 12 * 200
        # From edge to edge, in either direction.
        assert places.min(axis=(0, 1)).tolist() == [0, 0]
        assert places.max(axis=(0, 1)).tolist() == [9, 8]

    def test_speed_is_constant_until_it_bounces(self):
        places = corners(moving(clips=300, frames=9, image_size=100, speed=4.0)).astype(float)
        rooms = np.array([97, 96])
        free = ((places > 16) & (places < rooms - 16)).all(axis=(1, 2))
        assert free.sum() > 50
        steps = np.diff(places[free], axis=1)
        # Eight steps of 4 pixels, rounded once at either end.
        distances = np.linalg.norm(places[free, -1] - places[free, 0], axis=-1)
        np.testing.assert_allclose(distances, 32, atol=np.sqrt(2))
        assert np.abs(steps - steps.mean(axis=1, keepdims=True)).max() <= 1
        angles = np.arctan2(*(places[free, -1] - places[free, 0]).T)
        assert np.bincount(np.digitize(angles, [-np.pi / 2, 0, np.pi / 2])).min() > 5

    def test_it_bounces_off_the_edges(self):
        """In a corridor with a room of 2 pixels, at a speed of 1 along it."""
        tall = np.full((1, 10, 4), 9, "uint8")
        clips = moving(tall, clips=200, frames=9, image_size=10, speed=1.0)
        places = corners(clips)
        assert (places[..., 0] == 0).all()
        columns = places[..., 1]
        assert columns.min() == 0 and columns.max() == 6
        steps = np.diff(columns, axis=1)
        assert np.abs(steps).max() == 1
        turned = columns[(steps.min(axis=1) < 0) & (steps.max(axis=1) > 0)]
        assert len(turned) > 20
        assert np.isin([0, 6], turned).all()
        assert ((turned.min(axis=1) == 0) | (turned.max(axis=1) == 6)).all()

    def test_without_speed_it_stands_still(self):
        places = corners(moving(clips=100, frames=3, image_size=12, speed=0))
        assert (places == places[:, :1]).all()
        assert len(np.unique(places[:, 0], axis=0)) > 50

    def test_where_digits_overlap_the_brighter_pixel_is_seen(self):
        digits = np.array([80, 250], "uint8").reshape(2, 1, 1) * np.ones((2, 3, 3), "uint8")
        clips = moving(digits, clips=50, frames=4, image_size=5, digits_per_clip=2)
        assert set(np.unique(clips)) == {0, 80, 250}
        bright = (clips == 250).sum(axis=(2, 3, 4))
        assert set(np.unique(bright)) <= {0, 9, *range(10, 19)}
        assert {0, 9} < set(np.unique(bright))

    def test_digits_are_resized_by_area(self):
        digits = np.zeros((1, 8, 4), "uint8")
        digits[0, 2:6] = 200
        digits[0, 6, :2] = 100
        clips = moving(digits, clips=5, frames=3, image_size=9, digit_size=4)
        ink = np.array([[200, 200], [200, 200], [50, 0]])
        for frame, (top, left) in zip(
            clips.reshape(-1, 9, 9), corners(clips).reshape(-1, 2), strict=True
        ):
            np.testing.assert_array_equal(frame[top : top + 3, left : left + 2], ink)
            assert frame.sum() == ink.sum()

    def test_the_seed_decides_clips_and_order(self):
        def two_epochs(seed):
            dataset = video.moving_digits("digits", clips=30, image_size=16, seed=seed)
            return [everything(dataset), everything(dataset)]

        first, second = two_epochs(1)
        np.testing.assert_array_equal([first, second], two_epochs(1))
        assert (first != second).any()
        one, other = (np.sort(each.reshape(30, -1), axis=0) for each in (first, second))
        np.testing.assert_array_equal(one, other)
        assert (first != two_epochs(2)[0]).any()

    def test_digits_of_the_package(self):
        clips = moving("digits", clips=50, frames=4, image_size=16)
        assert clips.shape == (50, 4, 16, 16, 1)
        assert set(np.unique(clips)) == set(np.rint(np.arange(17) * 255 / 16))

    @pytest.mark.slow
    @needs_tfds
    def test_mnist(self):
        clips = moving("mnist", clips=100, frames=4, data_dir=TFDS)
        assert clips.shape == (100, 4, 32, 32, 1)
        reached = (clips > 0).any(axis=(0, 1))[..., 0]
        # Every edge; the corners of a digit's box have no ink.
        assert reached.any(axis=0).all() and reached.any(axis=1).all()
        heights = [np.ptp(np.flatnonzero(clip[0, ..., 0].any(axis=1))) + 1 for clip in clips]
        # MNIST's digits fit into a box of 20 pixels and, most of them, fill its height.
        assert max(heights) == 20 and np.mean(np.array(heights) == 20) > 0.7

    @pytest.mark.parametrize(
        "options, message",
        [
            (dict(clips=0), "clips=0"),
            (
                dict(clips=10**6),
                r"1,000,000 clips of shape \(8, 32, 32\) take more than 1,073,741,824",
            ),
            (dict(frames=0), "frames=0"),
            (dict(frames=10**6), "frames=1000000"),
            (dict(image_size=True), "image_size=True"),
            (dict(digit_size=0), "digit_size=0"),
            (dict(digits_per_clip=11), "digits_per_clip=11"),
            (dict(speed=-1), "speed must be from 0 to image_size=32. Received: speed=-1"),
            (dict(speed=np.nan), "speed=nan"),
            (dict(seed=-1), "seed=-1"),
            (dict(batch_size=0), "batch_size=0"),
            (dict(image_size=3), r"index 0 has 3 x 4 pixels .* frames of image_size=3"),
            (dict(digits="letters"), "one of mnist, digits, or a uint8 array.*'letters'"),
            (dict(digits=np.zeros((2, 8, 8))), r"'float64 of shape \(2, 8, 8\)'"),
            (dict(digits=np.zeros((8, 8), "uint8")), r"'uint8 of shape \(8, 8\)'"),
            (dict(digits=np.zeros((0, 8, 8), "uint8")), r"'uint8 of shape \(0, 8, 8\)'"),
            (dict(digits=np.zeros((1, 8, 8), "uint8")), "index 0 is black all over"),
        ],
    )
    def test_mistakes(self, options, message):
        with pytest.raises(ValueError, match=message):
            video.moving_digits(**{"digits": BLOCK, "clips": 5, **options})


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape).astype("uint8")


def save_gif(frames, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    pages = [PIL.Image.fromarray(frame) for frame in frames]
    pages[0].save(path, save_all=True, append_images=pages[1:])


def save_frames(frames, folder, name="{}.png"):
    folder.mkdir(parents=True)
    for number, frame in enumerate(frames):
        PIL.Image.fromarray(frame).save(folder / name.format(number))


@pytest.fixture(params=[2**30, 1], ids=["in memory", "streamed"])
def memory_limit(request, monkeypatch):
    monkeypatch.setattr(pipeline, "MEMORY_LIMIT", request.param)


class TestFromFolder:
    def test_gifs_and_frames_bit_for_bit(self, tmp_path, memory_limit):
        pixels = noise(3, 4, 8, 8)
        save_gif(pixels[0], tmp_path / "a.gif")
        save_frames(pixels[1], tmp_path / "b" / "deep")
        save_gif(pixels[2], tmp_path / "c" / "other.GIF")
        dataset = video.from_folder(
            tmp_path, frames=4, image_size=8, channels=1, batch_size=2, shuffle=False
        )
        assert dataset.element_spec == tf.TensorSpec((None, 4, 8, 8, 1), tf.float32)
        assert [len(batch) for batch in dataset] == [2, 1]
        np.testing.assert_array_equal(everything(dataset)[..., 0], pixels)

    def test_long_ones_give_several_clips(self, tmp_path, memory_limit):
        """Of 11 frames two clips of 4, of 8 as well, of 5 one."""
        pixels = noise(24, 8, 8)
        save_gif(pixels[:11], tmp_path / "a.gif")
        save_frames(pixels[11:19], tmp_path / "b")
        save_gif(pixels[19:], tmp_path / "c.gif")
        clips = everything(video.from_folder(tmp_path, 4, 8, channels=1, shuffle=False))
        starts = np.array([0, 4, 11, 15, 19])
        expected = pixels[starts[:, np.newaxis] + np.arange(4)]
        np.testing.assert_array_equal(clips[..., 0], expected)

    def test_frames_are_read_in_the_order_of_their_numbers(self, tmp_path):
        pixels = noise(12, 8, 8, 3)
        save_frames(pixels, tmp_path / "clip", "frame {} of 12.png")
        clips = everything(video.from_folder(tmp_path, 12, 8))
        np.testing.assert_array_equal(clips[0], pixels)

    def test_frames_are_cropped_and_resized(self, tmp_path):
        pixels = np.full((4, 16, 40, 3), 255, "uint8")
        pixels[:, :, 12:28] = np.arange(0, 160, 40)[:, None, None, None]
        save_frames(pixels, tmp_path / "clip")
        clips = everything(video.from_folder(tmp_path, 4, 8))
        expected = np.broadcast_to(np.arange(0, 160, 40)[:, None, None, None], (4, 8, 8, 3))
        inner = np.s_[:, :, 2:-2]  # Next to the cut, Pillow's filter sees a little of the rest.
        np.testing.assert_array_equal(clips[0][inner], expected[inner])

    def test_a_gif_of_changes_shows_whole_frames(self, tmp_path):
        """Pillow writes what changed, and colours of a palette."""
        pixels = np.zeros((4, 8, 8, 3), "uint8")
        for time in range(4):
            pixels[time:, time, time] = (255, 0, 0)
        save_gif(pixels, tmp_path / "a.gif")
        np.testing.assert_array_equal(everything(video.from_folder(tmp_path, 4, 8))[0], pixels)

    def test_it_repeats_for_its_seed_and_shuffles_anew(self, tmp_path, memory_limit):
        save_gif(noise(40, 8, 8), tmp_path / "a.gif")

        def two_epochs(seed):
            dataset = video.from_folder(tmp_path, 4, 8, seed=seed)
            return [everything(dataset), everything(dataset)]

        first, second = two_epochs(1)
        np.testing.assert_array_equal([first, second], two_epochs(1))
        assert (first != second).any() and (first != two_epochs(2)[0]).any()

    @pytest.mark.parametrize("skip", [False, True], ids=["raise", "skip"])
    def test_damaged_and_short_ones_are_named(self, tmp_path, memory_limit, caplog, skip):
        pixels = noise(2, 4, 32, 32)
        save_gif(pixels[0], tmp_path / "a.gif")
        (tmp_path / "empty.gif").touch()
        save_gif(noise(3, 8, 8), tmp_path / "short.gif")
        save_frames(noise(3, 8, 8), tmp_path / "short folder")
        save_frames(pixels[1], tmp_path / "z")
        if skip:
            clips = everything(
                video.from_folder(tmp_path, 4, 32, channels=1, shuffle=False, on_error="skip")
            )
            np.testing.assert_array_equal(clips[..., 0], pixels)
            message = caplog.text
        else:
            with pytest.raises(ValueError) as raised:
                video.from_folder(tmp_path, 4, 32)
            message = str(raised.value)
        assert "3 of 5 clips cannot be read" in message
        assert "short.gif' (3 frames are too few for clips of 4)" in message
        assert "short folder' (3 frames are too few" in message
        assert "empty.gif' (cannot identify" in message

    @pytest.mark.parametrize("skip", [False, True], ids=["raise", "skip"])
    def test_frames_that_cannot_be_decoded_are_found_at_once(
        self, tmp_path, memory_limit, caplog, skip
    ):
        pixels = noise(3, 4, 32, 32)
        for name, frames in zip("abc", pixels, strict=True):
            save_frames(frames, tmp_path / name)
        broken = tmp_path / "b" / "2.png"
        broken.write_bytes(broken.read_bytes()[:-200])
        if skip:
            clips = everything(
                video.from_folder(tmp_path, 4, 32, channels=1, shuffle=False, on_error="skip")
            )
            np.testing.assert_array_equal(clips[..., 0], pixels[[0, 2]])
        else:
            with pytest.raises(ValueError, match=r"1 of 3 clips.*\n.*/b' \(.*truncated"):
                video.from_folder(tmp_path, 4, 32)
        assert ("1 of 3 clips cannot be read" in caplog.text) == skip

    def test_a_bomb_is_not_decoded(self, tmp_path):
        """A GIF of 40 bytes that claims 65,000 x 65,000 pixels."""
        header = b"GIF89a" + 2 * (65_000).to_bytes(2, "little") + b"\x80\x00\x00" + bytes(6)
        image = b"," + bytes(4) + 2 * (65_000).to_bytes(2, "little") + b"\x00\x02\x02D\x01\x00"
        (tmp_path / "a.gif").write_bytes(header + image + b";")
        with pytest.raises(ValueError, match="bomb"):
            video.from_folder(tmp_path, 1, 8)

    def test_nothing_but_other_files(self, tmp_path):
        (tmp_path / "clip.mp4").touch()
        with pytest.raises(
            ValueError, match=r"no images, PNG, .*GIF.* \(other files: 1: 'clip.mp4'\)"
        ):
            video.from_folder(tmp_path)
        with pytest.raises(ValueError, match="no folder"):
            video.from_folder(tmp_path / "missing")

    @pytest.mark.parametrize(
        "arguments, message",
        [
            (dict(frames=0), "frames=0"),
            (dict(image_size=None), "image_size=None"),
            (dict(channels=2), "channels=2"),
            (dict(on_error="ignore"), "on_error='ignore'"),
            (dict(path=3), "path=3"),
            (dict(batch_size=0), "batch_size=0"),
        ],
    )
    def test_mistakes(self, tmp_path, arguments, message):
        save_gif(noise(8, 8, 8), tmp_path / "a.gif")
        with pytest.raises(ValueError, match=message):
            video.from_folder(**{"path": tmp_path, **arguments})
