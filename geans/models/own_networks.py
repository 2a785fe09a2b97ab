"""What a functional `keras.Model` knows of itself, found out for subclassed ones too."""

import inspect

import keras
import tensorflow as tf

WAY_OUT = (
    "Return all arguments of the constructor from get_config(), and take **kwargs there for "
    "super().__init__(**kwargs). (Of a Lambda, make a layer class.)"
)


def describe(network):
    """Gives a built subclassed network the shapes that a functional one has.

    These are `inputs`, `outputs`, `input_shape` and `output_shape`, of batches of any size. They
    come from a symbolic call, or else from a call on zeros.
    """
    if not _is_subclassed(network) or "inputs" in vars(network):
        return
    shape = (network.get_build_config() or {}).get("input_shape")
    if shape is None:
        raise ValueError(
            f"The shapes that {network.name!r} takes are unknown. Call it on one batch, a tensor "
            "or a list of tensors, before the model is made."
        )
    several = isinstance(shape[0], (list, tuple))
    inputs = [_input(each, i) for i, each in enumerate(shape if several else [shape])]
    outputs = _outputs(network, inputs if several else inputs[0])
    input_shapes = [tuple(each.shape) for each in inputs]
    found = {
        "inputs": inputs,
        "outputs": keras.tree.flatten(outputs),
        "input_shape": input_shapes if several else input_shapes[0],
        "output_shape": keras.tree.map_structure(lambda each: (None, *each.shape[1:]), outputs),
    }
    for name, value in found.items():
        object.__setattr__(network, name, value)  # Keras would track the lists.


def _input(shape, index):
    # A vector is one label per sample.
    dtype = "int64" if len(shape) == 1 else "float32"
    return keras.Input(shape[1:], dtype=dtype, name=f"input_{index}")


def _outputs(network, inputs):
    def on_zeros(inputs):
        zeros = keras.tree.map_structure(lambda each: tf.zeros((1, *each.shape[1:])), inputs)
        return network(zeros)

    # The first shows the layers too, but only if Keras' layers and operations do all.
    for call in (network.call, network.compute_output_spec):
        try:
            return call(inputs)
        except Exception:
            continue
    return on_zeros(inputs)


def copy_of(network, purpose):
    """Returns a network of the same structure and weights.

    Raises:
        ValueError: If it cannot be made from the network's config; says which layer is at fault and
            what `purpose` to do without.
    """
    try:
        copy = _rebuilt(network) if _is_subclassed(network) else keras.models.clone_model(network)
        copy.set_weights(network.get_weights())
    except Exception as error:
        culprit = _culprit(network)
        raise ValueError(
            f"{network.name!r} cannot be copied, because of its layer {culprit.name!r} "
            f"(a {type(culprit).__name__}). {WAY_OUT} Or {purpose}."
        ) from error
    return copy


def compute_in_float32(network):
    """Makes the layers with weights of float32 compute in it, those of mixed precision too."""
    for layer in network._flatten_layers():
        if layer.variable_dtype == "float32":
            layer.dtype_policy = "float32"


def parts(network):
    """Returns a functional network in two: up to a frozen model in it, and what follows.

    Returns:
        A `keras.Model` from the network's first input to the frozen model's outputs, and a function
        of `training` and of a list of them and of the other inputs, to the network's outputs; or
        `None` if there is no such model or more than one, or if the input goes past it as well.
    """
    network = getattr(network, "_functional", None) or network  # Of a Sequential.
    frozen = [layer for layer in getattr(network, "layers", ()) if _is_frozen_model(layer)]
    if len(frozen) != 1 or len(frozen[0]._inbound_nodes) != 1:
        return None
    features = frozen[0]._inbound_nodes[0].output_tensors
    starts = [*features, *network.inputs[1:]]
    known = dict.fromkeys(map(id, starts))
    for node in _nodes_after(network, known):
        known |= dict.fromkeys(map(id, node.outputs))
    if not known.keys() >= set(map(id, network.outputs)):
        return None

    def rest(inputs, training):
        # A model of inner tensors would add nodes to the shared layers, and spoil their configs.
        found = dict(zip(map(id, starts), keras.tree.flatten(inputs), strict=True))
        for node in _nodes_after(network, found):
            arguments, options = node.arguments.fill_in(found)
            if "training" in inspect.signature(node.operation.call).parameters:
                options["training"] = training
            outputs = keras.tree.flatten(node.operation(*arguments, **options))
            found.update(zip(map(id, node.outputs), outputs, strict=True))
        return keras.tree.map_structure(lambda output: found[id(output)], network.output)

    return keras.Model(network.inputs[0], features), rest


def _nodes_after(network, known):
    """Yields a network's nodes in their order, if their inputs, by id, are `known` by then."""
    for _, nodes in sorted(network._nodes_by_depth.items(), reverse=True):
        for node in nodes:
            inputs, outputs = map(id, node.input_tensors), map(id, node.outputs)
            if (
                not node.is_input
                and known.keys() >= set(inputs)
                and not known.keys() >= set(outputs)
            ):
                yield node


def _is_frozen_model(layer):
    return isinstance(layer, keras.Model) and layer.weights and not layer.trainable_weights


def check_savable(network, name):
    """Raises a `ValueError` if a network could not be loaded after saving."""
    try:
        keras.saving.serialize_keras_object(network)
        if _is_subclassed(network):
            type(network).from_config(network.get_config())
    except Exception as error:
        culprit = _culprit(network)
        raise ValueError(
            f"The {name} cannot be saved, because of {culprit.name!r} (a "
            f"{type(culprit).__name__}). {WAY_OUT} model.save_weights(...) works without."
        ) from error


def _is_subclassed(network):
    return not hasattr(type(network), "inputs")  # Functional and sequential models have them.


def _rebuilt(network):
    """Returns a subclassed network made anew from its config and called once."""
    config = network.get_config()
    try:
        copy = type(network).from_config(config)
    except TypeError:
        # Keras' own config has entries that a constructor without **kwargs does not take.
        known = inspect.signature(type(network).__init__).parameters
        copy = type(network)(**{key: value for key, value in config.items() if key in known})
    several = isinstance(network.input_shape, list)
    zeros = [tf.zeros((1, *each.shape[1:]), each.dtype) for each in network.inputs]
    copy(zeros if several else zeros[0])
    describe(copy)
    return copy


def _culprit(network):
    """Returns the innermost layer that cannot be made from its config, or the network."""
    for layer in getattr(network, "layers", ()):
        try:
            type(layer).from_config(layer.get_config())
        except Exception:
            return _culprit(layer)
    return network
