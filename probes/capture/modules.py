"""Models without Keras layers, a ``tf.Module`` or a list of variables: their gradients, weights and updates are measured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from probes.capture.layers import LayerEntry, LayerNames, unique
from probes.seams.modules import members
from probes.snapshot.weights import Variable

NO_LAYER = "not a Keras layer: its gradients, weights and updates are measured, its output is not"


@dataclass(frozen=True)
class VariableList:
    """A list of variables in place of a model."""

    trainable_variables: tuple[Variable, ...]


class ModuleNames:
    """Stands in for ``LayerNames`` where there are no Keras layers, with a row for each module or variable.

    Args:
        model: a ``tf.Module``: each module in it that holds variables has a row, named by attribute (``blocks/0``);
            or variables: each has a row under its own name.
    """

    uncalled = NO_LAYER

    def __init__(self, model: tf.Module | VariableList) -> None:
        self.model = model

    def refresh(self) -> None:
        """Do nothing: ``entries`` looks modules up each time."""

    def path(self, layer: keras.Layer, caller: keras.Layer | None) -> None:
        """Return ``None``: no Keras layer belongs to the model."""

    def inside(self, above: str, function: str, number: int) -> str:
        """Never called: only functions inside Keras layers have a path."""
        raise AssertionError("no function runs inside a Keras layer of this model")

    def entries(self) -> list[LayerEntry]:
        """Every trained module or variable; the outermost module comes last."""
        parts = _of_list(self.model) if isinstance(self.model, VariableList) else _of_module(self.model)
        taken: set[str] = set()
        entries = []
        for path, layer, variables in parts:
            entries.append(LayerEntry(unique(path, taken), layer, variables))
            taken.add(entries[-1].path)
        return entries


Names = LayerNames | ModuleNames
Watchable = keras.Layer | tf.Module | Sequence[Variable]
"""What a monitor accepts in place of a model."""

Part = tuple[str, Any, tuple[Variable, ...]]


def names_of(model: Watchable) -> Names:
    """The paths in anything that a monitor accepts: a Keras model, a ``tf.Module``, a list or tuple of variables."""
    if isinstance(model, keras.Layer):
        return LayerNames(model)
    return ModuleNames(model if isinstance(model, tf.Module) else VariableList(tuple(model)))


def is_watchable_without_layers(model: object) -> bool:
    """Whether this is a ``tf.Module`` or a list of variables with anything to train."""
    if isinstance(model, list | tuple):
        return len(model) > 0 and all(isinstance(variable, tf.Variable | keras.Variable) for variable in model)
    return isinstance(model, tf.Module) and len(model.trainable_variables) > 0


def _of_module(root: tf.Module) -> Iterable[Part]:
    """Path, module and own variables of every module inside, then of the module itself."""
    trained = {id(variable) for variable in root.trainable_variables}
    modules = members(root, lambda value: isinstance(value, tf.Module))
    # A module under several names goes by the first.
    first = {id(module): (path, module) for path, module in reversed(modules)}
    first.pop(id(root), None)
    parts = []
    for path, module in [*reversed(first.values()), (root.name, root)]:
        own = {id(value): value for _, value in members(module, lambda value: id(value) in trained, recursive=False)}
        parts += [(path, module, tuple(own.values()))] if own else []
    return parts


def _of_list(variables: VariableList) -> Iterable[Part]:
    for variable in variables.trainable_variables:
        name = getattr(variable, "path", None) or variable.name.partition(":")[0]
        yield name, variable, (variable,)
