"""Checkpoints from which an interrupted training resumes exactly."""

import contextlib
import hashlib
import json
import logging
import os
import pathlib
import shutil
import signal
import tempfile
import threading
import zipfile
from typing import Any

import keras
import numpy as np

from geans import files, report
from geans.types import PathLike

MODEL = "model.keras"
RECORD = "checkpoint.json"
UNFINISHED = "unfinished_"

_log = logging.getLogger(__name__)


class Checkpoint(keras.callbacks.Callback):
    """Saves checkpoints from which an interrupted `fit` resumes exactly.

    The same call of `fit` in a new process gives the weights and history of an uninterrupted run,
    bit by bit on one CPU device, with the same model and data: arrays, or a `tf.data.Dataset` whose
    order follows from seeds. (Shuffle after `cache()`, and draw augmentations from seeds, not from
    a `tf.random.Generator`.) Other data, such as a Python generator, start anew, with a warning.

    Checkpoints are written at the start, after every epoch, every `every_steps` steps, and on
    SIGTERM or SIGINT (Ctrl-C), which then end training with `SystemExit(143)` or
    `KeyboardInterrupt`; a second signal ends it at once. Damaged checkpoints and failed writes
    cause a warning.

    Args:
        run_dir: Directory in which `checkpoints/` is made, one per training.
        every_steps: Steps between two checkpoints within an epoch; `None` disables them.
        keep: Number of checkpoints to keep, at least 1.

    Raises:
        ValueError: If an argument is invalid; when training begins, if `run_dir` is not writable,
            or holds checkpoints but no intact one of this model.

    Example:
        >>> callback = Checkpoint("runs/mine", every_steps=500)
    """

    def __init__(self, run_dir: PathLike, every_steps: int | None = None, keep: int = 3) -> None:
        super().__init__()
        for name, value in (("every_steps", every_steps), ("keep", keep)):
            optional = name == "every_steps" and value is None
            if not optional and (not isinstance(value, int) or value < 1):
                raise ValueError(f"{name} must be an integer, 1 or more. Received: {value!r}.")
        self.directory = files.path_of(run_dir) / "checkpoints"
        self.every_steps = every_steps
        self.keep = keep
        self._handlers: dict[int, Any] = {}
        self._signal = None

    def restore(self, model: keras.Model, initial_epoch: int = 0) -> tuple[int, int]:
        """Restores the newest intact checkpoint, or saves the first; called by `fit`.

        Returns completed epochs, and completed steps of the next one.
        """
        self.set_model(model)
        path, record = newest(self.directory)
        if model.is_multi_worker:
            _check_same(model, self.directory, record)  # No worker writes before all have read.
        if model.is_chief:
            report.check_writable(self.directory)
            _delete(self.directory.glob(f"{UNFINISHED}*"))
        if record is None:
            self._resumed_step, self._means = 0, None
            self._history: dict[str, Any] = {"epoch": []}
            try:
                self._write(initial_epoch, 0)
            except OSError as error:
                raise ValueError(f"There is no room for a checkpoint: {error}.") from error
            except NotImplementedError:  # A layer without get_config.
                _delete(self.directory.glob(f"{UNFINISHED}*"))
                model.check_savable()
                raise
        else:
            _load(model, path, record)
            # Newer ones are damaged, and would outlive the next ones.
            self._remove(each for each in checkpoints(self.directory) if each.name > path.name)
            self._resumed_step = record["step"]
            self._means, self._history = record["means"], record["history"]
            initial_epoch = record["epoch"]
        self._listen()
        return initial_epoch, self._resumed_step

    def release(self) -> None:
        """Stops listening to signals; called by `fit` whenever it ends."""
        self._stop_listening()
        self._end_if_told()

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Restores the metrics of an interrupted epoch, which Keras has just reset."""
        self._epoch, self._saved_at = epoch, self._resumed_step
        self._steps_before = int(self.model.steps.numpy()) - self._resumed_step
        if self._resumed_step:
            _set_means(self.model, self._means)
        self._resumed_step = 0

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Saves after every `every_steps` steps, or if a signal came."""
        # Keras' number, as the model's counter may lag behind on an accelerator.
        # A call of several steps may end before its last one.
        done = min(batch + 1, self.params.get("steps") or batch + 1)
        if self._signal or (
            self.every_steps and done // self.every_steps > self._saved_at // self.every_steps
        ):
            self._saved_at = done
            step = int(self.model.steps.numpy()) - self._steps_before
            self._try_to_write(self._epoch, step)
            self._end_if_told()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Saves a checkpoint."""
        self._history["epoch"].append(epoch)
        for name, value in (logs or {}).items():
            self._history.setdefault(name, []).append(float(value))
        self._try_to_write(epoch + 1, 0)
        self._end_if_told()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Adds the epochs before the interruption to the history that `fit` returns."""
        self._end_if_told()
        history = keras.callbacks.History()
        history.set_model(self.model)
        history.set_params(self.params)
        history.epoch = self._history["epoch"]
        history.history = {k: v for k, v in self._history.items() if k != "epoch"}
        self.model.history = history

    def prune(self, keep: int) -> None:
        """Removes all checkpoints but the newest `keep`."""
        self._remove(checkpoints(self.directory)[:-keep])

    def _listen(self):
        self._signal = None
        if threading.current_thread() is not threading.main_thread():
            return
        for number in (signal.SIGINT, signal.SIGTERM):
            # Signals ignored (as by a shell for background jobs) or handled outside Python stay so.
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._handlers[number] = signal.signal(number, self._remember)

    def _stop_listening(self):
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._handlers = {}

    def _remember(self, number, frame):
        self._signal = number
        self._stop_listening()  # The next signal has its default effect.
        if self.model.is_multi_worker:
            self._end_if_told()  # Others would wait for a checkpoint unknown to them.

    def _end_if_told(self):
        number, self._signal = self._signal, None
        if number is not None:
            left = checkpoints(self.directory)
            newest_one = left[-1] if left else "missing"
            name = signal.Signals(number).name
            _log.warning("Training ends by %s. The newest checkpoint is %s.", name, newest_one)
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    def _try_to_write(self, epoch, step):
        try:
            self._write(epoch, step)
        except OSError as error:
            _log.warning("No checkpoint was saved, training goes on: %s", error)

    def _write(self, epoch, step):
        path = self.directory / f"epoch_{epoch:06d}_step_{step:08d}"
        if self.model.is_multi_worker:
            # Reading the replicas' sums takes all workers, so nothing may fail in between.
            with tempfile.TemporaryDirectory() as folder:
                saved = pathlib.Path(folder) / MODEL
                self._save(saved)
                means = _means(self.model)
                if self.model.is_chief:
                    self._publish(path, epoch, step, means, lambda to: shutil.copy(saved, to))
        elif not path.exists():  # Or a signal came before the first step after a restart.
            self._publish(path, epoch, step, _means(self.model), self._save)

    def _save(self, path):
        # Weights are loaded into the model at hand, so that networks need not be made anew.
        keras.saving.save_model(self.model, path)

    def _publish(self, path, epoch, step, means, save):
        unfinished = path.with_name(UNFINISHED + path.name)
        try:
            unfinished.mkdir(parents=True)
            save(unfinished / MODEL)
            record = {
                "epoch": epoch,
                "step": step,
                "seed": self.model.seed,
                "shapes": _shapes(self.model),
                "means": means,
                "history": self._history,
                "model": _fingerprint(unfinished / MODEL),
            }
            (unfinished / RECORD).write_bytes(_encode(record))
            for each in (unfinished / MODEL, unfinished / RECORD, unfinished):
                _flush(each)
            unfinished.rename(path)
            _flush(self.directory)
        except OSError:
            _delete([unfinished])
            raise
        self.prune(self.keep)

    def _remove(self, paths):
        for path in paths if self.model.is_chief else ():
            # A kill during deletion must not leave half of it under its name.
            with contextlib.suppress(OSError):
                _delete([path.rename(path.with_name(UNFINISHED + path.name))])


def checkpoints(directory):
    """Returns the checkpoints in a `checkpoints` directory, intact or not, oldest first."""
    return sorted(files.path_of(directory).glob("epoch_*_step_*"))


def newest(directory):
    """Returns path and record of the newest intact checkpoint, or `(None, None)` without any.

    Raises a `ValueError` if all are damaged.
    """
    found = checkpoints(directory)
    reasons = []
    for path in reversed(found):
        try:
            record = read(path)
        except ValueError as error:
            reasons.append(str(error))
            continue
        for reason in reasons:
            _log.warning("%s. The checkpoint before it is used.", reason)
        return path, record
    if found:
        raise ValueError(
            f"No checkpoint in {directory} is whole: {'; '.join(reasons)}. Remove the directory "
            "to begin anew, or restore it from a backup."
        )
    return None, None


def read(path):
    """Returns a checkpoint's record, a dict; raises a `ValueError` if a file is damaged."""
    try:
        record = _decode((path / RECORD).read_bytes())
        expected = [(name, record["model"][name]) for name in ("size", "sha256")]
        found = _fingerprint(path / MODEL)
    except OSError as error:
        raise ValueError(f"{error.filename or path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"{path / RECORD} is damaged: {error}") from error
    for name, value in expected:
        if found[name] != value:
            raise ValueError(f"{path / MODEL} is damaged: {name} is {found[name]}, was {value}")
    return record


def _encode(record):
    text = json.dumps(record, separators=(",", ":"))
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return f'{{"sha256":"{checksum}","record":{text}}}\n'.encode()


def _decode(content):
    record = json.loads(content)["record"]
    if _encode(record) != content:
        raise ValueError("its checksum is not that of its content")
    numbers = [record["epoch"], record["step"], record["seed"]]
    if not all(isinstance(number, int) for number in numbers):
        raise ValueError(f"epoch, step and seed must be integers, not {numbers}")
    lists = [*record["means"].values(), *record["history"].values(), record["history"]["epoch"]]
    if not all(isinstance(x, (int, float)) for values in lists for x in values):
        raise ValueError("means and history must be lists of numbers")
    return record


def _fingerprint(path):
    with path.open("rb") as file:
        checksum = hashlib.file_digest(file, "sha256").hexdigest()
    return {"size": path.stat().st_size, "sha256": checksum}


def _flush(path):
    if os.name == "posix" or path.is_file():  # Windows has no fsync of a directory.
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _delete(paths):
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


def _load(model, path, record):
    try:
        model.load_weights(path / MODEL)
        if record["shapes"] != _shapes(model) or record["means"].keys() != _means(model).keys():
            raise ValueError("it has other variables")
    except (ValueError, LookupError, OSError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"The checkpoint {path} is of another model: {error}. Pass another run_dir."
        ) from error
    if model.seed != record["seed"]:
        model.seed = record["seed"]
        model.make_train_function(force=True)  # It was traced with the other seed.


def _check_same(model, directory, record):
    place = (record["epoch"], record["step"]) if record else (-1, -1)
    places = model.of_all_workers(place)
    if (places != place).any():
        found = ", ".join("none" if e < 0 else f"epoch {e} step {s}" for e, s in places.tolist())
        raise ValueError(
            f"The workers find different newest checkpoints in {directory}: {found}. Pass a "
            "run_dir on a file system that all of them share."
        )


def _means(model):
    return {
        mean.name: [np.asarray(variable).tolist() for variable in mean.variables]
        for mean in model.metrics
    }


def _shapes(model):
    # Keras ignores superfluous state in a file, such as GEAN's sums, loaded into a GAN.
    return [list(variable.shape) for variable in model.variables]


def _set_means(model, means):
    for mean in model.metrics:
        for variable, value in zip(mean.variables, means[mean.name], strict=True):
            variable.assign(value)
