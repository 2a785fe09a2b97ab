"""Labels and further outputs for the networks of any family.

A generator of latents becomes one of latents and labels, a discriminator of images one of images
and labels, or one that also says what it sees. Each function takes a network of `geans.networks`,
or any like it, and returns a new one around it, whose layers are the same objects.
"""

import keras

from geans import values


def labelled(generator, num_classes):
    """A generator of latents and labels out of one of latents alone.

    The labels, one-hot, are the last columns of what the network gets (Mirza and Osindero 2014,
    section 3.2).

    Args:
        generator: `keras.Model` of latents `(batch, latent_dim + num_classes)`.
        num_classes: Number of classes, at least 2.

    Returns:
        A `keras.Model` of a list of latents `(batch, latent_dim)` and int64 labels `(batch,)`.

    Raises:
        ValueError: If `num_classes` is no such number, or leaves no latents.

    Example:

    >>> from geans import networks
    >>> network = labelled(networks.mlp.generator(8 + 10, (28, 28, 1)), num_classes=10)
    >>> network.input_shape
    [(None, 8), (None,)]
    """
    values.check_count("num_classes", num_classes)
    latent_dim = generator.input_shape[-1] - num_classes
    if latent_dim < 1:
        raise ValueError(
            f"Of the generator's {generator.input_shape[-1]} inputs {num_classes} are for the "
            "label, which leaves no latents. Make it with latent_dim + num_classes."
        )
    latents = keras.Input((latent_dim,), name="latents")
    labels, one_hot = _one_hot_labels(num_classes)
    inputs = keras.layers.Concatenate(name="latents_and_labels")([latents, one_hot])
    return keras.Model([latents, labels], generator(inputs), name="labelled_generator")


def with_label_channels(discriminator, num_classes):
    """A discriminator of samples and labels, which sees the label as further channels.

    Every class has a channel, which is 1 everywhere for the label's class and 0 for the others;
    points have further coordinates instead (Mirza and Osindero 2014, section 3.2).

    Args:
        discriminator: `keras.Model` of samples `(batch, ..., channels + num_classes)`, images or
            points.
        num_classes: Number of classes, at least 2.

    Returns:
        A `keras.Model` of a list of samples `(batch, ..., channels)` and int64 labels `(batch,)`.

    Raises:
        ValueError: If `num_classes` is no such number, leaves no channels, or samples are neither
            images nor points.

    Example:

    >>> from geans import networks
    >>> network = with_label_channels(networks.mlp.discriminator((28, 28, 1 + 10)), num_classes=10)
    >>> network.input_shape
    [(None, 28, 28, 1), (None,)]
    """
    values.check_count("num_classes", num_classes)
    *size, channels = discriminator.input_shape[1:]
    if channels <= num_classes or len(size) not in (0, 2):
        raise ValueError(
            "Label channels need a discriminator of images or points with channels + num_classes "
            f"channels. Received: input_shape={discriminator.input_shape}, {num_classes=}."
        )
    samples = keras.Input((*size, channels - num_classes), name="samples")
    labels, maps = _one_hot_labels(num_classes)
    if size:
        maps = keras.layers.Reshape((1, 1, num_classes), name="label_pixel")(maps)
        maps = keras.layers.UpSampling2D(tuple(size), name="label_channels")(maps)
    inputs = keras.layers.Concatenate(name="samples_and_labels")([samples, maps])
    return keras.Model([samples, labels], discriminator(inputs), name="labelled_discriminator")


def with_projection(discriminator, num_classes, *, seed=None):
    """A discriminator of samples and labels by projection: logit + embedding(label) . features.

    The features are what the network's last layer, dense with one unit, gets; where that layer is
    spectrally normalised, so is the embedding.

    Args:
        discriminator: `keras.Model` of samples that ends in a dense layer of one unit.
        num_classes: Number of classes, at least 2.
        seed: Integer from which the embedding follows; `None` draws one.

    Returns:
        A `keras.Model` of a list of samples and int64 labels `(batch,)`.

    Raises:
        ValueError: If `num_classes` is no such number, or the network does not end so.

    Reference:
        Miyato and Koyama 2018, "cGANs with Projection Discriminator", equation 3.

    Example:

    >>> from geans import networks
    >>> with_projection(networks.dcgan.discriminator(width=8), num_classes=10).output_shape
    (None, 1)
    """
    values.check_count("num_classes", num_classes)
    features = _last_features(discriminator)
    labels, one_hot = _one_hot_labels(num_classes)
    initializer = keras.initializers.GlorotUniform(seed=seed)
    # A dense layer of a one-hot vector is an embedding that can be spectrally normalised.
    embedding = keras.layers.Dense(
        features.shape[-1],
        use_bias=False,
        kernel_initializer=initializer,
        dtype="float32",
        name="class_embedding",
    )
    if isinstance(discriminator.layers[-1], keras.layers.SpectralNormalization):
        embedding = keras.layers.SpectralNormalization(embedding, dtype="float32")
    product = keras.layers.Dot(axes=1, dtype="float32", name="projection")
    logits = keras.layers.Add(dtype="float32", name="projected_logits")(
        [discriminator.output, product([embedding(one_hot), features])]
    )
    return keras.Model([discriminator.input, labels], logits, name="projection_discriminator")


def with_heads(discriminator, heads, *, units=0, seed=None):
    """A discriminator that also says what it sees, by dense layers on its last features.

    Args:
        discriminator: `keras.Model` of samples that ends in a dense layer of one unit.
        heads: Dict from names of further outputs to their numbers of units.
        units: Units of a dense layer between the features and all heads, with leaky ReLU; 0 for
            none.
        seed: Integer from which the weights follow; `None` draws one.

    Returns:
        A `keras.Model` of samples to a dict of `"logits"` and the further outputs, float32.

    Raises:
        ValueError: If a size is no positive integer, or the network does not end so.

    Example:

    >>> from geans import networks
    >>> network = networks.dcgan.discriminator(width=8)
    >>> with_heads(network, {"class_logits": 10}).compute_output_shape((None, 28, 28, 1))
    {'logits': (None, 1), 'class_logits': (None, 10)}
    """
    features = _last_features(discriminator)
    seeds = keras.random.SeedGenerator(seed)

    def dense(size, name, dtype=None):
        values.check_count(name, size)
        initializer = keras.initializers.GlorotUniform(seed=int(seeds.next()[0]))
        return keras.layers.Dense(size, kernel_initializer=initializer, name=name, dtype=dtype)

    if units:
        features = keras.layers.LeakyReLU(0.1)(dense(units, "heads_hidden")(features))
    outputs = {"logits": discriminator.output}
    for name, size in heads.items():
        outputs[name] = dense(size, name, "float32")(features)
    return keras.Model(discriminator.input, outputs, name="discriminator_with_heads")


def _one_hot_labels(num_classes):
    labels = keras.Input((), dtype="int64", name="labels")
    encoding = keras.layers.CategoryEncoding(num_classes, "one_hot", name="one_hot")
    return labels, encoding(labels)


def _last_features(discriminator):
    """What the last layer of a discriminator gets."""
    last = discriminator.layers[-1]
    dense = last.layer if isinstance(last, keras.layers.SpectralNormalization) else last
    if not isinstance(dense, keras.layers.Dense) or dense.units != 1:
        raise ValueError(
            "The discriminator must end in a dense layer of one unit, its logit. Received: a last "
            f"layer {last.name!r}, a {type(last).__name__}."
        )
    return last.input
