"""Trains and evaluates a model on replicas: `python evaluated_replicas.py DIRECTORY REPLICAS`.

With TF_CONFIG in the environment, REPLICAS is how many workers there are, and this is one of them.
"""

import json
import sys

import numpy as np
import tensorflow as tf

from tests.models import replicas


def main():
    directory, count = sys.argv[1], int(sys.argv[2])
    strategy = replicas.make_strategy(count)

    import geans
    from geans import callbacks
    from geans.metrics import features

    with strategy.scope():
        model, _ = replicas.make_model("dcgan", "gan", r1=False)
    images = np.random.default_rng(0).uniform(-1, 1, (32, 8, 8, 1)).astype("float32")
    dataset = geans.data.pipeline.batches(images, batch_size=8, seed=5)
    evaluate = callbacks.Evaluate(
        metrics=["frechet_distance", "prdc"],
        every=1,
        samples=30,
        features=features.FeatureNetwork("means", lambda x: tf.reduce_mean(x, axis=(2, 3))),
        directory=directory,
        keep_best="frechet_distance",
    )
    history = model.fit(dataset, epochs=3, callbacks=[evaluate], verbose=0).history
    print("history:", json.dumps(history), flush=True)


if __name__ == "__main__":
    main()
