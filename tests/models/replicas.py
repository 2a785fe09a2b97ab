"""Trains models on replicas, for `distribution_test.py`: `python replicas.py OUT REPLICAS CASES`.

Beside OUT, an `.npz` file, goes the best model of those that are evaluated. CASES is a key of
`SETS`. With TF_CONFIG in the environment, REPLICAS is how many workers there are,
and this is one of them.
"""

import gc
import os
import sys

import numpy as np
import tensorflow as tf

BATCH_SIZE = 8
# So that the last batch leaves the last of four replicas with fewer samples, or with none. Of none,
# batch normalisation cannot be had: a sample of zeros stands in.
SIZES = {"dcgan": 23, "mlp": 21}

CASES = {
    f"{network}, {rule}, {'R1' if r1 else 'no penalty'}": (network, rule, r1)
    for network in ("mlp", "dcgan")
    for rule in ("gan", "gean")
    for r1 in (False, True)
} | {
    "dcgan, adaptive, no penalty": ("dcgan", "adaptive", False),
    "dcgan, alternating window, no penalty": ("dcgan", "alternating window", False),
    "mlp, pullback, no penalty": ("mlp", "pullback", False),
    "mlp, outer, no penalty": ("mlp", "outer", False),
    "mlp, extragradient, R1": ("mlp", "extragradient", True),
    "mlp, fresh extragradient, no penalty": ("mlp", "fresh extragradient", False),
    "mlp, SVRE, no penalty": ("mlp", "SVRE", False),
    "mlp, simultaneous, no penalty": ("mlp", "simultaneous", False),
    "mlp, XLA, R1": ("mlp", "XLA", True),
    "mlp, float16, no penalty": ("mlp", "float16", False),
    "mlp, float16 window, no penalty": ("mlp", "float16 window", False),
    "srgan, translation, no penalty": ("srgan", "translation", False),
    "spade, translation, no penalty": ("spade", "translation", False),
}

# Where a replica more or a process more could make a difference: ragged batches, sums of an epoch,
# a rule that reduces by itself, synchronised statistics, penalties by sample, an augmentation that
# all replicas steer, and (with this one) `callbacks.Evaluate`.
FEW = [
    "mlp, gan, R1",
    "mlp, SVRE, no penalty",
    "dcgan, gean, no penalty",
    "dcgan, adaptive, no penalty",
]
# With these, every pair of a network, a rule (adaptive is a gan) and a penalty.
PAIRS = [
    *FEW,
    "mlp, gean, no penalty",
    "dcgan, gean, R1",
    "dcgan, alternating window, no penalty",
    "mlp, float16 window, no penalty",
    "mlp, pullback, no penalty",
    "mlp, outer, no penalty",
    "mlp, extragradient, R1",
]
TRANSLATIONS = [name for name in CASES if "translation" in name]
SETS = {"few": FEW, "pairs": PAIRS, "translations": TRANSLATIONS, "all": list(CASES)}


def make_strategy(replicas):
    """The strategy of TF_CONFIG, or a mirrored one; of one replica, none at all."""
    if "TF_CONFIG" in os.environ:
        return tf.distribute.MultiWorkerMirroredStrategy()
    devices = tf.config.list_physical_devices("CPU")
    logical = [tf.config.LogicalDeviceConfiguration()] * replicas
    tf.config.set_logical_device_configuration(devices[0], logical)
    if replicas == 1:
        return tf.distribute.get_strategy()
    return tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(replicas)])


def make_translation(network):
    """A compiled model of pairs of images, and these."""
    import keras

    import geans
    from geans.networks import patchgan, spade, srresnet

    keras.config.set_dtype_policy("float32")
    size = {"srgan": 16, "spade": 8}[network]
    judging = {"features": True, "width": 2, "layers": 1, "seed": 2}
    if network == "srgan":
        generator = srresnet.generator((8, 8, 3), width=2, blocks=1, scale=2, seed=1)
        model = geans.SRGAN(generator, patchgan.discriminator((16, 16, 3), **judging), seed=3)
    else:
        options = {"latent_dim": 4, "width": 2, "normalization": "instance", "seed": 1}
        generator = spade.generator((8, 8, 3), **options)
        generator = spade.with_encoder(generator, spade.encoder((8, 8, 3), 4, width=2, seed=1))
        critic = patchgan.discriminator((8, 8, 3), source_channels=3, **judging)
        model = geans.SPADE(generator, critic, seed=3)
    model.compile(*[keras.optimizers.Adam(1e-3, epsilon=1e-3) for _ in range(2)])
    random = np.random.default_rng(0)
    pair = [np.tanh(random.normal(size=(21, side, side, 3))) for side in (8, size)]
    return model, tuple(images.astype("float32") for images in pair)


def make_model(network, rule, r1):
    """A compiled model and the samples to train it on."""
    if rule == "translation":
        return make_translation(network)
    import keras

    import geans
    from geans import augment, networks, penalties, rules

    random = np.random.default_rng(0)
    keras.config.set_dtype_policy("mixed_float16" if "float16" in rule else "float32")
    if network == "mlp":
        samples = random.normal(size=(SIZES[network], 2))
        generator = networks.mlp.generator(3, (2,), units=(8, 8), seed=1)
        discriminator = networks.mlp.discriminator((2,), units=(8, 8), seed=2)
    else:
        samples = np.tanh(random.normal(size=(SIZES[network], 8, 8, 1)))
        generator = networks.dcgan.generator(3, (8, 8, 1), width=4, seed=1)
        # A penalty per sample has no meaning with the statistics of a batch.
        normalization = None if r1 else "batch"
        discriminator = networks.dcgan.discriminator(
            (8, 8, 1), width=4, normalization=normalization, seed=2
        )
    by_rule = {
        "gan": (geans.GAN, {}),
        "gean": (geans.GEAN, {}),
        "adaptive": (geans.GAN, {}),
        "simultaneous": (geans.GAN, {"order": "simultaneous"}),
        "alternating window": (geans.GEAN, {"update_every": 2, "order": "alternating"}),
        "pullback": (geans.GEAN, {"update": "pullback", "update_every": 2}),
        "outer": (
            geans.GEAN,
            {"rule": rules.Pullback(2, outer=keras.optimizers.SGD(momentum=0.5))},
        ),
        "extragradient": (geans.GAN, {"update": "extragradient"}),
        "fresh extragradient": (geans.GAN, {"rule": rules.Extragradient(fresh_batch=True)}),
        "SVRE": (geans.GEAN, {"update": "svre", "update_every": 2}),
        "XLA": (geans.GAN, {}),
        "float16": (geans.GAN, {}),
        "float16 window": (geans.GEAN, {"update_every": 2}),
    }
    model_class, options = by_rule[rule]
    model = model_class(generator, discriminator, seed=3, **options)
    # An epsilon that is not tiny keeps Adam from blowing up what rounding does to gradients near 0.
    optimizers = [keras.optimizers.Adam(1e-3, epsilon=1e-3) for _ in range(2)]
    penalty = penalties.R1(1.0) if r1 else None
    augmentation = None
    if rule == "adaptive":
        # Replicas transform images each in its own way. Here they do nothing, but p moves.
        nothing = augment.DiffAugment(False, 0, cutout=0)
        augmentation = augment.Adaptive(nothing, 0.3, ramp=100, interval=1)
    compiled = {"penalty": penalty, "augmentation": augmentation, "jit_compile": rule == "XLA"}
    model.compile(*optimizers, **compiled)
    return model, samples.astype("float32")


def evaluation(directory):
    """A callback that measures samples of all replicas after every epoch, and keeps the best."""
    from geans import callbacks
    from geans.metrics import features

    return callbacks.Evaluate(
        metrics=["frechet_distance", "prdc"],
        every=1,
        samples=30,
        features=features.FeatureNetwork("means", lambda x: tf.reduce_mean(x, axis=(2, 3))),
        directory=directory,
        keep_best="frechet_distance",
        verbose=0,
    )


def train(strategy, directory, network, rule, r1):
    """What three epochs lead to: a dict of arrays."""
    from geans.data import pipeline

    with strategy.scope():
        model, samples = make_model(network, rule, r1)
    dataset = pipeline.batches(samples, batch_size=BATCH_SIZE, seed=5)
    callbacks = [evaluation(directory)] if rule == "adaptive" else []
    history = model.fit(dataset, epochs=3, callbacks=callbacks, verbose=0).history
    networks = {
        "generator": model.generator,
        "discriminator": model.discriminator,
        "average": model.ema_generator,
    }
    weights = {
        f"{name}/{weight.path}": np.asarray(weight)
        for name, network in networks.items()
        for weight in network.weights
    }
    return weights | {f"history/{key}": np.array(values) for key, values in history.items()}


def main():
    path, replicas, cases = sys.argv[1], int(sys.argv[2]), sys.argv[3]
    directory = os.path.dirname(path)
    strategy = make_strategy(replicas)
    gc.set_threshold(200_000, 20, 20)  # As in conftest.py.
    import keras

    results = {}
    for case in SETS[cases]:
        keras.backend.clear_session()  # Weights are named alike whatever was made before.
        for name, value in train(strategy, directory, *CASES[case]).items():
            results[f"{case}/{name.replace('/', '|')}"] = value
        print(case, flush=True)
    np.savez(path, **results)


if __name__ == "__main__":
    main()
