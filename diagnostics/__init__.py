"""Diagnostics: train with probes, store runs, judge them by open rules, compare them with theory, and write reports."""

from __future__ import annotations

import importlib

_HOME = {
    "Experiment": "runs.experiment",
    "FlightRecorder": "training.flight.options",
    "ProbeCallback": "training.fit.callback",
    "Run": "runs.run",
    "RunWriter": "runs.writer",
    "Trainer": "training.trainer",
    "compare": "pages.comparison",
    "diagnose": "rules",
    "join_fits": "runs.fits",
    "load_experiment": "runs.experiment",
    "load_run": "runs.run",
    "report": "pages.run_page",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that reading stored runs does not load TensorFlow."""
    if name == "sinks":  # a package, for sinks=[diagnostics.sinks.MLflow()]
        return importlib.import_module(f"{__name__}.sinks")
    if name in _HOME:
        module = importlib.import_module(f"{__name__}.{_HOME[name]}")
        value = getattr(module, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, "sinks"})
