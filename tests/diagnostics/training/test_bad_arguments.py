"""Every argument of every entry point, given what it cannot take: an error in four parts at once, before a folder is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import probes
from diagnostics import ProbeCallback, Trainer, sinks
from diagnostics.training.flight.options import FlightRecorder
from probes.errors import UsageError

NO_PATHS = [3, 2.5, b"x", [], object(), "", "a\0b", "x" * 5000, "a/" * 3000, np.zeros(2)]
NO_COUNTS = [0, -1, 1.5, "3", True, [], object(), float("nan")]
NO_LISTS = [3, "probes", object()]
NO_MAPPINGS = [3, "x", [1], object()]
NO_SEEDS = [1.5, "3", [], True, 2**70]
NO_SHARES = [-0.1, 0, float("nan"), float("inf"), "x", [], object()]
NO_MODELS = [None, 3, "model", [], keras.layers.Dense, keras.Sequential]


def network() -> keras.Model:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu", name="hidden"), keras.layers.Dense(1)])


def made(**options: Any) -> object:
    return Trainer(**{"model": network(), "optimizer": "sgd", "loss": "mse", "directory": "run"} | options)


def called_back(**options: Any) -> object:
    return ProbeCallback(**{"directory": "run"} | options)


def monitored(**options: Any) -> object:
    return probes.Monitor(**{"model": network()} | options)


ARGUMENTS: dict[Callable[..., object], dict[str, list[Any]]] = {
    made: {
        "directory": NO_PATHS,
        "probes": NO_LISTS,
        "config": NO_MAPPINGS,
        "seed": NO_SEEDS,
        "steps_per_call": NO_COUNTS,
        "sinks": [3, "mlflow", [3], [sinks.MLflow], object()],
        "flight_recorder": [3, "yes", [], FlightRecorder],
        "checkpoint_every": NO_COUNTS,
        "model": NO_MODELS,
        "jit_compile": ["yes", 3, None],
    },
    called_back: {
        "directory": [None, *NO_PATHS],
        "probes": NO_LISTS,
        "config": NO_MAPPINGS,
        "seed": NO_SEEDS,
        "budget": NO_SHARES,
        "sinks": [3, "mlflow", [3], [sinks.MLflow], object()],
        "flight_recorder": [3, "yes", [], FlightRecorder],
        "checkpoint_every": NO_COUNTS,
        "verbose": ["loud", None, []],
    },
    monitored: {
        "model": NO_MODELS,
        "probes": [*NO_LISTS, [3], [None], ["GradientNorm"], [probes.GradientNorm]],
        "capacity": NO_COUNTS,
        "optimizer": [3, "sgd", keras.optimizers.SGD],
    },
    FlightRecorder: {name: NO_COUNTS for name in ("steps", "every", "memory", "most")}
    | {"on_nonfinite": [None, 3, "halt", ""]},
}
CASES = [
    (call, name, place)
    for call, own in ARGUMENTS.items()
    for name, values in own.items()
    for place in range(len(values))
]


@pytest.mark.parametrize(("call", "name", "place"), CASES, ids=[f"{c.__name__}-{n}-{p}" for c, n, p in CASES])
def test_an_argument_is_refused_in_four_parts(call, name, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError) as refused:
        call(**{name: ARGUMENTS[call][name][place]})
    error = refused.value
    assert error.what and error.where and error.got and error.do
    assert not [*Path().iterdir()]
