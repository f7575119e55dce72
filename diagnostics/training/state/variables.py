"""Reads the state of a training as named NumPy arrays, and writes it back."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from typing import Any

import keras
import numpy as np

from probes.errors import UsageError
from probes.seams.graph import held_by
from probes.seams.random_state import global_generators

State = Mapping[str, np.ndarray]
"""Arrays by name: ``model/0003 dense/kernel``, ``optimizer/…``, ``metric/…``, ``generator/keras``, ``random/numpy``."""

PYTHON, NUMPY, NUMPY_REST = "random/python", "random/numpy", "random/numpy_rest"
GENERATORS = "generator/"


def capture(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer | None = None,
    metrics: Iterable[keras.metrics.Metric] = (),
    *,
    host: bool = True,
) -> dict[str, np.ndarray]:
    """Everything that decides how a training goes on, but for its data.

    Args:
        model: a built model; its variables include weights, batch-norm statistics and the seeds of its layers.
        optimizer: its optimizer, built: slots, step counter, learning rate, loss scale.
        metrics: metrics whose sums belong to the state.
        host: also the generators of Python and NumPy.

    Returns:
        Arrays by name, each a copy.
    """
    return {name: np.array(value) for name, value in held(model, optimizer, metrics, host=host).items()}


def held(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer | None = None,
    metrics: Iterable[keras.metrics.Metric] = (),
    *,
    host: bool = True,
) -> dict[str, Any]:
    """The same without waiting for the device: tensors that keep their values when the variables change.

    Args:
        model: as for `capture`.
        optimizer: as for `capture`.
        metrics: as for `capture`.
        host: as for `capture`.
    """
    # TensorFlow copies a variable's buffer at the next write while somebody holds what was read.
    state = {name: held_by(variable).read_value() for name, variable in named(model, optimizer, metrics).items()}
    return state | (_host_generators() if host else {})


def restore(
    state: State,
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer | None = None,
    metrics: Iterable[keras.metrics.Metric] = (),
) -> None:
    """Write a captured state back. Parts are found by their place, so that a model made again may count its names anew.

    Args:
        state: what `capture` or `held` returned.
        model: a model of the same structure, built.
        optimizer: one of the same kind; it is built here if it has not been.
        metrics: the same metrics.

    Raises:
        UsageError: the state has other parts, or other shapes; nothing has been changed then.
    """
    if optimizer is not None and not optimizer.built:
        optimizer.build(model.trainable_variables)
    variables = named(model, optimizer, metrics)
    values = _matched(state, variables)
    try:
        for name, variable in variables.items():
            if name in values:
                held_by(variable).assign(values[name])
        _restore_host(state)
    except (
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        RecursionError,
    ) as error:  # what others than we have written
        raise _other_structure(f"{type(error).__name__}: {error!s:.200}") from error


def named(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer | None = None,
    metrics: Iterable[keras.metrics.Metric] = (),
) -> dict[str, Any]:
    """The variables that hold a training's state, by the names of `State`."""
    groups = {"model": model.variables, "optimizer": getattr(optimizer, "variables", ())}
    groups["metric"] = [variable for metric in metrics for variable in metric.variables]
    found: dict[str, Any] = {}
    seen: set[int] = set()
    for group, variables in groups.items():
        new = {id(held_by(variable)): variable for variable in variables if id(held_by(variable)) not in seen}
        seen |= new.keys()
        for place, variable in enumerate(new.values()):
            found[f"{group}/{place:04d} {getattr(variable, 'path', variable.name)}"] = variable
    generators = {GENERATORS + name: state for name, state in global_generators().items()}
    return found | {name: state for name, state in generators.items() if id(held_by(state)) not in seen}


def _matched(state: State, variables: Mapping[str, Any]) -> dict[str, Any]:
    """The state's values by the names of these variables."""
    own, given = ({_place(name): name for name in names if not _is_random(name)} for names in (variables, state))
    if own.keys() != given.keys():
        raise _other_structure(f"{len(given)} variables, not {len(own)}")
    for place, name in own.items():
        shapes = tuple(state[given[place]].shape), tuple(variables[name].shape)
        if shapes[0] != shapes[1]:
            raise _other_structure(f"{given[place]} {list(shapes[0])}, where {name} has {list(shapes[1])}")
    generators = {name: state[name] for name in variables if name.startswith(GENERATORS) and name in state}
    return {name: state[given[place]] for place, name in own.items()} | generators


def _place(name: str) -> str:
    return name.partition(" ")[0]


def _is_random(name: str) -> bool:
    return name.startswith((GENERATORS, "random/"))


def _host_generators() -> dict[str, np.ndarray]:
    version, words, gauss = random.getstate()
    kind, keys, position, has_gauss, cached = np.random.get_state()
    return {
        PYTHON: np.array(json.dumps([version, words, gauss])),
        NUMPY: np.array(keys),
        NUMPY_REST: np.array(json.dumps([kind, int(position), int(has_gauss), float(cached)])),
    }


def _restore_host(state: State) -> None:
    if PYTHON in state:
        version, words, gauss = json.loads(str(state[PYTHON]))
        random.setstate((version, tuple(words), gauss))
    if NUMPY in state:
        kind, *rest = json.loads(str(state[NUMPY_REST]))
        np.random.set_state((kind, np.array(state[NUMPY]), *rest))


def _other_structure(got: str) -> UsageError:
    return UsageError(
        what="this state belongs to a model, optimizer or metrics of another structure",
        where="restore(state, model, optimizer, metrics)",
        got=got,
        do="make them as they were made when the state was captured",
    )
