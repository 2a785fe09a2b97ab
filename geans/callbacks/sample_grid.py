"""Pictures of generated samples during training."""

import time

import keras
import numpy as np

from geans import files, plotting, report, values


class SampleGrid(keras.callbacks.Callback):
    """Draws samples of the same latents every few epochs.

    Writes `directory/epoch_0005.png` and so on, always for the last epoch, `epoch_0000.png` within
    a first epoch of more than `first_after` seconds, and joins all pictures
    in `directory/training.gif` when training ends, including those from before a resume. Images
    become a grid, clips rows of frames, and 2-D points a scatter over the modes of `mixture`.

    Args:
        directory: Where the pictures go; made if missing.
        every: Epochs between two pictures, at least 1.
        first_after: Seconds of training after which the first epoch has a picture; `None` for none.
        count: Number of samples in a picture, at least 1. A scatter needs some thousands.
        seed: Integer that fixes the latents.
        columns: Images per row; `None` for the most square arrangement.
        conditions: Further arguments of `model.sample`, such as `{"labels": [0, 1, 2]}`.
        draw: Function from the model to an array of samples, instead of `model.sample`.
        mixture: For points: object with `centers`, `stddev` and `sample(count)`.
        picture: Function from samples, `columns` and `title` to a figure; `None` chooses by shape.

    Raises:
        ValueError: If an argument is invalid; when training begins, if `directory` is not writable;
            at the first picture, if samples are neither images, clips nor 2-D points.
    """

    def __init__(
        self,
        directory,
        every=1,
        *,
        first_after=30.0,
        count=64,
        seed=0,
        columns=None,
        conditions=None,
        draw=None,
        mixture=None,
        picture=None,
    ):
        super().__init__()
        values.check_count("every", every)
        values.check_count("count", count)
        self.directory = files.path_of(directory)
        self.every = every
        self.first_after = first_after
        self.count = count
        self.seed = seed
        self.columns = columns
        self.conditions = dict(conditions or {})
        self.draw = draw or self._sample
        self.mixture = mixture
        self.picture = picture or self._figure

    def on_train_begin(self, logs=None):
        """Makes the directory."""
        self._seen = self._drawn = 0
        mixture = self.mixture
        self._real = None if mixture is None else np.asarray(mixture.sample(self.count))
        report.check_writable(self.directory)
        self._start = None

    def on_epoch_begin(self, epoch, logs=None):
        """Starts the clock of the first epoch."""
        self._start = time.monotonic() if epoch == 0 and self.first_after is not None else None

    def on_train_batch_end(self, batch, logs=None):
        """Draws once within a long first epoch."""
        if self._start is not None and time.monotonic() - self._start > self.first_after:
            self._start = None
            self._draw()

    def on_epoch_end(self, epoch, logs=None):
        """Draws every `every` epochs, and at the last epoch."""
        self._seen = epoch + 1  # Keras counts from 0, the file names from 1.
        if self._seen % self.every == 0 or self._seen == (self.params or {}).get("epochs"):
            self._draw()

    @report.tolerant
    def on_train_end(self, logs=None):
        """Draws the last epoch if it is missing, and writes the animation."""
        # Training may have stopped early, so the last epoch is only known now.
        if self._seen != self._drawn:
            self._draw()
        frames = self._frames()
        if frames:
            plotting.animation(frames, self.directory / "training.gif")

    @report.tolerant
    def _draw(self):
        samples, title = np.asarray(self.draw(self.model)), f"epoch {self._seen}"
        figure = self.picture(samples, columns=self.columns, title=title)
        plotting.save(figure, self.directory / f"epoch_{self._seen:04d}.png")
        self._drawn = self._seen

    def _sample(self, model):
        return model.sample(self.count, seed=self.seed, **self.conditions)

    def _figure(self, samples, columns, title):
        if samples.ndim == 4:
            return plotting.image_grid(samples, columns, title=title)
        if samples.ndim == 5:
            return plotting.clip_rows(samples, title=title)
        if samples.ndim == 2 and samples.shape[1] == 2:
            return plotting.scatter(self._real, samples, self.mixture, title=title)
        raise ValueError(
            "SampleGrid draws images (n, height, width, channels), clips (n, frames, height, "
            f"width, channels) and points (n, 2). Received: samples of shape {samples.shape}. "
            "Leave the callback out for this model."
        )

    def _frames(self):
        # Later epochs are left over from another run. If nothing was left to train, all epochs of
        # this run were drawn before.
        last = self._seen or (self.params or {}).get("epochs", 0)
        numbers = {path: _number(path) for path in self.directory.glob("epoch_*.png")}
        known = [path for path, number in numbers.items() if 0 <= number <= last]
        return sorted(known, key=numbers.get)


def _number(path):
    digits = path.stem.removeprefix("epoch_")
    return int(digits) if digits.isdecimal() else -1
