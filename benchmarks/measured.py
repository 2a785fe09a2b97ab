"""What the benchmarks' rows say of each preset: `geans/presets/measured.json`.

`benchmarks/tables.py` writes the file, and `presets.expected` reads it.
"""

import json
import pathlib

from geans import comparison, presets, report

HERE = pathlib.Path(__file__).parent
FILE = HERE.parent / "geans" / "presets" / "measured.json"
# The runs of benchmarks/limited_data.py that are presets as they stand.
LIMITED = {("small", "diff_augment"): "small_fashion", ("rare", "balanced"): "rare_fashion"}
# Keys of a row, in the order of the score: a sentence, and the format of its numbers.
SCORES = {
    "modes": ("{} modes", "{:,.0f}"),
    "high_quality_fraction": ("{} high-quality samples", "{:.1%}"),
    "reverse_kl": ("reverse KL {}", "{:.4f}"),
    "frechet_distance": ("Fréchet distance (digits28) {}", "{:.2f}"),
    "accuracy": ("label accuracy {}", "{:.1%}"),
    "majority_accuracy": ("{} of a code's images show its class", "{:.0%}"),
    "polygon_precision": ("precision {}", "{:.3f}"),
    "polygon_recall": ("recall {}", "{:.3f}"),
    "frame_change": ("change from frame to frame {}", "{:.2f}"),
    "real_frame_change": ("of real clips {}", "{:.2f}"),
    "clip_change": ("from end to end {}", "{:.2f}"),
    "real_clip_change": ("of real clips {}", "{:.2f}"),
    "structural_similarity": ("SSIM {}", "{:.3f}"),
    "structural_similarity_of_copy": ("of the identity baseline {}", "{:.3f}"),
    "cycle_error_first": ("mean absolute error of a cycle, digits {}", "{:.3f}"),
    "cycle_error_second": ("clothing {}", "{:.3f}"),
    "auroc": ("AUROC {} (digit 0)", "{:.3f}"),
}


def text():
    """The file's content: minutes, seeds and score of each preset that has rows."""
    found = {name: _expected(rows) for name, rows in sorted(rows_of_presets().items())}
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def rows_of_presets():
    """A dict from the name of each preset that was measured to its rows."""
    found = {}
    for row in _all_rows():
        if row["preset"] in presets.PRESETS:
            found.setdefault(row["preset"], []).append(row)
    return found


def score(rows):
    """The result of a preset's rows as a short text, medians and ranges over the seeds."""
    keys = [key for key in SCORES if rows[0].get(key) is not None]
    if "accuracy" in keys:  # Labels leave nothing to be learned from what codes mean.
        keys.remove("majority_accuracy")
    return ", ".join(_part(rows, key, *SCORES[key]) for key in keys)


def _all_rows():
    yield from report.read_rows(HERE / "presets.jsonl")
    yield from report.read_rows(HERE / "translation.jsonl")
    for folder in ("comparison", "comparison_hard"):
        yield from comparison.read_rows(HERE / folder)
    for row in report.read_rows(HERE / "limited_data.jsonl"):
        if (row["suite"], row["name"]) in LIMITED:
            numbers = row.get("final") or {"frechet_distance": row["frechet_distance"]}
            name = LIMITED[row["suite"], row["name"]]
            yield {"preset": name, "seconds": row["seconds"], **numbers}
    for row in report.read_rows(HERE / "anomaly.jsonl"):
        if row["digit"] == 0 and not row["one_class"]:
            # Its seconds are those of the score: models can be kept from an earlier run.
            yield {"preset": "anomaly_mnist", "auroc": row["auroc"]}


def _expected(rows):
    seconds = [row["seconds"] for row in rows if "seconds" in row]
    minutes = max(1, round(min(seconds) / 60)) if seconds else None
    return {"minutes": minutes, "seeds": len(rows), "score": score(rows)}


def _part(rows, key, sentence, number):
    return sentence.format(comparison.cell([row[key] for row in rows], number))
