"""Diagnostics: train with probes, store runs, judge them by open rules, put theory beside them, and report."""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "Experiment": "experiments",
    "ProbeCallback": "callback",
    "Run": "record",
    "RunWriter": "record",
    "Trainer": "trainer",
    "compare": "compare",
    "diagnose": "rules",
    "load_experiment": "experiments",
    "load_run": "record",
    "report": "report",
}


def __getattr__(name: str) -> Any:
    """Import what a name stands for when it is first used: stored runs are read without loading TensorFlow."""
    if name in _HOME:
        module = importlib.import_module(f"{__name__}.{_HOME[name]}")
        value = getattr(module, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME})
