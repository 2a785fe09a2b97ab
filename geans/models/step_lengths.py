"""How far the players move: as their optimizers say, or as the curvature of their losses allows."""

import keras
import tensorflow as tf

from geans import values


@keras.saving.register_keras_serializable(package="geans")
class CurvatureStep:
    """Shortens an optimizer's update where the loss curves along it, like a damped Newton step.

        w <- w + s p,    s = |g.p| / (max(0, p.Hp) + damping |g.p|), at most max_step

    p is the update as the optimizer would make it, learning rate and all; g the gradient summed
    over the window; H the Hessian of the player's loss in its own weights, on the window's last
    micro-batch. So the learning rate, and its schedule, set the step where the loss is flat, and
    the curvature bounds it by g.p / p.Hp, the minimiser along p, where it is steep. p.Hp costs
    one more pass per window and player, forward and back, with its derivative along p. Where p
    leads uphill, s = 0.

    The damping is that of Levenberg & Marquardt as in scaled conjugate gradients (Moller 1993), in
    units of the slope: for steepest descent, damping / learning_rate added to every eigenvalue of
    H. Negative curvature counts as none. The pass that gives H is one of training: a batch norm
    sees the last micro-batch twice, and a Dropout draws a new mask.

    Args:
        damping: 1 makes s = 1, the optimizer's own step, where the loss is flat; 0 gives the exact
            minimiser of a quadratic loss.
        max_step: Bound on s.

    Raises:
        ValueError: If a number has no meaning.

    Example:

    >>> float(CurvatureStep().factor(slope=-2.0, curvature=6.0))
    0.25
    """

    def __init__(self, *, damping=1.0, max_step=1.0):
        if not values.is_number(damping) or damping < 0:
            raise ValueError(f"damping must be a number, 0 or more. Received: {damping=}.")
        if not values.is_number(max_step) or max_step <= 0:
            raise ValueError(f"max_step must be positive and finite. Received: {max_step=}.")
        self.damping = damping
        self.max_step = max_step

    def factor(self, slope, curvature):
        """s, from g.p and p.Hp."""
        descent = tf.nn.relu(-tf.convert_to_tensor(slope, "float32"))
        steepness = tf.nn.relu(tf.convert_to_tensor(curvature, "float32")) + self.damping * descent
        # Written without the quotient, which overflows where the loss is flat.
        bounded = (slope <= 0) & (descent >= self.max_step * steepness)
        return tf.where(bounded, float(self.max_step), tf.math.divide_no_nan(descent, steepness))

    def get_config(self):
        """The constructor's arguments."""
        return {"damping": self.damping, "max_step": self.max_step}

    @classmethod
    def from_config(cls, config):
        """The step length of a `get_config` dict."""
        return cls(**config)


STEP_LENGTHS = {"fixed": lambda: None, "curvature": CurvatureStep}


def get(identifier):
    """The step length that a name or an object stands for; `None` is `"fixed"`.

    Raises:
        ValueError: If it is neither.
    """
    if isinstance(identifier, str) and identifier in STEP_LENGTHS:
        return STEP_LENGTHS[identifier]()
    if identifier is not None and not isinstance(identifier, CurvatureStep):
        raise ValueError(
            f"step_length must be one of {', '.join(STEP_LENGTHS)}, or a CurvatureStep. "
            f"Received: {identifier!r}."
        )
    return identifier


class HeldBatch:
    """Variables that keep the last micro-batch, with its latents and seed, until the update.

    Args:
        batch_spec: `tf.TensorSpec` of the batch, or a structure of them.
        latent_dim: Number of columns of the latents.
    """

    def __init__(self, batch_spec, latent_dim):
        latents_spec = tf.TensorSpec((None, latent_dim), "float32")
        seed_spec = tf.TensorSpec((2,), "int64")
        self.content = keras.tree.map_structure(_variable, (batch_spec, latents_spec, seed_spec))

    @property
    def variables(self):
        """All variables, whose shapes follow what they keep."""
        return keras.tree.flatten(self.content)

    def assign(self, content):
        """Keeps `content`: batch, latents and seed."""
        for variable, value in zip(self.variables, keras.tree.flatten(content), strict=True):
            variable.assign(value)

    def read(self):
        """Batch, latents and seed as they were kept."""
        return keras.tree.map_structure(tf.convert_to_tensor, self.content)


def _variable(spec):
    empty = tf.zeros([0 if size is None else size for size in spec.shape], spec.dtype)
    return tf.Variable(empty, shape=spec.shape, trainable=False)


def inner_product(left, right):
    """The sum of the products of two lists of tensors, over all their elements."""
    return tf.add_n([tf.reduce_sum(a * b) for a, b in zip(left, right, strict=True)])


def curvature(loss, variables, directions):
    """d.Hd of the loss that a function computes, with H its Hessian and d the directions.

    Forward over backward: the gradient's derivative along d (Pearlmutter 1994).
    """
    points = [variable.value for variable in variables]
    with tf.autodiff.ForwardAccumulator(points, directions) as forward:
        with tf.GradientTape() as tape:
            value = loss()
        gradients = tape.gradient(value, points, unconnected_gradients="zero")
    products = [forward.jvp(g, unconnected_gradients="zero") for g in gradients]
    return inner_product(directions, products)
