"""Distances between real and generated images during training."""

import dataclasses
import json
import logging
import math
import operator
import pathlib
import reprlib
import tempfile
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from geans import files, report, values
from geans.metrics import evaluation, feature_arrays, feature_set, features, measurement
from geans.types import PathLike

_log = logging.getLogger(__name__)


class Evaluate(keras.callbacks.Callback):
    """Compares generated with real images every few epochs, and keeps the best model.

    The values enter `fit`'s logs at the evaluated epochs, so that callbacks after this one, such as
    `EarlyStopping`, can use them. With a `directory`, they are appended to `evaluations.jsonl`, and
    the best model by `keep_best` is saved as `best.keras`; a resumed run continues both. Of several
    workers the chief evaluates, and all log its results.

    Args:
        real: Batched `tf.data.Dataset`, array or `metrics.FeatureSet` of images, uint8 or floats in
            [-1, 1]; `None` for the training data. (Reading a shuffled dataset once more changes the
            order of its epochs.)
        metrics: Names in `metrics.METRICS`.
        every: Epochs between two evaluations; the last epoch is always evaluated.
        samples: Number of generated, and at most of real, images.
        features: As in `features.get`: a name, a Keras model or a function; `None` for the default.
        ema: Whether to evaluate the EMA generator, if there is one, instead of the raw generator.
        seed: Integer that fixes the latents.
        directory: Where the files go; made if missing. `None` writes no files.
        keep_best: Value that selects the best model, such as "recall"; needs a `directory`.
        name: Name of the real images in the records.
        verbose: 0 prints nothing; otherwise the first numbers come with their protocol.

    Raises:
        ValueError: If an argument is invalid; when training begins, if the real images are invalid
            or too few, `directory` is not writable, or its files are damaged.

    Example:
        >>> callback = Evaluate(metrics=["frechet_distance"], every=5, samples=10_000)
        >>> model.fit(images, callbacks=[callback])  # doctest: +SKIP
    """

    def __init__(
        self,
        real: Any = None,
        metrics: Sequence[str] = evaluation.DEFAULT,
        *,
        every: int = 5,
        samples: int = 10_000,
        features: Any = None,
        ema: bool = True,
        seed: int = 0,
        directory: PathLike | None = None,
        keep_best: str | None = None,
        name: str = "training data",
        verbose: int = 1,
    ) -> None:
        super().__init__()
        _check(metrics, every, samples, seed, directory, keep_best)
        self.real = real
        self.metrics = tuple(metrics)
        self.every = every
        self.samples = samples
        self.features = features
        self.ema = ema
        self.seed = seed
        self.directory = None if directory is None else files.path_of(directory)
        self._path = self.directory and self.directory / "evaluations.jsonl"
        self.keep_best = keep_best
        self.name = name
        self.verbose = verbose
        self._reference: Any = None
        self._said: set[str] = set()
        self._has_printed = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Computes the features of the real images before the first step."""
        if self.directory is not None and self.model.is_chief:
            report.check_writable(self.directory)
            self._rows_before(math.inf)
        # All workers read the data; otherwise its order would differ between them.
        if self._reference is None or self.real is None:  # A second fit may have other data.
            self._reference = self._extract_real()
        answer = self._reference.network(feature_arrays.clipped(self.model.sample(2, self.seed)))
        evaluation.check_possible(self.metrics, self._reference, self.samples, "logits" in answer)
        count = min(self.samples, self._reference.count)
        if "frechet_distance" in self.metrics and count < measurement.ENOUGH_FOR_FRECHET:
            self._warn_once(
                f"The Fréchet distances of this training are those of {count:,} images, and too "
                "large: compare them only with others of as many."
            )

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Evaluates every `every` epochs."""
        done = epoch + 1
        if done % self.every and done != (self.params or {}).get("epochs"):
            return
        found = self._measure() if self.model.is_chief else []
        names = evaluation.names_of(self.metrics)
        numbers = [each.value for each in found] or [math.nan] * len(names)
        is_best = bool(found) and self._is_best(found, done)
        if self.model.is_multi_worker:
            said = np.array([*numbers, is_best], "float64")
            *numbers, is_best = self.model.of_all_workers(said)[0].tolist()
        self._write(done, found, is_best)
        if logs is not None:
            logs.update(zip(names, numbers, strict=True))

    def _extract_real(self):
        real = self.model.training_data if self.real is None else self.real
        if isinstance(real, feature_set.FeatureSet):
            return real
        if hasattr(real, "dtype"):
            real = np.asarray(real)
            real = [real[start : start + 256] for start in range(0, len(real), 256)]
        elif not hasattr(real, "element_spec"):
            raise ValueError(
                "Evaluate takes real images as an array, a FeatureSet or a batched tf.data.Dataset "
                "such as geans.data.images.from_folder(path, image_size). "
                f"Received: {reprlib.repr(real)}."
            )
        shape = self.model.generator.output_shape[1:]
        network = features.get(self.features or features.default_for(shape))
        return self._extract(real, network, measurement.Origin(name=self.name))

    def _extract(self, batches, network, origin):
        keep = evaluation.needs_rows(self.metrics)
        return feature_set.extract(batches, network, origin, count=self.samples, keep=keep)

    def _measure(self):
        generator = "EMA" if self.ema and self.model.ema_generator is not None else "raw"
        origin = measurement.Origin(name=self.model.name, generator=generator, seed=self.seed)
        batches = self.model.sample_batches(self.samples, self.seed, self.ema)
        batches = map(feature_arrays.clipped, batches)
        try:
            fake = self._extract(batches, self._reference.network, origin)
        except FloatingPointError:
            self._warn_once("Samples hold NaN or infinity: the generator has diverged.")
            return []
        found = evaluation.measure(self._reference, fake, self.metrics)
        if self.verbose:
            self._print(found)
        return found

    def _print(self, found):
        """Prints the numbers, the first time with their protocols and warnings."""
        if self._has_printed:
            found = [", ".join(f"{each.metric} {each.value:.4g}" for each in found)]
        print(*found, sep="\n", flush=True)
        self._has_printed = True

    def _warn_once(self, text):
        if text not in self._said:
            self._said.add(text)
            _log.warning("%s", text)

    def _is_best(self, found, done):
        name = self.keep_best
        if name is None:
            return False
        before = [row["value"] for row in self._rows_before(done) if row["metric"] == name]
        (value,) = [each.value for each in found if each.metric == name]
        better = operator.lt if evaluation.smaller_is_better(name) else operator.gt
        return all(better(value, other) for other in before)

    @report.tolerant
    def _write(self, done, found, is_best):
        if is_best:
            self._save_best()
        if self.directory is not None and found:
            rows = [{"epoch": done} | dataclasses.asdict(each) for each in found]
            report.write_lines([*self._rows_before(done), *rows], self._path)

    def _save_best(self):
        with tempfile.TemporaryDirectory() as elsewhere:
            # All workers must save, so that one has all values.
            folder = self.directory if self.model.is_chief else pathlib.Path(elsewhere)
            report.save_model(self.model, folder / "best.keras")

    def _rows_before(self, epoch):
        if not self._path.exists():
            return []
        try:
            rows = [json.loads(line) for line in self._path.read_text().splitlines()]
            kept = [row for row in rows if row["epoch"] < epoch]
            return [row for row in kept if math.isfinite(row["value"]) and row["metric"]]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{self._path} is damaged ({error!r}). Repair or remove the file."
            ) from error


def _check(names, every, samples, seed, directory, keep_best):
    evaluation.check_names(names)
    values.check_count("every", every)
    values.check_count("samples", samples, least=2)
    values.check_seed(seed)
    measured = evaluation.names_of(names)
    if keep_best not in (None, *measured):
        raise ValueError(f"keep_best must be one of {', '.join(measured)}. Received: {keep_best=}")
    if keep_best is not None and directory is None:
        raise ValueError("keep_best needs a directory, in which to keep the model.")
