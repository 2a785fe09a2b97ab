"""Distances between real and generated images while a model trains."""

import dataclasses
import json
import logging
import math
import operator
import pathlib
import tempfile

import keras
import numpy as np

from geans import report, values
from geans.metrics import evaluation, feature_set, features, measurement

_log = logging.getLogger(__name__)


class Evaluate(keras.callbacks.Callback):
    """Compares generated with real images every few epochs, and keeps the best model.

    The numbers go into what `fit` logs, so that history, `TensorBoard`, `EarlyStopping` and
    `callbacks.HistoryFile` have them if they come after this callback; as with Keras'
    `validation_freq`, only at the epochs that were evaluated. Each is printed with its protocol.
    With a `directory`, they are in `evaluations.jsonl` there, and the model with the best value of
    `keep_best` in `best.keras`; a resumed run continues both. Latents are the same every time.
    An observer: it changes no weight. Of several workers the chief evaluates, and all log what it
    found.

    Args:
        real: Real images: a batched `tf.data.Dataset`, an array, or a `metrics.FeatureSet`. `None`
            stands for the data that `fit` trains on; to read a shuffled dataset for it once more
            means another order of its epochs.
        metrics: Names in `metrics.METRICS`.
        every: Epochs between two evaluations; the last epoch is evaluated in any case.
        samples: Number of generated, and at most of real, images.
        features: What `features.get` takes: the name of a feature network, a Keras model
            or a function. `None` for the network that fits the images' shape.
        ema: Whether to evaluate the EMA generator, where there is one, or the raw one.
        seed: Integer that fixes the latents.
        directory: Where the files go; `None` for no files. Made if missing.
        keep_best: Name of the number by which models are compared, such as "frechet_distance" or
            "recall"; `None` keeps none. Needs a `directory`.
        name: What the records call the real images.
        verbose: 0 prints nothing.

    Raises:
        ValueError: If an argument is invalid; when training begins, if the features do not
            take the images, images are too few for a metric, or `directory` is not writable or its
            files are damaged.

    Example:

    >>> import geans
    >>> callback = Evaluate(metrics=["frechet_distance"], every=5, samples=10_000)
    >>> model.fit(images, callbacks=[callback])  # doctest: +SKIP
    """

    def __init__(
        self,
        real=None,
        metrics=evaluation.DEFAULT,
        *,
        every=5,
        samples=10_000,
        features=None,
        ema=True,
        seed=0,
        directory=None,
        keep_best=None,
        name="training data",
        verbose=1,
    ):
        super().__init__()
        _check(metrics, every, samples, seed, directory, keep_best)
        self.real = real
        self.metrics = tuple(metrics)
        self.every = every
        self.samples = samples
        self.features = features
        self.ema = ema
        self.seed = seed
        self.directory = None if directory is None else pathlib.Path(directory)
        self.keep_best = keep_best
        self.name = name
        self.verbose = verbose
        self._reference = None

    def on_train_begin(self, logs=None):
        """Computes the features of the real images, once, before the first step."""
        if self.directory is not None and self.model.is_chief:
            report.check_writable(self.directory)
            self._rows_before(math.inf)
        # Of several workers all read the data, whose order would differ otherwise.
        if self._reference is None or self.real is None:  # A second fit may have other data.
            self._reference = self._extract_real()
        answer = self._reference.network(self.model.sample(2, seed=self.seed))
        evaluation.check_possible(self.metrics, self._reference, self.samples, "logits" in answer)
        count = min(self.samples, self._reference.count)
        if "frechet_distance" in self.metrics and count < measurement.ENOUGH_FOR_FRECHET:
            _log.warning(
                "The Fréchet distances of this training are those of %s images, and too large: "
                "compare them only with others of as many.",
                f"{count:,}",
            )

    def on_epoch_end(self, epoch, logs=None):
        """Evaluates an epoch whose turn it is."""
        done = epoch + 1
        if done % self.every and done != (self.params or {}).get("epochs"):
            return
        found = self._measure() if self.model.is_chief else []
        numbers = [each.value for each in found] or [math.nan] * len(self._names)
        is_best = bool(found) and self._is_best(found, done)
        if self.model.is_multi_worker:
            said = np.array([*numbers, is_best], "float64")
            *numbers, is_best = self.model.of_all_workers(said)[0].tolist()
        self._write(done, found, is_best)
        if logs is not None:
            logs.update(zip(self._names, numbers, strict=True))

    @property
    def _names(self):
        return evaluation.names_of(self.metrics)

    def _extract_real(self):
        real = self.model.training_data if self.real is None else self.real
        if isinstance(real, feature_set.FeatureSet):
            return real
        if not hasattr(real, "element_spec"):
            real = np.asarray(real)
            real = [real[start : start + 256] for start in range(0, len(real), 256)]
        shape = self.model.generator.output_shape[1:]
        network = features.get(self.features or features.default_for(shape))
        return self._extract(real, network, measurement.Origin(name=self.name))

    def _extract(self, batches, network, origin):
        keep = evaluation.needs_rows(self.metrics)
        return feature_set.extract(batches, network, origin, count=self.samples, keep=keep)

    def _measure(self):
        ema = self.ema and self.model.ema_generator is not None
        origin = measurement.Origin(
            name=self.model.name, generator="EMA" if ema else "raw", seed=self.seed
        )
        batches = self.model.sample_batches(self.samples, self.seed, self.ema)
        try:
            fake = self._extract(batches, self._reference.network, origin)
        except FloatingPointError as error:
            _log.warning("%s", error)
            return []
        found = evaluation.measure(self._reference, fake, self.metrics)
        for each in found if self.verbose else ():
            print(each, flush=True)
        return found

    def _is_best(self, found, done):
        if self.keep_best is None:
            return False
        before = [
            row["value"] for row in self._rows_before(done) if row["metric"] == self.keep_best
        ]
        (value,) = [each.value for each in found if each.metric == self.keep_best]
        better = operator.lt if evaluation.smaller_is_better(self.keep_best) else operator.gt
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
            # Of several workers all must save, for one to have all numbers.
            folder = self.directory if self.model.is_chief else pathlib.Path(elsewhere)
            report.save_model(self.model, folder / "best.keras")

    @property
    def _path(self):
        return self.directory / "evaluations.jsonl"

    def _rows_before(self, epoch):
        """What was measured at earlier epochs; later ones are from before a resume."""
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
    values.check_count("samples", samples)
    if samples < 2:
        raise ValueError(f"samples must be 2 or more. Received: {samples=}")
    values.check_seed(seed)
    if keep_best is not None and keep_best not in evaluation.names_of(names):
        raise ValueError(
            f"keep_best must be one of {', '.join(evaluation.names_of(names))}, which are measured."
            f" Received: {keep_best=}"
        )
    if keep_best is not None and directory is None:
        raise ValueError("keep_best needs a directory, in which to keep the model.")
