"""Labels and auxiliary outputs for the networks of any family.

Each function wraps a network of `geans.networks`, or any like it, in a new one that shares its
layers.
"""

import keras

from geans import values


def labelled(generator: keras.Model, num_classes: int) -> keras.Model:
    """Builds a generator of latents and labels from one of latents.

    One-hot labels are appended to the latents.

    Args:
        generator: `keras.Model` of latents `(batch, latent_dim + num_classes)`.
        num_classes: Number of classes, at least 2.

    Returns:
        A `keras.Model` of a list of latents `(batch, latent_dim)` and int64 labels `(batch,)`.

    Raises:
        ValueError: If `num_classes` is invalid or leaves no latents.

    Reference: Mirza and Osindero 2014, section 3.2.

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


def with_label_channels(discriminator: keras.Model, num_classes: int) -> keras.Model:
    """Builds a discriminator of samples and labels that receives the labels as further channels.

    Every class has a channel, 1 everywhere for the label's class and 0 otherwise; points have
    further coordinates instead.

    Args:
        discriminator: `keras.Model` of images or points `(batch, ..., channels + num_classes)`.
        num_classes: Number of classes, at least 2.

    Returns:
        A `keras.Model` of a list of samples `(batch, ..., channels)` and int64 labels `(batch,)`.

    Raises:
        ValueError: If `num_classes` is invalid, leaves no channels, or the rank is unsupported.

    Reference: Mirza and Osindero 2014, section 3.2.
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


def with_projection(
    discriminator: keras.Model, num_classes: int, *, seed: int | None = None
) -> keras.Model:
    """Builds a projection discriminator: logit + embedding(label) . features.

    The features are the inputs of the last layer; each of several heads has an embedding. If the
    last layer is spectrally normalised, so is the embedding.

    Args:
        discriminator: `keras.Model` of samples that ends in a dense layer of one unit, or in
            several that are joined.
        num_classes: Number of classes, at least 2.
        seed: Integer seed of the embedding; `None` draws one.

    Returns:
        A `keras.Model` of a list of samples and int64 labels `(batch,)`.

    Raises:
        ValueError: If `num_classes` is invalid or the last layers are not dense layers of one unit.

    Reference: Miyato and Koyama 2018 (projection discriminator), equation 3.
    """
    values.check_count("num_classes", num_classes)
    labels, one_hot = _one_hot_labels(num_classes)
    seeds = keras.random.SeedGenerator(seed)
    logits = []
    for i, last in enumerate(_last_layers(discriminator)):
        first = seed if i == 0 else int(seeds.next()[0])
        initializer = keras.initializers.GlorotUniform(seed=first)
        name = f"class_embedding_{i}" if i else "class_embedding"
        options = {"kernel_initializer": initializer, "dtype": "float32", "name": name}
        # A dense layer of a one-hot vector is an embedding that can be spectrally normalised.
        embedding = keras.layers.Dense(last.input.shape[-1], use_bias=False, **options)
        if isinstance(last, keras.layers.SpectralNormalization):
            embedding = keras.layers.SpectralNormalization(embedding, dtype="float32")
        product = keras.layers.Dot(axes=1, dtype="float32")([embedding(one_hot), last.input])
        logits.append(keras.layers.Add(dtype="float32")([last.output, product]))
    if len(logits) > 1:
        logits = [keras.layers.Concatenate(dtype="float32")(logits)]
    return keras.Model([discriminator.input, labels], logits[0], name="projection_discriminator")


def with_heads(
    discriminator: keras.Model, heads: dict[str, int], *, units: int = 0, seed: int | None = None
) -> keras.Model:
    """Adds auxiliary outputs to a discriminator, dense layers on its last features.

    Args:
        discriminator: `keras.Model` of samples that ends in a dense layer of one unit, or in
            several that are joined.
        heads: Dict from names of the auxiliary outputs to their numbers of units.
        units: Units of a hidden layer (leaky ReLU) shared by all heads; 0 for none.
        seed: Integer seed of the weights; `None` draws one.

    Returns:
        A `keras.Model` of samples to a dict of `"logits"` and the auxiliary outputs, float32.

    Raises:
        ValueError: If a size is invalid or the last layers are not dense layers of one unit.

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


def _last_layers(discriminator):
    """Returns the dense layers of one unit in which a discriminator ends: its heads, or the one."""
    last = discriminator.layers[-1]
    heads = [last]
    if isinstance(last, keras.layers.Concatenate):
        heads = [tensor._keras_history.operation for tensor in last.input]
    for head in heads:
        dense = head.layer if isinstance(head, keras.layers.SpectralNormalization) else head
        if not isinstance(dense, keras.layers.Dense) or dense.units != 1:
            raise ValueError(
                "The discriminator must end in a dense layer of one unit, its logit, or join "
                f"several. Received: a last layer {head.name!r}, a {type(head).__name__}."
            )
    return heads


def _last_features(discriminator):
    """Returns the inputs of the last layers of a discriminator, as one tensor."""
    features = [layer.input for layer in _last_layers(discriminator)]
    return keras.layers.Concatenate()(features) if len(features) > 1 else features[0]
