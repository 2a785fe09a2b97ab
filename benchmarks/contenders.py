"""Trains one network pair in one way, a number of steps at every command: of `speed.py`.

    python benchmarks/contenders.py WORKLOAD CONTENDER

Each line on standard input asks for so many steps; each line on standard output is a JSON object
with the wall and the processor seconds that they took. The first line is that of the first step.
"""

import json
import sys
import time

import numpy as np

# Batch size, shape of a sample, latents, networks; steps of one round.
_DCGAN = {"latent_dim": 64, "width": 32}
WORKLOADS = {
    "ring": {"batch_size": 128, "shape": (2,), "latent_dim": 64, "units": (64, 64), "steps": 1_000},
    "mlp": {
        "batch_size": 64,
        "shape": (28, 28, 1),
        "latent_dim": 64,
        "units": (128, 128),
        "steps": 400,
    },
    "dcgan28": {"batch_size": 64, "shape": (28, 28, 1), "steps": 100, **_DCGAN},
    "dcgan64": {"batch_size": 32, "shape": (64, 64, 3), "steps": 24, **_DCGAN},
    "pix2pix64": {"batch_size": 8, "shape": (64, 64, 3), "width": 16, "steps": 40},
}
RATE, BETA_1, BETA_2, EPSILON = 2e-4, 0.5, 0.999, 1e-7
RECONSTRUCTION_WEIGHT = 100.0


def samples(workload, steps):
    """As many batches of float32 noise in [-1, 1], one array per input."""
    shape = (steps * workload["batch_size"], *workload["shape"])
    random = np.random.default_rng(0)
    count = 1 if "latent_dim" in workload else 2  # A translation has sources and targets.
    return [random.uniform(-1, 1, shape).astype("float32") for _ in range(count)]


def networks_of(workload):
    """The generator and the discriminator that all contenders in TensorFlow train."""
    from geans import networks

    shape = workload["shape"]
    if "latent_dim" not in workload:
        options = {"width": workload["width"], "seed": 0}
        critic = {"source_channels": shape[-1], "normalization": None, "layers": 2}
        return (
            networks.unet.generator(shape, shape[-1], dropout=0, **options),
            networks.patchgan.discriminator(shape, **critic, **options),
        )
    family, name = (networks.mlp, "units") if "units" in workload else (networks.dcgan, "width")
    options = {name: workload[name], "seed": 0}
    return (
        family.generator(workload["latent_dim"], shape, **options),
        family.discriminator(shape, **options),
    )


def adam(kind=None):
    import keras

    return (kind or keras.optimizers.Adam)(RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON)


def dataset_of(workload, steps):
    from geans.data import pipeline

    arrays = samples(workload, steps)
    arrays = arrays[0] if len(arrays) == 1 else tuple(arrays)
    return pipeline.batches(arrays, batch_size=workload["batch_size"], seed=0)


def geans_model(workload, **options):
    import geans

    translation = "latent_dim" not in workload
    if translation:
        kind, more = geans.Pix2Pix, {"reconstruction_weight": RECONSTRUCTION_WEIGHT}
    else:
        kind, more = (geans.GEAN if "update_every" in options else geans.GAN), {}
    compiled = {"jit_compile": options.pop("jit_compile", False)}
    adam_kind = options.pop("adam_kind", geans.optimizers.Adam)
    model = kind(*networks_of(workload), seed=0, **options, **more)
    model.compile(adam(adam_kind), adam(adam_kind), **compiled)
    return model


def fitted(model, workload):
    """A function that trains a model by `fit`."""
    datasets = {}

    def train(steps):
        if steps not in datasets:
            datasets[steps] = dataset_of(workload, steps)
        model.fit(datasets[steps], verbose=0)

    return train


def data_alone(workload):
    """The batches without a model: what `fit` cannot be quicker than."""

    def train(steps):
        if steps not in datasets:
            datasets[steps] = dataset_of(workload, steps)
        for _ in datasets[steps]:
            pass

    datasets = {}
    return train


def geans_gan(workload):
    return fitted(geans_model(workload, reuse_fakes=True), workload)


def geans_simultaneous(workload):
    return fitted(geans_model(workload, order="simultaneous"), workload)


def geans_window(workload):
    return fitted(geans_model(workload, update_every=8, order="simultaneous"), workload)


def geans_default(workload):
    """With the optimizer that `compile` takes by default."""
    return fitted(geans_model(workload, reuse_fakes=True, adam_kind=None), workload)


def geans_drawing(workload):
    return fitted(geans_model(workload), workload)


def geans_bfloat16(workload):
    import keras

    keras.config.set_dtype_policy("mixed_bfloat16")
    return geans_gan(workload)


def losses(workload):
    """Functions for the players' losses, by Keras' binary cross-entropy on logits."""
    import keras
    import tensorflow as tf

    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True)

    def of_discriminator(logits, real_count):
        ones = tf.concat([tf.ones_like(logits[:real_count]), tf.zeros_like(logits[real_count:])], 0)
        # A mean over both halves; geans and the paper add the means.
        return 2 * cross_entropy(ones, logits)

    def of_generator(logits, fake, target):
        loss = cross_entropy(tf.ones_like(logits), logits)
        if target is not None:
            loss += RECONSTRUCTION_WEIGHT * tf.reduce_mean(tf.abs(target - fake))
        return loss

    return of_discriminator, of_generator


def alternating_step(workload, generator, discriminator, optimizers):
    """A function of a batch that moves both players, as keras.io's examples do."""
    import tensorflow as tf

    of_discriminator, of_generator = losses(workload)
    translation = "latent_dim" not in workload

    def inputs_of(data):
        if translation:
            return data
        return tf.random.normal((tf.shape(data)[0], workload["latent_dim"])), data

    def discriminate(images, source):
        return discriminator([images, source] if translation else images, training=True)

    def twice(source):
        return tf.concat([source, source], 0) if translation else None

    def step(data):
        latents, real = inputs_of(data)
        fake = generator(latents, training=True)
        both = tf.concat([real, fake], 0)
        with tf.GradientTape() as tape:
            logits = discriminate(both, twice(latents))
            d_loss = of_discriminator(logits, tf.shape(real)[0])
        gradients = tape.gradient(d_loss, discriminator.trainable_variables)
        optimizers[1].apply(gradients, discriminator.trainable_variables)
        latents, target = inputs_of(data)
        with tf.GradientTape() as tape:
            fake = generator(latents, training=True)
            logits = discriminate(fake, latents)
            g_loss = of_generator(logits, fake, target if translation else None)
        gradients = tape.gradient(g_loss, generator.trainable_variables)
        optimizers[0].apply(gradients, generator.trainable_variables)
        return d_loss, g_loss

    return step


def keras_example(workload):
    """A `keras.Model` with a `train_step` and two metrics, as on keras.io."""
    import keras

    generator, discriminator = networks_of(workload)

    class Example(keras.Model):
        def __init__(self):
            super().__init__()
            self.generator, self.discriminator = generator, discriminator
            self.d_mean = keras.metrics.Mean(name="d_loss")
            self.g_mean = keras.metrics.Mean(name="g_loss")

        def compile(self, g_optimizer, d_optimizer):
            super().compile()
            self.g_optimizer, self.d_optimizer = g_optimizer, d_optimizer
            optimizers = (g_optimizer, d_optimizer)
            self.step = alternating_step(workload, generator, discriminator, optimizers)

        @property
        def metrics(self):
            return [self.d_mean, self.g_mean]

        def train_step(self, data):
            d_loss, g_loss = self.step(data)
            self.d_mean.update_state(d_loss)
            self.g_mean.update_state(g_loss)
            return {"d_loss": self.d_mean.result(), "g_loss": self.g_mean.result()}

    model = Example()
    model.compile(adam(), adam())
    model.built = True
    return fitted(model, workload)


def plain_loop(workload):
    """A Python loop over a `tf.function` that only trains."""
    import tensorflow as tf

    generator, discriminator = networks_of(workload)
    optimizers = (adam(), adam())
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)
    step = tf.function(
        alternating_step(workload, generator, discriminator, optimizers), reduce_retracing=True
    )
    datasets = {}

    def train(steps):
        if steps not in datasets:
            datasets[steps] = dataset_of(workload, steps)
        for batch in datasets[steps]:
            step(batch)

    return train


def torch_networks(workload):
    """The same networks in PyTorch."""
    from torch import nn

    def dense_layers(sizes):
        pairs = list(zip(sizes, sizes[1:], strict=False))
        layers = []
        for a, b in pairs:
            layers += [nn.Linear(a, b), nn.ReLU()]
        return layers[:-1]

    shape = workload["shape"]
    size = int(np.prod(shape))
    if "units" in workload:
        units = workload["units"]
        last = [nn.Tanh()] if len(shape) > 1 else []
        unflat = [nn.Unflatten(1, (shape[-1], *shape[:-1]))] if len(shape) > 1 else []
        generator = nn.Sequential(
            *dense_layers([workload["latent_dim"], *units, size]), *last, *unflat
        )
        return generator, nn.Sequential(nn.Flatten(), *dense_layers([size, *units, 1]))
    width, levels = workload["width"], 0
    side = shape[0]
    while side % 2 == 0 and side // 2 >= 4:
        side, levels = side // 2, levels + 1
    widths = [width << level for level in range(levels)]
    channels = shape[-1]
    if "latent_dim" not in workload:
        return _torch_translator(workload)
    layers = [
        nn.Linear(workload["latent_dim"], side * side * widths[-1], bias=False),
        nn.BatchNorm1d(side * side * widths[-1]),
        nn.Unflatten(1, (widths[-1], side, side)),
        nn.ReLU(),
    ]
    # Keras normalises the channels, not the units, of the first layer: after its reshape.
    layers[1], layers[2] = layers[2], nn.BatchNorm2d(widths[-1])
    for wide, narrow in zip(widths[::-1], widths[-2::-1], strict=False):
        layers += [
            nn.ConvTranspose2d(wide, narrow, 4, 2, 1, bias=False),
            nn.BatchNorm2d(narrow),
            nn.ReLU(),
        ]
    layers += [nn.ConvTranspose2d(widths[0], channels, 4, 2, 1), nn.Tanh()]
    critic = []
    for before, after in zip([channels, *widths], widths, strict=False):
        critic += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.2)]
    critic += [nn.Flatten(), nn.Linear(side * side * widths[-1], 1)]
    return nn.Sequential(*layers), nn.Sequential(*critic)


def _torch_translator(workload):
    import torch
    from torch import nn

    width, shape = workload["width"], workload["shape"]
    levels = shape[0].bit_length() - 1
    widths = [width * min(2**level, 8) for level in range(levels)]

    class UNet(nn.Module):
        def __init__(self):
            super().__init__()
            down = zip([shape[-1], *widths], widths, strict=False)
            self.down = nn.ModuleList(
                nn.Conv2d(a, b, 4, 2, 1, bias=level in (0, levels - 1))
                for level, (a, b) in enumerate(down)
            )
            self.down_norms = nn.ModuleList(
                nn.BatchNorm2d(b) if 0 < level < levels - 1 else nn.Identity()
                for level, b in enumerate(widths)
            )
            outs = [*widths[-2::-1], shape[-1]]
            ins = [widths[-1], *(2 * each for each in widths[-2::-1])]
            self.up = nn.ModuleList(
                nn.ConvTranspose2d(a, b, 4, 2, 1, bias=level == levels - 1)
                for level, (a, b) in enumerate(zip(ins, outs, strict=True))
            )
            self.up_norms = nn.ModuleList(nn.BatchNorm2d(b) for b in outs[:-1])

        def forward(self, x):
            skipped = []
            for level, (layer, norm) in enumerate(zip(self.down, self.down_norms, strict=True)):
                x = norm(layer(nn.functional.leaky_relu(x, 0.2) if level else x))
                skipped.append(x)
            for level, layer in enumerate(self.up):
                x = layer(nn.functional.relu(x))
                if level < len(self.up_norms):
                    x = torch.cat([self.up_norms[level](x), skipped[-2 - level]], 1)
            return torch.tanh(x)

    class Patches(nn.Module):
        def __init__(self):
            super().__init__()
            a, b, c = width, 2 * width, 4 * width
            lrelu = nn.LeakyReLU(0.2)
            self.layers = nn.Sequential(
                *(nn.Conv2d(2 * shape[-1], a, 4, 2, 1), lrelu),
                *(nn.Conv2d(a, b, 4, 2, 1), lrelu),
                *(nn.Conv2d(b, c, 4, 1, 1), lrelu),
                nn.Conv2d(c, 1, 4, 1, 1),
            )

        def forward(self, pair):
            return self.layers(torch.cat(pair, 1))

    return UNet(), Patches()


def torch_eager(workload):
    """PyTorch as in its DCGAN tutorial: eager, the fakes of the discriminator's turn used again."""
    import torch

    torch.set_num_threads(2)
    torch.manual_seed(0)
    generator, discriminator = torch_networks(workload)
    optimizers = [
        torch.optim.Adam(network.parameters(), RATE, (BETA_1, BETA_2), EPSILON)
        for network in (generator, discriminator)
    ]
    cross_entropy = torch.nn.BCEWithLogitsLoss()
    translation = "latent_dim" not in workload
    arrays = {}

    def batches(steps):
        if steps not in arrays:
            found = samples(workload, steps)
            if len(workload["shape"]) > 1:
                found = [np.ascontiguousarray(np.moveaxis(each, -1, 1)) for each in found]
            arrays[steps] = [torch.from_numpy(each) for each in found]
        order = torch.randperm(len(arrays[steps][0])).split(workload["batch_size"])
        return ([each[part] for each in arrays[steps]] for part in order)

    def train(steps):
        for parts in batches(steps):
            real = parts[-1]
            source = parts[0] if translation else torch.randn(len(real), workload["latent_dim"])

            def discriminate(images, source=source):
                return discriminator([images, source] if translation else images)

            optimizers[1].zero_grad()
            logits = discriminate(real)
            cross_entropy(logits, torch.ones_like(logits)).backward()
            fake = generator(source)
            logits = discriminate(fake.detach())
            cross_entropy(logits, torch.zeros_like(logits)).backward()
            optimizers[1].step()
            optimizers[0].zero_grad()
            logits = discriminate(fake)
            loss = cross_entropy(logits, torch.ones_like(logits))
            if translation:
                loss = loss + RECONSTRUCTION_WEIGHT * (real - fake).abs().mean()
            loss.backward()
            optimizers[0].step()

    return train


def jax_scan(workload):
    """JAX: all steps of a round in one compiled `lax.scan`; multilayer perceptrons only."""
    import jax
    import jax.numpy as jnp

    def layers(key, sizes):
        made = []
        for a, b in zip(sizes, sizes[1:], strict=False):
            key, own = jax.random.split(key)
            limit = (6 / (a + b)) ** 0.5
            kernel = jax.random.uniform(own, (a, b), minval=-limit, maxval=limit)
            made.append((kernel, jnp.zeros(b)))
        return made

    def apply(weights, x):
        for kernel, bias in weights[:-1]:
            x = jax.nn.relu(x @ kernel + bias)
        return x @ weights[-1][0] + weights[-1][1]

    def adam_step(state, gradients):
        weights, first, second, count = state
        count += 1
        tree = jax.tree_util.tree_map
        first = tree(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, first, gradients)
        second = tree(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, second, gradients)
        rate = RATE * jnp.sqrt(1 - BETA_2**count) / (1 - BETA_1**count)
        move = tree(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + EPSILON), weights, first, second)
        return move, first, second, count

    def d_loss(critic, generator, latents, real):
        fake = apply(critic, apply(generator, latents))
        return jax.nn.softplus(-apply(critic, real)).mean() + jax.nn.softplus(fake).mean()

    def g_loss(generator, critic, latents):
        return jax.nn.softplus(-apply(critic, apply(generator, latents))).mean()

    def step(carry, real):
        generator, critic, key = carry
        key, one, two = jax.random.split(key, 3)
        shape = (workload["batch_size"], workload["latent_dim"])
        gradients = jax.grad(d_loss)(critic[0], generator[0], jax.random.normal(one, shape), real)
        critic = adam_step(critic, gradients)
        gradients = jax.grad(g_loss)(generator[0], critic[0], jax.random.normal(two, shape))
        return (adam_step(generator, gradients), critic, key), None

    size = int(np.prod(workload["shape"]))
    keys = jax.random.split(jax.random.key(0), 3)

    def state(key, sizes):
        weights = layers(key, sizes)
        zeros = jax.tree_util.tree_map(jnp.zeros_like, weights)
        return weights, zeros, zeros, 0

    units = workload["units"]
    carry = (
        state(keys[0], [workload["latent_dim"], *units, size]),
        state(keys[1], [size, *units, 1]),
        keys[2],
    )
    run = jax.jit(lambda carry, data: jax.lax.scan(step, carry, data))

    def train(steps):
        nonlocal carry
        data = samples(workload, steps)[0].reshape(steps, workload["batch_size"], size)
        carry, _ = run(carry, data)
        jax.block_until_ready(carry)

    return train


CONVOLUTION = {"images": (32, 32, 32, 64), "kernel": (4, 4, 64, 128)}


def convolution(workload):
    """One large convolution, whose rate is that of the processor."""
    import tensorflow as tf

    images, kernel = (tf.random.normal(CONVOLUTION[name]) for name in ("images", "kernel"))
    run = tf.function(lambda: tf.nn.conv2d(images, kernel, 1, "SAME"))

    def train(steps):
        for _ in range(steps):
            run()

    return train


CONTENDERS = {
    "geans GAN": geans_gan,
    "geans GAN, simultaneous": geans_simultaneous,
    "geans GEAN, window 8": geans_window,
    "geans GAN, Keras' Adam": geans_default,
    "geans GAN, new fakes": geans_drawing,
    "geans GAN, bfloat16": geans_bfloat16,
    "Keras example's way": keras_example,
    "plain tf.function loop": plain_loop,
    "PyTorch eager": torch_eager,
    "JAX lax.scan": jax_scan,
    "data alone": data_alone,
}


def main():
    make = convolution if sys.argv[2] == "convolution" else CONTENDERS[sys.argv[2]]
    train = make(WORKLOADS[sys.argv[1]])
    answer(train, 1)
    for line in sys.stdin:
        answer(train, int(line))


def answer(train, steps):
    wall, processor = time.perf_counter(), time.process_time()
    train(steps)
    taken = {"wall": time.perf_counter() - wall, "processor": time.process_time() - processor}
    print(json.dumps(taken | {"megabytes": megabytes()}), flush=True)


def megabytes():
    from geans import report

    return report.peak_memory_mb()


if __name__ == "__main__":
    main()
