"""A stand-in for a stored run, for the tests of what reads runs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd

from diagnostics.runs.data_facts import data_of
from diagnostics.runs.facts import architecture_of, training_of


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


def run_of(layers=None, scalars=None, units=None, layer_table=(), **facts: Any) -> Any:
    """A run with these tables; the others are empty. Facts are ``training``, ``architecture``, ``data`` and ``metadata``."""
    return SimpleNamespace(
        layers=pd.DataFrame() if layers is None else layers,
        scalars=pd.DataFrame() if scalars is None else scalars,
        units=pd.DataFrame() if units is None else units,
        config={},
        layer_table=list(layer_table),
        **facts,
    )


def facts_of(training: dict | None = None, architecture: list | tuple = (), data: dict | None = None) -> dict[str, Any]:
    """Facts as ``run.json`` would give them, from what is said; the rest is not recorded."""
    written = {"training": training or {}, "architecture": list(architecture), "data": data or {}}
    return {
        "training": training_of(written, "run.json"),
        "architecture": architecture_of(written, "run.json"),
        "data": data_of(written, "run.json"),
    }


def dense(path: str, units: int, activation: str | None = "relu", inputs: int = 8, **more: Any) -> dict[str, Any]:
    """A dense layer as the architecture records it."""
    parameters = (inputs + 1) * units
    return {
        "path": path,
        "class": "Dense",
        "activation": activation,
        "units": units,
        "input_shape": [None, inputs],
        "output_shape": [None, units],
        "parameters": parameters,
        "trainable_parameters": parameters,
        "initializers": {"kernel": {"class": "GlorotUniform", "settings": {}}},
    } | more


def loss_of(name: str, **more: Any) -> dict[str, Any]:
    """A training with this loss."""
    return {"loss": {"class": name, "name": name} | more, "batch_size": 32}
