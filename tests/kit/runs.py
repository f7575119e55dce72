"""A stand-in for a stored run, for the tests of what reads runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd


def layers_table(columns: dict[str, Any], steps=(0,), names=None, kind: str = "Dense") -> pd.DataFrame:
    """Rows of every step and layer; a column is a function of (step, depth), or an array [steps, layers]."""
    count = len(names) if names else next(np.shape(v)[1] for v in columns.values() if not callable(v))
    names = names or [f"hidden_{i + 1}" for i in range(count)]
    step, depth = (grid.ravel() for grid in np.meshgrid(steps, np.arange(count), indexing="ij"))
    table = pd.DataFrame({"step": step, "layer": np.array(names)[depth], "depth": depth.astype(np.int32), "kind": kind})
    for name, values in columns.items():
        read = [values(*at) for at in zip(step, depth, strict=True)] if callable(values) else np.ravel(values)
        table[name] = np.asarray(read, np.float32)
    return table.astype({"layer": "category", "kind": "category"})


def scalars_table(losses, learning_rate: Any = 0.1, steps=None, split: str = "train", **metrics) -> pd.DataFrame:
    steps = np.arange(len(losses)) if steps is None else steps
    columns = {"step": steps, "epoch": 0, "split": split, "loss": np.asarray(losses, np.float32)}
    return pd.DataFrame(columns | metrics | {"learning_rate": np.float32(learning_rate), "seconds": 0.0})


def run_of(layers=None, scalars=None, units=None, layer_table=()) -> Any:
    """A run with these tables; the others are empty."""
    return SimpleNamespace(
        layers=pd.DataFrame() if layers is None else layers,
        scalars=pd.DataFrame() if scalars is None else scalars,
        units=pd.DataFrame() if units is None else units,
        config={},
        layer_table=list(layer_table),
    )
