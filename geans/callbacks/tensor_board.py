"""TensorBoard with what one looks at in a GAN."""

import importlib.util
import json
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from geans import report, values
from geans.plotting import images as grids
from geans.types import PathLike

FILE_SUFFIX = ".samples"


class TensorBoard(keras.callbacks.TensorBoard):
    """Keras' TensorBoard, plus samples, histograms of logits and hyperparameters.

    Every epoch adds a grid of samples of the same latents, of models that make images, and the
    logits that the discriminator gives them and `real` images: two histograms that drift apart when
    it is far ahead. Scalars, graphs and further arguments are those of
    `keras.callbacks.TensorBoard`; hyperparameters need the package `tensorboard`.

    Args:
        log_dir: Directory of the logs, for `tensorboard --logdir=...`.
        real: Batch of training images, or (images, labels); `None` for no histograms.
        hyperparameters: Dict of what the run was made with, such as the fields of a preset.
        count: Number of samples in the grid, at least 1.
        seed: Integer that fixes the latents.
        conditions: Further arguments of `model.sample`, such as `{"labels": [0, 1, 2]}`.
        draw: Function from the model to an array of images, instead of `model.sample`.
        **kwargs: As in `keras.callbacks.TensorBoard`.

    Raises:
        ValueError: If `count` is invalid.
    """

    def __init__(
        self,
        log_dir: PathLike = "logs",
        *,
        real: Any = None,
        hyperparameters: dict[str, Any] | None = None,
        count: int = 64,
        seed: int = 0,
        conditions: dict[str, Any] | None = None,
        draw: Callable[[Any], npt.ArrayLike] | None = None,
        **kwargs: Any,
    ) -> None:
        values.check_count("count", count)
        super().__init__(log_dir, **kwargs)
        self.real = real
        self.hyperparameters = dict(hyperparameters or {})
        self.count = count
        self.seed = seed
        self.conditions = dict(conditions or {})
        self.draw = draw

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Opens a file beside Keras', and writes the hyperparameters."""
        super().on_train_begin(logs)
        self._writer = tf.summary.create_file_writer(self._train_dir, filename_suffix=FILE_SUFFIX)
        if not self.hyperparameters or importlib.util.find_spec("tensorboard") is None:
            return

        from tensorboard.plugins.hparams import api

        with self._writer.as_default():
            api.hparams({name: _plain(each) for name, each in self.hyperparameters.items()})

    @report.tolerant
    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes scalars, samples and logits."""
        super().on_epoch_end(epoch, logs)
        with self._writer.as_default(step=epoch):
            if self.draw or self.model.draws_samples:
                self._write_samples()
            if self.real is not None:
                self._write_logits()
        self._writer.flush()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Closes the files."""
        super().on_train_end(logs)
        self._writer.close()

    def _write_samples(self):
        if self.draw:
            samples = np.asarray(self.draw(self.model))
        else:
            samples = self.model.sample(self.count, seed=self.seed, **self.conditions)
        if samples.ndim == 4:  # Not points or clips.
            grid = grids.tile(grids.to_rgb(samples), grids.columns_of(samples))
            tf.summary.image("samples", grid[None])

    def _write_logits(self):
        images, labels = self.real if isinstance(self.real, tuple) else (self.real, None)
        given = {"labels": labels} if "labels" in self.model.conditions else {}
        seen = [labels] if isinstance(self.model.discriminator.input_shape, list) else []
        fake = self.model.sample(len(images), seed=self.seed, **given)
        for name, each in (("real", images), ("fake", fake)):
            tf.summary.histogram(f"logits/{name}", self.model.logits(each, *seen))


def _plain(value):
    """Returns what the dashboard can show: numbers, words and bools, others as JSON."""
    if isinstance(value, (bool, int, float, str)):
        return value
    return json.dumps(value, default=np.ndarray.tolist)
