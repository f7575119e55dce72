"""A small stored run, and ways to spoil its ``run.json``."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from diagnostics.runs.writer import RunWriter

WRONG = [
    None,
    True,
    -1,
    0,
    10**30,
    1.5,
    "",
    "x",
    "nan",
    "../../x",
    [],
    [1],
    ["a"],
    [None],
    {},
    {"a": 1},
    {"a": {"b": []}},
    [[]],
]
FIELDS = [
    "schema_version",
    "kind",
    "status",
    "started",
    "ended",
    "versions",
    "command",
    "config",
    "seed",
    "layer_table",
]
FIELDS += ["probes", "cost", "recorded", "error", "unobserved", "lost_from_step", "training", "architecture", "data"]
LAYERS = (("dense", "Dense", 0, 4), ("relu", "ReLU", 1, 4), ("out", "Dense", 2, 3))
STEPS = 12


def stored_run(path: Path) -> Path:
    """A finished run with three layers, 12 steps and all tables."""
    random = np.random.default_rng(0)
    rows = [
        {"step": step, "layer": name, "depth": depth, "kind": kind}
        for step in range(STEPS)
        for name, kind, depth, _ in LAYERS
    ]
    frame = pd.DataFrame(rows)
    for column in ("gradient_norm", "activation_gradient_rms", "update_ratio", "activation_std", "dead_fraction"):
        frame[column] = random.random(len(frame)).astype("f4") / 100
    table = [{"layer": name, "depth": depth, "kind": kind, "units": units} for name, kind, depth, units in LAYERS]
    about = {"config": {"epochs": 2, "loss": "mse"}, "seed": 0, "layer_table": table, "probes": ["GradientNorm()"]}
    with RunWriter(path, command="train.py", **about) as writer:
        writer.append("layers", frame)
        writer.append(
            "units", pd.DataFrame({"step": [1, 2], "layer": "relu", "unit": 0, "event": ["death", "revival"]})
        )
        scalars = {"step": range(STEPS), "epoch": 0, "split": "train", "loss": np.linspace(1, 0.5, STEPS)}
        writer.append("scalars", pd.DataFrame(scalars | {"learning_rate": 0.1, "seconds": np.arange(STEPS) / 10}))
        writer.finish(cost={"share": 0.01, "recording": 0.1, "closing": 0.0, "method": "m"}, recorded={"x": 1.0})
    return path


def changed(record: dict, wrong: object) -> Iterator[tuple[tuple, object]]:
    """The record with a wrong value in each place, one after the other: place and content."""
    for at in _places(record):
        content = copy.deepcopy(record)
        inner = content
        for key in at[:-1]:
            inner = inner[key]
        inner[at[-1]] = wrong
        yield at, content


def _places(value: object, at: tuple = ()) -> Iterator[tuple]:
    items = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, inner in items:
        yield (*at, key)
        yield from _places(inner, (*at, key))
