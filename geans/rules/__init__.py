"""Update rules: when and in which order the players are updated."""

from geans import values
from geans.rules.base import ORDERS, PLAYERS, EpochUpdate, EveryStep, Rule
from geans.rules.pullback import Pullback
from geans.rules.window import Window

__all__ = [
    "ORDERS",
    "PLAYERS",
    "UPDATES",
    "EpochUpdate",
    "EveryStep",
    "Pullback",
    "Rule",
    "Window",
    "of_arguments",
]

UPDATES = ("accumulate", "pullback")


def of_arguments(update, update_every, order, discriminator_steps, reuse_fakes):
    """Returns the rule of an `AdversarialModel`'s arguments."""
    values.check_name("update", update, UPDATES)
    if update == "pullback":
        return Pullback(update_every, None, order, discriminator_steps, reuse_fakes)
    if values.is_count(update_every) and update_every == 1:
        return EveryStep(order, discriminator_steps, reuse_fakes)
    if reuse_fakes:
        raise ValueError(
            "Within a window the discriminator does not move between the turns, so there is "
            f"nothing to reuse. Received: reuse_fakes=True, update_every={update_every!r}."
        )
    return Window(update_every, order, discriminator_steps)
