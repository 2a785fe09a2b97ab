"""What the players play for: the losses of both from one forward pass."""

import tensorflow as tf

from geans.models import adaptive


def judge(discriminator, augmentation, seed, conditions=()):
    """The discriminator as a function of images alone, which sees them augmented.

    Args:
        discriminator: `keras.Model` of images, or of a list of images and conditions.
        augmentation: Function of images and seed, or `None`: real and generated images are
            transformed alike, and so are the interpolations of a penalty.
        seed: Integer tensor of shape `(2,)`.
        conditions: Further inputs, such as labels.

    Returns:
        Function of images and `training` to what the discriminator returns.
    """

    def judged(images, training):
        if augmentation is not None:
            images = augmentation(images, seed)
        inputs = [images, *conditions] if conditions else images
        return discriminator(inputs, training=training)

    return judged


def logits_of(output):
    """The logits among a discriminator's outputs: one tensor, or a dict with `"logits"`."""
    return output["logits"] if isinstance(output, dict) else output


def play(model, judged, real, fake, seed, players):
    """The adversarial losses of `players`, and what was seen on the way.

    Args:
        model: With `loss`, `penalty` and `steps`.
        judged: Function of images and `training`, see `judge`.
        real: Real samples.
        fake: Generated samples.
        seed: Integer tensor of shape `(2,)` for other random numbers.
        players: Names of those whose gradients will be taken.

    Returns:
        Losses to minimise, a dict from player to scalar; a dict of scalars to log; and the outputs
        of the discriminator on real samples, `None` if nobody needs them, and on generated ones.
    """
    losses, logs, real_output = {}, {}, None
    if "discriminator" in players or model.loss.generator_uses_real:
        real_output = judged(real, training=True)
    fake_output = judged(fake, training=True)
    real_logits = None if real_output is None else logits_of(real_output)
    fake_logits = logits_of(fake_output)
    if "discriminator" in players:
        losses["discriminator"] = model.loss.discriminator(real_logits, fake_logits)
        if model.penalty is not None:

            def logits(images, training):
                return logits_of(judged(images, training=training))

            losses["discriminator"] += model.penalty(logits, real, fake, seed, model.steps)
        logs["real_sign"] = adaptive.mean_sign(real_logits)
        logs["real_logits"] = tf.reduce_mean(real_logits)
        logs["fake_logits"] = tf.reduce_mean(fake_logits)
    if "generator" in players:
        losses["generator"] = model.loss.generator(real_logits, fake_logits)
    return losses, logs, (real_output, fake_output)
