"""Run directories of made-up files, for tests of pages."""

import dataclasses

from geans import presets, report

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)
COST = {"updates": 10, "samples": 1_280, "seconds": 60.0, "peak_memory_mb": 700.0}


def origin(name, generator=""):
    seed = 0 if generator else None
    return {"name": name, "split": "", "generator": generator, "seed": seed}


def distance(value, **changes):
    """A row of evaluation.json."""
    fields = {"metric": "frechet_distance", "value": value, "stddev": None, "options": {}}
    fields |= {"features": "digits28", "checksum": "31", "resize": "none", "version": "0.2.0"}
    fields |= {"real": origin("embedded:fashion"), "real_count": 60}
    fields |= {"fake": origin("gan", "EMA"), "fake_count": 60, "warning": "only 60 samples"}
    return fields | changes


def made(path, name="gan_ring", *, metrics=None, evaluation=None, cost=COST, **changes):
    """Writes the files of a run without a model; returns its directory."""
    preset = dataclasses.replace(presets.get(name), epochs=2, **changes)
    report.write_json(dataclasses.asdict(preset), path / "preset.json")
    report.write_json({"geans": "0.2.0", "machine": "a machine"}, path / "versions.json")
    found = {"metrics": metrics, "evaluation": evaluation, "cost": cost}
    for file, values in found.items():
        if values is not None:
            report.write_json(values, path / f"{file}.json")
    return path


def with_pictures(path, epochs):
    """Adds a picture for each epoch."""
    (path / "pictures").mkdir()
    for epoch in epochs:
        (path / "pictures" / f"epoch_{epoch:04d}.png").write_bytes(PNG)
    return path
