"""Runs one step eagerly, operation by operation, and follows every value that is not finite back to where it was made."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import keras
import tensorflow as tf

from diagnostics.runs.flight import Origin
from diagnostics.training.flight.code import part_of, user_code
from diagnostics.training.flight.tensors import described, inputs_described, is_finite
from probes.capture.layers import LayerNames
from probes.seams.every_operation import walked
from probes.seams.layer_calls import listening
from probes.seams.nest import Nest
from probes.seams.tap import seen_through, tap
from probes.seams.updates import hearing_updates

QUIET = frozenset({"Assert", "CheckNumerics"})
RAISING = re.compile(r"__wrapped__(\w+?)_device")


@dataclass
class Birth:
    """The first value that is not finite in a chain of operations."""

    time: int
    origin: Origin


@dataclass(eq=False)
class Walk:
    """Follows one step.

    Args:
        model: the model.
        batch: the step's batch.
        examples: the number of examples in it.
    """

    model: Any
    batch: Any
    examples: int
    births: list[Birth] = field(default_factory=list)
    _marks: dict[int, tuple[Any, Birth]] = field(default_factory=dict)
    _owners: dict[tuple[str, int], str] = field(default_factory=dict)
    _kept: list[Any] = field(default_factory=list)
    _layers: list[str] = field(default_factory=list)
    _inputs: list[Any] = field(default_factory=list)
    _gradients: list[tuple[str, str]] = field(default_factory=list)
    _time: int = 0
    _backward: int = 0
    _updating: bool = False
    _muted: bool = False
    _has_left_model: bool = False
    _last: str = ""
    failed_in: tuple[str, Any] | None = None

    def __post_init__(self) -> None:
        self._paths = {id(entry.layer): entry.path for entry in LayerNames(self.model).entries()}
        self._mark_batch()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Follow what runs inside the ``with`` block."""
        with listening(self), hearing_updates(self), walked(self):
            yield

    def birth_of(self, value: Nest) -> Birth | None:
        """Where a value became not finite; ``None`` if it is finite, or nobody saw it."""
        marks = [self._marks[id(each)][1] for each in _tensors(value) if id(each) in self._marks]
        return min(marks, key=lambda birth: birth.time, default=None)

    # What layers report.

    def enter(self, layer: keras.Layer, inputs: Nest) -> None:
        """A layer begins."""
        self._layers.append(self._paths.get(id(layer), self._layers[-1] if self._layers else ""))
        self._inputs.append(inputs)

    def leave(self, layer: keras.Layer) -> None:
        """A layer has ended; by an exception, it is the innermost that has."""
        path, inputs = self._layers.pop(), self._inputs.pop()
        self._has_left_model |= layer is self.model
        if self.failed_in is None and sys.exc_info()[1] is not None:
            self.failed_in = path, inputs

    def observe(self, layer: keras.Layer, outputs: Nest) -> Nest:
        """Let the backward pass say when it comes to this layer."""
        path = self._layers[-1]

        def see(gradient: Nest) -> None:
            self._last = path

        def tapped(tensor: Nest) -> Nest:
            floating = tf.is_tensor(tensor) and tensor.dtype.is_floating and isinstance(tensor, tf.Tensor)
            return tap(tensor, layer, self, see) if floating and not seen_through(tensor) else tensor

        return tf.nest.map_structure(tapped, outputs)

    # What operations report.

    def ran(self, operation: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """Look at what went in and came out."""
        if self._muted or operation in QUIET:
            return
        self._muted = True
        try:
            self._look(operation, list(inputs), list(outputs))
        finally:
            self._muted = False

    def enter_backward(self) -> None:
        """A tape differentiates."""
        self._backward += 1

    def leave_backward(self) -> None:
        """It has ended."""
        self._backward -= 1

    def enter_gradient(self, operation: str, inputs: Sequence[Any], outputs: Sequence[Any]) -> None:
        """The gradient of an operation begins; its layer is that of the operation."""
        known = (self._owners.get((operation, id(each))) for each in (*outputs, *inputs) if each is not None)
        self._gradients.append((operation, next((path for path in known if path), self._last)))

    def leave_gradient(self) -> None:
        """It has ended."""
        self._gradients.pop()

    def before_update(self, optimizer: keras.optimizers.Optimizer) -> None:
        """The optimizer begins."""
        self._updating = True

    def after_update(
        self, optimizer: keras.optimizers.Optimizer, gradients: Sequence[Nest], variables: Sequence[Nest]
    ) -> None:
        """It has ended."""
        self._updating = False

    def _look(self, operation: str, inputs: list[Any], outputs: list[Any]) -> None:
        self._time += 1
        if not self._backward:
            layer = self._layers[-1] if self._layers else ""
            self._owners |= {(operation, id(each)): layer for each in (*inputs, *outputs)}
        self._kept += [*inputs, *outputs]
        bad = [each for each in outputs if not is_finite(each)]
        if not bad:
            return
        birth = self._cause(operation, inputs, outputs)
        self._marks |= {id(each): (each, birth) for each in bad}

    def _cause(self, operation: str, inputs: list[Any], outputs: list[Any]) -> Birth:
        """The birth behind an operation's inputs, the earliest; or a new one."""
        known = [self._marks[id(each)][1] for each in inputs if id(each) in self._marks]
        if known:
            return min(known, key=lambda birth: birth.time)
        birth = Birth(self._time, self._origin(operation, inputs, outputs))
        self.births.append(birth)
        return birth

    def _origin(self, operation: str, inputs: list[Any], outputs: list[Any]) -> Origin:
        phase = "update" if self._updating else "backward" if self._backward else "forward"
        gradient_of, layer = operation, self._layers[-1] if self._layers else ""
        if phase == "backward":
            gradient_of, layer = self._gradients[-1] if self._gradients else (operation, self._last)
        values = inputs_described(inputs, outputs, self.examples)
        made = tuple(described(f"output {place}", each, self.examples) for place, each in enumerate(outputs))
        part = part_of() or ("loss" if self._has_left_model and not layer and phase != "update" else "")
        return Origin(
            phase, layer, part, gradient_of, operation if phase == "backward" else "", user_code(), values, made
        )

    def _mark_batch(self) -> None:
        for place, part in enumerate(tf.nest.flatten(self.batch, expand_composites=True)):
            if not is_finite(part):
                values = described(f"part {place} of the batch", part, self.examples)
                origin = Origin("input", "", "batch", f"part {place}: {values.bad} values", outputs=(values,))
                self._marks[id(part)] = part, Birth(-1, origin)
                self.births.append(self._marks[id(part)][1])


def _tensors(value: Nest) -> list[Any]:
    return [each for each in tf.nest.flatten(value, expand_composites=True) if tf.is_tensor(each)]


def raised(walk: Walk, error: Exception) -> Origin:
    """The origin of an exception: the innermost layer that it left, and the operation that TensorFlow names."""
    path, inputs = walk.failed_in or ("", ())
    found = RAISING.search(str(error))
    flat = [each for each in _tensors(inputs) if each.dtype.is_floating or each.dtype.is_integer]
    values = tuple(described(f"input {place} of the layer", each, walk.examples) for place, each in enumerate(flat))
    message = str(error).splitlines()[0] if str(error) else type(error).__name__
    return Origin("forward", path, "", found[1] if found else type(error).__name__, inputs=values, message=message)


def examples_in(batch: Nest) -> int:
    """The number of examples in a batch."""
    parts = _tensors(batch)
    return int(parts[0].shape[0]) if parts and parts[0].shape.rank else 0
