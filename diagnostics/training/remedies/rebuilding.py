"""Builds a model again with some of its layers replaced; its weights are drawn anew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras

from diagnostics.rules.outcome import ACCURACIES
from probes.seams.compiled import compiled_metrics

Replace = Callable[[keras.Layer], Sequence[keras.Layer]]
"""The layers that take the place of one, applied one after the other."""


class NotTriedError(Exception):
    """A remedy that cannot be applied; the message says why."""


def again(layer: keras.Layer, **settings: Any) -> keras.Layer:
    """A new layer of the same settings but these."""
    return type(layer).from_config(layer.get_config() | settings)


def rebuilt(model: keras.Model, replace: Replace) -> keras.Model:
    """A new model of the same layers, each replaced as told, compiled as the old one.

    Args:
        model: a sequential or functional model, compiled.
        replace: gets each layer but inputs.

    Raises:
        NotTriedError: a model of another kind, or one whose layers do not fit any more.
    """
    try:
        new = _sequential(model, replace) if isinstance(model, keras.Sequential) else _functional(model, replace)
    except NotTriedError:
        raise
    except Exception as error:
        raise NotTriedError(f"the model cannot be built with it: {error!s:.120}") from error
    new.compile(
        optimizer=type(model.optimizer).from_config(model.optimizer.get_config()),
        loss=model.loss,
        metrics=[name for name in compiled_metrics(model) if name in ACCURACIES],
    )
    return new


def recompiled(
    model: keras.Model, optimizer: keras.optimizers.Optimizer | None = None, loss: str | None = None
) -> keras.Model:
    """The same model with another optimizer or loss.

    Args:
        model: compiled.
        optimizer: a new one; that of the model if None.
        loss: a new one; that of the model if None.
    """
    metrics = [name for name in compiled_metrics(model) if name in ACCURACIES]
    chosen = optimizer or type(model.optimizer).from_config(model.optimizer.get_config())
    model.compile(optimizer=chosen, loss=model.loss if loss is None else loss, metrics=metrics)
    return model


def _sequential(model: keras.Model, replace: Replace) -> keras.Model:
    layers = [new for layer in model.layers for new in replace(layer)]
    return keras.Sequential([keras.Input(model.input_shape[1:], dtype=model.inputs[0].dtype), *layers])


def _functional(model: keras.Model, replace: Replace) -> keras.Model:
    if type(model) is not keras.Model and type(model).__name__ != "Functional":
        raise NotTriedError("only sequential and functional models can be built again")
    after: dict[int, Sequence[keras.Layer]] = {}

    def clone(layer: keras.Layer) -> keras.Layer:
        if isinstance(layer, keras.layers.InputLayer):
            return again(layer)
        first, *others = replace(layer)
        after[id(first)] = others
        return first

    def call(layer: keras.Layer, *arguments: Any, **options: Any) -> keras.KerasTensor:
        output = layer(*arguments, **options)
        for other in after.get(id(layer), ()):
            output = other(output)
        return output

    return keras.models.clone_model(model, clone_function=clone, call_function=call)
