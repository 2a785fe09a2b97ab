"""Pictures of generated samples during training."""

import time
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from geans import files, plotting, report, values
from geans.types import PathLike


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
        directory: PathLike,
        every: int = 1,
        *,
        first_after: float | None = 30.0,
        count: int = 64,
        seed: int = 0,
        columns: int | None = None,
        conditions: dict[str, Any] | None = None,
        draw: Callable[[Any], npt.ArrayLike] | None = None,
        mixture: Any = None,
        picture: Callable[..., plotting.style.Figure] | None = None,
    ) -> None:
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

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Makes the directory."""
        self._seen = self._drawn = 0
        mixture = self.mixture
        self._real = None if mixture is None else np.asarray(mixture.sample(self.count))
        report.check_writable(self.directory)
        self._start: float | None = None

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts the clock of the first epoch."""
        self._start = time.monotonic() if epoch == 0 and self.first_after is not None else None

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Draws once within a long first epoch."""
        start, wait = self._start, self.first_after
        if start is not None and wait is not None and time.monotonic() - start > wait:
            self._start = None
            self._draw()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Draws every `every` epochs, and at the last epoch."""
        self._seen = epoch + 1  # Keras counts from 0, the file names from 1.
        if self._seen % self.every == 0 or self._seen == (self.params or {}).get("epochs"):
            self._draw()

    @report.tolerant
    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
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
