"""Presets that train in seconds, and run directories that need no training."""

import dataclasses

from geans import experiment, presets, report


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


def untrained(preset, run_dir):
    """Writes the run directory of a model without a step."""
    model = experiment.make_model(preset, experiment.make_data(preset))
    report.save_model(model, run_dir / "model.keras")
    report.write_json(dataclasses.asdict(preset), run_dir / "preset.json")
    return run_dir
