"""A worker that trains with checkpoints: `python checkpointed_worker.py OUT RUN_DIR [FAULT]`.

FAULT is what befalls it in its second epoch, after the third of five steps and one step after a
checkpoint: the name of a signal.
"""

import os
import signal
import sys

import keras
import numpy as np
import tensorflow as tf

from geans import callbacks
from geans.data import pipeline
from tests.models import replicas


class Fault(keras.callbacks.Callback):
    def __init__(self, name):
        super().__init__()
        self.name = name
        self.epoch = None

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if (self.epoch, batch) == (1, 2):
            print("fault", flush=True)
            os.kill(os.getpid(), signal.Signals[self.name])


def main():
    path, run_dir, *faults = sys.argv[1:]
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        # The sums of an epoch, batch normalisation, and a sum of samples that is odd.
        model, _ = replicas.make_model("dcgan", "gean", False)
    samples = np.tanh(np.random.default_rng(1).normal(size=(35, 8, 8, 1))).astype("float32")
    dataset = pipeline.batches(samples, batch_size=8, seed=5)
    checkpoint = callbacks.Checkpoint(run_dir, every_steps=2)
    history = model.fit(
        dataset, epochs=3, verbose=0, callbacks=[*map(Fault, faults), checkpoint]
    ).history
    counts = {"samples": model.samples_seen, "steps": model.steps}
    weights = {weight.path: weight for weight in model.weights}
    for name, value in (weights | counts | history).items():
        counts[name] = np.asarray(value)
    np.savez(path, **{name.replace("/", "|"): value for name, value in counts.items()})


if __name__ == "__main__":
    main()
