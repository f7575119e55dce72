"""What is no Keras model: a ``tf.Module``, or a bare list of variables. Gradients, weights and updates are seen of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from probes.capture.layers import LayerEntry, LayerNames, unique
from probes.seams.modules import members

NO_LAYER = "is no Keras layer: its gradients, weights and updates are seen, what it returns is not"


@dataclass(frozen=True)
class VariableList:
    """A bare list of variables, in the place of a model."""

    trainable_variables: tuple[Any, ...]


class ModuleNames:
    """Stands in for ``LayerNames`` where there are no Keras layers: a row for each module, or for each variable.

    Args:
        model: a ``tf.Module``, whose rows are the modules inside it that hold variables, named by attribute
            (``blocks/0``); or the variables, each a row under its own name.
    """

    uncalled = NO_LAYER

    def __init__(self, model: tf.Module | VariableList) -> None:
        self.model = model

    def refresh(self) -> None:
        """Nothing to do: modules are looked up when they are asked for."""

    def path(self, layer: keras.Layer, caller: keras.Layer | None) -> None:
        """No Keras layer belongs to it."""

    def inside(self, above: str, function: str, number: int) -> str:
        """Functions are told apart by the module that calls them, which cannot be seen."""
        raise AssertionError("no function runs inside a Keras layer of this model")

    def entries(self) -> list[LayerEntry]:
        """Every module or variable that is trained; the variables of the module given itself stand last."""
        parts = _of_list(self.model) if isinstance(self.model, VariableList) else _of_module(self.model)
        taken: set[str] = set()
        entries = []
        for path, layer, variables in parts:
            entries.append(LayerEntry(unique(path, taken), layer, variables))
            taken.add(entries[-1].path)
        return entries


Names = LayerNames | ModuleNames
Part = tuple[str, Any, tuple[Any, ...]]


def names_of(model: Any) -> Names:
    """The rows of whatever a monitor can watch: a Keras model, a ``tf.Module``, a list or tuple of variables."""
    if isinstance(model, list | tuple):
        return ModuleNames(VariableList(tuple(model)))
    return LayerNames(model) if isinstance(model, keras.Layer) else ModuleNames(model)


def is_watchable_without_layers(model: Any) -> bool:
    """Whether it is a ``tf.Module`` or a list of variables, with something that is trained."""
    if isinstance(model, list | tuple):
        return len(model) > 0 and all(isinstance(variable, tf.Variable | keras.Variable) for variable in model)
    return isinstance(model, tf.Module) and len(model.trainable_variables) > 0


def _of_module(root: tf.Module) -> Iterable[Part]:
    """Path, module and own variables of all modules below, then of the module itself."""
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
