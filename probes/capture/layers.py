"""The layers of a model by path, and what each of them owns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import keras

from probes.seams.layers import children
from probes.snapshot.weights import Variable

NOT_CALLED = "was not called in the step, or not through its __call__"


@dataclass(frozen=True)
class LayerEntry:
    """One layer of a model.

    Attributes:
        path: names from below the model down to the layer, joined by ``/``; unique in the model.
        layer: the layer itself.
        variables: the trainable variables that it holds outside its child layers.
    """

    path: str
    layer: keras.Layer
    variables: tuple[Variable, ...]

    @property
    def kind(self) -> str:
        """The layer's class."""
        return type(self.layer).__name__


class LayerNames:
    """Finds the path of a layer, including layers that Keras does not track as part of the model.

    Keras tracks the layers in attributes, lists and dictionaries. A layer held elsewhere (in an object of the
    user's, say) is adopted at its first call inside the model, under the path of the layer that called it. A path never
    changes, whatever is added to the model later.

    Attributes:
        uncalled: the status of a layer whose call was never seen.
    """

    uncalled = NOT_CALLED

    def __init__(self, model: keras.Layer) -> None:
        self.model = model
        self._paths: dict[int, tuple[str, keras.Layer]] = {}
        self._taken: set[str] = set()
        self._inside: dict[tuple[str, str, int], str] = {}
        self.refresh()

    def refresh(self) -> None:
        """Walk the model again: layers may have been created since."""
        for holder, layer in _walk(self.model):
            self._name(layer, "" if holder is self.model else self._paths[id(holder)][0])

    def path(self, layer: keras.Layer, caller: keras.Layer | None) -> str | None:
        """The layer's path, or ``None`` for the model itself and for layers outside it."""
        if layer is self.model:
            return None
        if id(layer) in self._paths:
            return self._paths[id(layer)][0]
        above = "" if caller is self.model else caller and self.path(caller, None)
        if above is None:
            return None
        self.refresh()
        return self._name(layer, above)

    def inside(self, above: str, function: str, number: int) -> str:
        """The path of a function's output inside a layer's ``call``.

        Args:
            above: the layer's path, empty for the model.
            function: the function's name.
            number: which of the function's uses in this ``call``, from 1.
        """
        key = (above, function, number)
        if key not in self._inside:
            self._inside[key] = unique(f"{above}/{function}" if above else function, self._taken)
            self._taken.add(self._inside[key])
        return self._inside[key]

    def entries(self) -> list[LayerEntry]:
        """Every layer with its own variables; the model itself comes last, if it has any of its own."""
        self.refresh()
        own = own_variables(self.model)
        if own:
            self._name(self.model, "")
        layers = [named for named in self._paths.values() if named[1] is not self.model]
        entries = [LayerEntry(path, layer, own_variables(layer)) for path, layer in layers]
        return [*entries, LayerEntry(self._paths[id(self.model)][0], self.model, own)] if own else entries

    def _name(self, layer: keras.Layer, above: str) -> str:
        """The layer's path; a new one if it has none yet."""
        if id(layer) not in self._paths:
            path = unique(f"{above}/{layer.name}" if above else layer.name, self._taken)
            self._taken.add(path)
            self._paths[id(layer)] = (path, layer)
        return self._paths[id(layer)][0]


def own_variables(layer: keras.Layer) -> tuple[Variable, ...]:
    """The trainable variables that a layer holds outside its child layers."""
    below = {id(variable) for child in children(layer) for variable in child.variables}
    return tuple(variable for variable in layer.trainable_variables if id(variable) not in below)


def unit_axis(layer: keras.Layer, rank: int | None) -> int:
    """The axis of a layer's output that counts its units: the channels where ``data_format`` says, the last one otherwise."""
    channels_first = getattr(layer, "data_format", None) == "channels_first" and (rank or 0) > 2
    axis = getattr(layer, "axis", -1) if isinstance(layer, keras.layers.BatchNormalization) else -1
    return 1 if channels_first else axis


def _walk(root: keras.Layer) -> Iterator[tuple[keras.Layer, keras.Layer]]:
    """Holder and layer for everything below ``root``, each layer once, at the place where it is first held."""
    seen = {id(root)}
    waiting = [(root, child) for child in reversed(children(root))]
    while waiting:
        holder, layer = waiting.pop()
        if id(layer) in seen or isinstance(layer, keras.layers.InputLayer):
            continue
        seen.add(id(layer))
        yield holder, layer
        waiting.extend((layer, child) for child in reversed(children(layer)))


def unique(path: str, taken: set[str]) -> str:
    """The path, with a number appended if it is taken."""
    number, candidate = 1, path
    while candidate in taken:
        number += 1
        candidate = f"{path}#{number}"
    return candidate
