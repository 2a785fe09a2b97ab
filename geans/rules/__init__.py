"""Update rules: when and in which order the players are updated."""

from __future__ import annotations

from typing import Any

from geans import values
from geans.rules.base import ORDERS, PLAYERS, EpochUpdate, Every, EveryStep, Rule
from geans.rules.extragradient import Extragradient
from geans.rules.pullback import Pullback
from geans.rules.svre import SVRE
from geans.rules.window import Window

__all__ = [
    "ORDERS",
    "PLAYERS",
    "SVRE",
    "UPDATES",
    "EpochUpdate",
    "EveryStep",
    "Extragradient",
    "Pullback",
    "Rule",
    "Window",
    "of_arguments",
]

UPDATES = ("accumulate", "pullback", "extragradient", "svre")


def of_arguments(
    update: str,
    update_every: Every,
    order: str,
    discriminator_steps: int,
    reuse_fakes: bool,
    **options: Any,
) -> Rule:
    """Returns the rule of an `AdversarialModel`'s arguments.

    `options` are further arguments of the rule of `update`.
    """
    values.check_name("update", update, UPDATES)
    turns: dict[str, Any] = {
        "order": order,
        "discriminator_steps": discriminator_steps,
        "reuse_fakes": reuse_fakes,
    }
    if update == "pullback":
        return Pullback(update_every, **turns, **options)
    if update in ("extragradient", "svre"):
        return _of_both_players(update, update_every, turns, options)
    if values.is_count(update_every) and update_every == 1:
        return EveryStep(**turns, **options)
    if reuse_fakes:
        raise ValueError(
            "Within a window the discriminator does not move between the turns, so there is "
            f"nothing to reuse. Received: reuse_fakes=True, update_every={update_every!r}."
        )
    return Window(update_every, order, discriminator_steps, **options)


def _of_both_players(update, update_every, turns, options):
    """Returns one of the rules by which both players always move at once."""
    if turns["discriminator_steps"] != 1 or turns["reuse_fakes"]:
        raise ValueError(
            f"By {update!r} both players move at once: leave discriminator_steps at 1, and "
            f"reuse_fakes at False. Received: {turns}."
        )
    if update == "svre":
        return SVRE(update_every, **options)
    if update_every != 1:
        raise ValueError(
            f"'extragradient' has no windows. Received: update_every={update_every!r}, not 1."
        )
    return Extragradient(**options)
