"""Presets that train in seconds."""

import dataclasses

from geans import presets


def ring(**changes):
    small = {"epochs": 3, "samples_per_epoch": 640, "steps_per_execution": 1, "picture_every": 1}
    return dataclasses.replace(presets.get("gean_ring"), **{**small, "update_every": 2, **changes})


def fashion(**changes):
    small = {"epochs": 1, "network": "mlp", "batch_size": 1_000}
    options = {"generator_options": {}, "discriminator_options": {}}
    return dataclasses.replace(presets.get("gean_fashion"), **{**small, **options, **changes})


def stacks(**changes):
    return dataclasses.replace(
        presets.get("gean_digits"),
        **{"epochs": 2, "samples_per_epoch": 640, "steps_per_execution": 1, **changes},
    )
