"""Describes the loss of a training: a Keras loss, a function, or one loss per output."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import keras

from diagnostics.runs.facts import Loss
from diagnostics.training.facts.encoding import encoded, name_of, settings_of
from probes.seams.compiled import REDUCTION, compiled_losses, function_of

TAKES = 2
"""The first arguments of a loss function are the targets and the predictions; the others are settings."""


def compiled_loss(model: keras.Model) -> Loss | None:
    """The loss that a model was compiled with; ``None`` if there is none."""
    losses = compiled_losses(model)
    several = len(losses) > 1
    found = tuple(loss_facts(each.loss, each.output if several else "", each.weight) for each in losses)
    found = tuple(replace(each, reduction=each.reduction or REDUCTION) for each in found)
    return Loss("sum over outputs", outputs=found) if several else next(iter(found), None)


def minimises_compiled_loss(model: keras.Model) -> bool:
    """Whether a compiled model's step is Keras' own, which minimises the compiled loss and the penalties that layers add."""
    own = ("train_step", "compute_loss")
    return all(getattr(type(model), name) is getattr(keras.Model, name) and name not in vars(model) for name in own)


def loss_facts(loss: object, output: str = "", weight: float | None = None) -> Loss:
    """Describe one loss.

    Args:
        loss: a Keras loss, a function of targets and predictions, or the name of a Keras loss.
        output: the output that it belongs to.
        weight: its factor in the sum over outputs.
    """
    function, given = function_of(_resolved(loss))
    known = keras_losses().get(function) if function else None
    own = type(loss).__name__ if isinstance(loss, keras.losses.Loss) and type(loss) not in WRAPPERS else None
    settings = _defaults(function, known) | {key: encoded(value) for key, value in given.items()}
    if own and not known:
        settings |= settings_of(loss)
    from_logits = settings.get("from_logits")
    return Loss(
        own or known or (loss if isinstance(loss, str) else name_of(function or loss)),
        {key: value for key, value in settings.items() if key not in ("reduction", "fn")},
        name=str(getattr(loss, "name", None) or (loss if isinstance(loss, str) else "")),
        from_logits=from_logits if isinstance(from_logits, bool) else None,
        reduction=getattr(loss, "reduction", None),
        output=output,
        weight=weight if isinstance(weight, float | int) else None,
    )


@functools.cache
def keras_losses() -> Mapping[Callable[..., Any], str]:
    """The class of each of Keras' losses by the function that it calls: ``mean_squared_error`` is ``MeanSquaredError``."""
    found = {}
    for name, kind in vars(keras.losses).items():
        if isinstance(kind, type) and issubclass(kind, keras.losses.Loss) and kind not in WRAPPERS:
            try:
                found.setdefault(function_of(kind())[0], name)
            except (TypeError, ValueError, NotImplementedError):  # one that needs arguments
                continue
    return {function: name for function, name in found.items() if function is not None}


WRAPPERS = frozenset(
    {
        keras.losses.Loss,
        *(kind for kind in keras.losses.Loss.__subclasses__() if kind.__name__ == "LossFunctionWrapper"),
    }
)
"""Classes that say nothing of the loss: Keras' base, and what it wraps functions in."""


def _resolved(loss: object) -> object:
    """The loss behind a name, such as ``"mse"``; the name itself if Keras has no such loss."""
    if not isinstance(loss, str):
        return loss
    try:
        return keras.losses.get(loss)
    except ValueError:
        return None


def _defaults(function: Callable[..., Any] | None, known: str | None) -> dict[str, Any]:
    """What one of Keras' functions assumes where nothing was given, such as ``from_logits=False``."""
    if function is None or known is None:
        return {}
    settings = [*inspect.signature(function).parameters.values()][TAKES:]
    return {each.name: encoded(each.default) for each in settings if each.default is not inspect.Parameter.empty}
