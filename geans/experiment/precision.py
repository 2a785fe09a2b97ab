"""Half precision: activations in bfloat16 where the processor or GPU is faster at it.

Variables, losses, penalties, logits and the EMA stay in float32.
"""

import contextlib
import dataclasses
import statistics
import time

import keras
import tensorflow as tf

POLICIES = {"float32": "float32", "bfloat16": "mixed_bfloat16"}
"""Keras' dtype policies of the values of a preset's `precision` but "auto"."""

WORTHWHILE = 1.3
"""Least speed of a convolution in bfloat16, relative to float32, for which "auto" takes it."""

SECONDS = 0.5
_IMAGES, _KERNEL = (16, 32, 32, 64), (3, 3, 64, 64)


def resolved(preset, speed=None, tell=print):
    """Returns the preset with its precision measured if it is "auto", and says what was found.

    Args:
        preset: A `Preset`.
        speed: Function that measures; `bfloat16_speed` by default.
        tell: Function of a line of text.
    """
    if preset.precision != "auto":
        return preset
    found = (speed or bfloat16_speed)()
    chosen = "bfloat16" if found >= WORTHWHILE else "float32"
    tell(
        f"Precision: {chosen}. In bfloat16 a convolution is {found:.1f} times as fast here as in "
        "float32. (--precision)"
    )
    return dataclasses.replace(preset, precision=chosen)


@contextlib.contextmanager
def policy(precision):
    """Makes networks within the context compute in a precision; others keep their own."""
    if precision not in POLICIES:
        raise ValueError(f"precision must be measured first. Received: {precision!r}.")
    before = keras.config.dtype_policy()
    if precision != "float32":  # A policy that the user has set stays.
        keras.config.set_dtype_policy(POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def bfloat16_speed(seconds=SECONDS):
    """Measures how many times as fast as in float32 a convolution is in bfloat16.

    Args:
        seconds: About how long to measure.
    """
    times = {dtype: [] for dtype in ("float32", "bfloat16")}
    runs = {dtype: _convolution(dtype) for dtype in times}
    for run in runs.values():
        run()
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or not times["bfloat16"]:
        for dtype, run in runs.items():
            start = time.perf_counter()
            run()
            times[dtype].append(time.perf_counter() - start)
    return statistics.median(times["float32"]) / statistics.median(times["bfloat16"])


def _convolution(dtype):
    images, kernel = (tf.cast(tf.ones(shape), dtype) for shape in (_IMAGES, _KERNEL))
    function = tf.function(lambda x: tf.reduce_sum(tf.nn.conv2d(x, kernel, 1, "SAME")))
    return lambda: function(images).numpy()
