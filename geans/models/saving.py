"""State of a model that Keras does not save by itself."""

import keras
import numpy as np
import tensorflow as tf

from geans import distribution


def compile_config(model):
    """Returns the arguments of `compile`, for `compile_from_config`."""
    serialize = keras.saving.serialize_keras_object
    return {
        "generator_optimizer": serialize(model.generator_player.optimizer),
        "discriminator_optimizer": serialize(model.discriminator_player.optimizer),
        "loss": serialize(model.loss),
        "penalty": serialize(model.penalty),
        "augmentation": serialize(model.augmentation),
        "jit_compile": model.jit_compile_gradients,
        "on_nan": model.on_nan,
        "run_eagerly": model.run_eagerly,
        "steps_per_execution": "auto" if model.chooses_steps else model.steps_per_execution,
    }


def save(model, store):
    """Writes a model's own variables into a Keras store."""
    for i, variable in enumerate(_own_state(model)):
        store[str(i)] = np.asarray(variable)


def load(model, store):
    """Reads what `save` wrote."""
    with model.distribute_strategy.scope():
        for i, variable in enumerate(_own_state(model)):
            if variable is model.samples_seen:
                value = tf.constant(np.asarray(store[str(i)]), variable.dtype)
                distribution.assign_sum(variable, value)
            else:
                variable.assign(store[str(i)])


def _own_state(model):
    # Keras saves a Dropout's weights but not its random state (a resumed run would drift).
    random_states = [
        variable
        for network in (model.generator, model.discriminator)
        for variable in network.variables
        if not any(variable is weight for weight in network.weights)
    ]
    return [model.steps, model.updates_followed, model.samples_seen, *random_states]
