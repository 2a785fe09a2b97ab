"""Samples of the generator that serve both players of a step, and their gradients."""

from typing import Any, NamedTuple

import tensorflow as tf


class Made(NamedTuple):
    """What the generator made.

    Attributes:
        inputs: What it was given.
        fakes: Its outputs, in their structure.
        outputs: List of them, and of what layers added to the loss.
        tape: `tf.GradientTape` of how.
    """

    inputs: Any
    fakes: Any
    outputs: list
    tape: tf.GradientTape


def through(tape, loss, earlier, variables):
    """Returns the gradients of a loss that depends on variables directly and through `Made`s."""
    outputs = [each.outputs for each in earlier]
    slopes, gradients = tape.gradient(loss, (outputs, variables))
    for each, slope in zip(earlier, slopes, strict=True):
        # TensorFlow would take None, for what the loss does not depend on, for ones.
        slope = [
            tf.zeros_like(output) if part is None else part
            for output, part in zip(each.outputs, slope, strict=True)
        ]
        parts = each.tape.gradient(each.outputs, variables, output_gradients=slope)
        pairs = zip(gradients, parts, strict=True)
        gradients = [[one for one in pair if one is not None] for pair in pairs]
        gradients = [tf.add_n(known) if known else None for known in gradients]
    return [
        tf.zeros(variable.shape) if gradient is None else gradient
        for gradient, variable in zip(gradients, variables, strict=True)
    ]
