"""What the file of an adversarial model holds, beside the weights that Keras finds by itself."""

import keras
import numpy as np
import tensorflow as tf

from geans.models import distribution


class Saved:
    """The part of `AdversarialModel` that writes and reads its configuration and its counters."""

    def get_config(self):
        """The constructor's arguments."""
        return {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "update_every": keras.saving.serialize_keras_object(self.update_every),
            "order": self.order,
            "discriminator_steps": self.discriminator_steps,
            "ema_half_life": self.ema_half_life,
            "seed": self.seed,
            "name": self.name,
        }

    @classmethod
    def from_config(cls, config):
        """The model of a `get_config` dict."""
        objects = {
            name: keras.saving.deserialize_keras_object(config[name])
            for name in ("generator", "discriminator", "update_every")
        }
        return cls(**{**config, **objects})

    def get_compile_config(self):
        """The arguments of `compile`; without this a loaded model has no optimizers."""
        if not self.compiled:
            return {}
        serialize = keras.saving.serialize_keras_object
        return {
            "generator_optimizer": serialize(self.generator_player.optimizer),
            "discriminator_optimizer": serialize(self.discriminator_player.optimizer),
            "loss": serialize(self.loss),
            "penalty": serialize(self.penalty),
            "augmentation": serialize(self.augmentation),
            "step_length": serialize(self.rule.step_length),
            "jit_compile": self.jit_compile_gradients,
            "on_nan": self.on_nan,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
        }

    def compile_from_config(self, config):
        """Compiles as a `get_compile_config` dict says."""
        self.compile(**keras.saving.deserialize_keras_object(config))

    def _own_state(self):
        # Keras saves a Dropout's weights but not its random state (a resumed run would drift).
        networks = (self.generator, self.discriminator)
        random_states = [
            variable
            for network in networks
            for variable in network.variables
            if not any(variable is weight for weight in network.weights)
        ]
        held = self.held.variables if self.held else []
        return [self.steps, self.samples_seen, *random_states, *held]

    def save_own_variables(self, store):
        """Writes the model's counters and the networks' random states; Keras sees to all else."""
        for i, variable in enumerate(self._own_state()):
            store[str(i)] = np.asarray(variable)

    def load_own_variables(self, store):
        """Reads what `save_own_variables` wrote."""
        with self.distribute_strategy.scope():
            for i, variable in enumerate(self._own_state()):
                if variable is self.samples_seen:
                    value = tf.constant(np.asarray(store[str(i)]), variable.dtype)
                    distribution.assign_sum(variable, value)
                else:
                    variable.assign(store[str(i)])
