"""The losses and metrics of a compiled Keras model, and the function behind a Keras loss."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import keras

COMPILE_LOSS, FLAT_LOSSES, WEIGHTS = "_compile_loss", "_flat_losses", "_user_loss_weights"
"""Keras' private names for what ``compile`` made of the loss, its parts by output after the first step, and their weights."""

SETTINGS = "_fn_kwargs"
"""Keras' private name for the settings of a loss."""


COMPILE_METRICS, GIVEN = "_compile_metrics", ("_user_metrics", "_user_weighted_metrics")
"""Keras' private names for the metrics of ``compile``, which it makes only in the first step, and for its arguments."""

REDUCTION = "sum_over_batch_size"
"""How Keras reduces a loss that ``compile`` was given as a name or function."""


class CompiledLoss(NamedTuple):
    """The loss of one output of a compiled model."""

    output: str
    loss: Any
    weight: float | None


def compiled_losses(model: keras.Model) -> list[CompiledLoss]:
    """One entry per output that has a loss, in the order of the outputs; empty if the model was compiled without one.

    Before the first step, and where Keras does not show what it made of the arguments of ``compile``, these are read: names and
    functions, for all outputs if there is one only.
    """
    made = getattr(model, COMPILE_LOSS, None)
    flat = getattr(made, FLAT_LOSSES, None)
    if flat:
        return [CompiledLoss(str(each.name), each.loss, each.loss_weights) for each in flat]
    outputs = _output_names(model)
    weights = dict(_by_name(getattr(made, WEIGHTS, None), outputs))
    losses = _by_name(getattr(model, "loss", None), outputs)
    return [CompiledLoss(name, loss, weights.get(name)) for name, loss in losses if loss is not None]


def compiled_metrics(model: keras.Model) -> list[str]:
    """The names of a compiled model's metrics, and of the trackers that the model holds itself; not that of the loss."""
    given = getattr(model, COMPILE_METRICS, None)
    named = [name for place in GIVEN for name in _names(getattr(given, place, None))]
    held = [metric.name for metric in model.metrics if metric is not given and metric.name != "loss"]
    return list(dict.fromkeys([*named, *held]))


def _names(metrics: Any) -> Iterator[str]:
    for each in keras.tree.flatten(metrics) if metrics else ():
        if each is not None:
            yield each if isinstance(each, str) else getattr(each, "name", None) or getattr(each, "__name__", "metric")


def function_of(loss: Any) -> tuple[Callable[..., Any] | None, Mapping[str, Any]]:
    """The function that a Keras loss calls, and the settings that it passes; ``None`` for a loss that has no such function."""
    if isinstance(loss, functools.partial):
        return loss.func, loss.keywords
    if not isinstance(loss, keras.losses.Loss):
        return (loss if callable(loss) else None), {}
    return getattr(loss, "fn", None), getattr(loss, SETTINGS, None) or {}


def _by_name(argument: Any, outputs: Sequence[str]) -> Iterator[tuple[str, Any]]:
    """An argument of ``compile`` for each output: a mapping, a list in the order of the outputs, or one for all."""
    if isinstance(argument, Mapping):
        yield from ((str(name), each) for name, each in argument.items())
    elif isinstance(argument, list | tuple):
        names = outputs if len(outputs) == len(argument) else [""] * len(argument)
        yield from zip(names, argument, strict=True)
    else:
        yield from ((name, argument) for name in (outputs if len(outputs) > 1 else [""]))


def _output_names(model: keras.Model) -> list[str]:
    try:
        return [str(name) for name in getattr(model, "output_names", None) or []]
    except (AttributeError, ValueError):  # a sequential model that is not built
        return []
