"""Learning rates of both players, for Keras' callbacks that change one."""

import keras

CALLBACKS = (keras.callbacks.LearningRateScheduler, keras.callbacks.ReduceLROnPlateau)


class BothOptimizers:
    """Stands for a model's two optimizers where a callback expects `model.optimizer`.

    Its `learning_rate` is the generator's; setting it multiplies the discriminator's by the same
    factor.
    """

    built = True
    """Whether the optimizers are built, for `keras.callbacks.BackupAndRestore`."""

    def __init__(self, generator_optimizer, discriminator_optimizer):
        self.optimizer = generator_optimizer
        self.other = discriminator_optimizer

    @property
    def learning_rate(self):
        """Learning rate of the generator."""
        return self.optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        before, other = (float(each.learning_rate) for each in (self.optimizer, self.other))
        self.optimizer.learning_rate = value
        self.other.learning_rate = other * float(value) / before if before else value

    def get_config(self):
        """Returns the arguments of both, for callbacks that log them."""
        both = {"generator": self.optimizer, "discriminator": self.other}
        return {
            f"{player}_{name}": value
            for player, optimizer in both.items()
            for name, value in {
                "optimizer": type(optimizer).__name__,
                **optimizer.get_config(),
            }.items()
        }

    def check(self, callbacks):
        """Raises a `ValueError` if a callback would change the rate of a schedule."""
        found = [callback for callback in callbacks if isinstance(callback, CALLBACKS)]
        for optimizer in (self.optimizer, self.other) if found else ():
            try:
                optimizer.learning_rate = float(optimizer.learning_rate)
            except TypeError as error:
                raise ValueError(
                    f"{type(found[0]).__name__} cannot change the learning rate of an optimizer "
                    "made with a schedule. Pass a number as learning_rate, or leave out the "
                    "callback."
                ) from error
