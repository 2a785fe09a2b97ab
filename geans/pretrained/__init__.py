"""Trained models: their weights, and the table `models.json` that describes them.

`geans.from_pretrained` makes models of them. `benchmarks/pretrained.py` adds a trained run and
writes the model cards of docs/models.
"""

from geans.pretrained.store import TABLE, entry, names, read, weights, write

__all__ = ["TABLE", "entry", "names", "read", "weights", "write"]
