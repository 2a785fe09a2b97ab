import keras


class SaveAfter(keras.callbacks.Callback):
    """Saves the model once, after a number of steps."""

    def __init__(self, steps, path):
        super().__init__()
        self.steps, self.path = steps, path

    def on_train_batch_end(self, batch, logs=None):
        if int(self.model.steps) == self.steps:
            self.model.save(self.path)
