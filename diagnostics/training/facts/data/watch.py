"""Finds a step's inputs, targets and outputs, and writes their summaries while the step runs."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from diagnostics.training.facts.data.rows import Row, Rows
from diagnostics.training.facts.data.summaries import input_summary, output_summary, target_summary
from probes.measuring.due import Due
from probes.measuring.replicas import alone
from probes.seams.graph import current_graph
from probes.seams.layer_calls import listening
from probes.seams.loss_calls import LossCall, hearing_losses
from probes.seams.nest import Nest
from probes.seams.tap import source

FIRST_BATCHES = 50
"""Batches at the start whose inputs and targets are all summarised: by then ranges, shares and scales are known."""

MOST_BATCHES = 250
"""Batches in all; after the first ones those of measured steps, as data that come in order look different later on."""

KEPT_BATCHES = 64
"""Batches that wait for the host: the first ones, which may all come before the first flush."""

KEPT_OUTPUTS = 512
"""Measured steps whose outputs wait for the host: more than come between two flushes of most trainings."""

Named = dict[str, tf.Tensor]


@dataclass(frozen=True)
class Described:
    """What is fixed about a tensor: its type as it comes, and its shape with the batch axis."""

    dtype: str
    shape: tuple[int | None, ...]


class DataWatch:
    """A companion of a monitor that summarises inputs, targets and outputs.

    Inputs and targets are those of the first steps and then of measured steps, until enough were seen; outputs those of
    measured steps and of the last step of each epoch.

    Inputs are those of the batch where it is known, else those of the model's call. Targets and predictions are what the step
    gives to its loss; a step with several losses on other targets (as of a GAN) has none. Outputs are those of the model's
    call.

    Args:
        model: the model that is trained.

    Attributes:
        described: type and shape of each tensor, by its key (``input/x``, ``target/y``, ``output/y``).
        losses: the losses that a step calls, in order, with their targets' keys.
    """

    def __init__(self, model: keras.Model) -> None:
        self.described: dict[str, Described] = {}
        self.losses: list[tuple[Any, str]] = []
        self._model = model
        self._batches = Rows(KEPT_BATCHES, MOST_BATCHES)
        self._outputs = Rows(KEPT_OUTPUTS)
        self._epoch_length = 0
        self._steps_per_epoch = alone(lambda: tf.Variable(tf.zeros([], tf.int64), trainable=False, name="epoch_length"))
        self._running = threading.local()  # replicas run the step on a thread each

    def begin(self, steps_per_epoch: int | None) -> None:
        """Learn how long epochs are; ``None`` if that is not known."""
        self._epoch_length = steps_per_epoch or 0
        self._steps_per_epoch.assign(self._epoch_length)

    @contextmanager
    def watching(self, *, on: bool = False) -> Iterator[None]:
        """Listen to one forward pass, and to its losses; in a step of several updates, to those before each."""
        pending: SeenStep | None = getattr(self._running, "step", None)
        if on and pending is not None:
            pending.end_losses()
            with hearing_losses(pending):
                yield
            return
        self._running.step = seen = SeenStep(self._model)
        with listening(seen), hearing_losses(seen):
            yield

    def end_step(self, step: tf.Tensor, due: Due) -> None:
        """Write the summaries."""
        seen: SeenStep | None = getattr(self._running, "step", None)
        self._running.step = None
        if seen is None:
            return
        inputs, outputs = seen.inputs(), seen.outputs()
        targets = seen.targets(outputs)
        self.losses = [(call.loss, key) for key, call in targets.items()]
        self._describe({**inputs, **{key: call.targets for key, call in targets.items()}, **outputs})
        weights = {key: weight_of(call) for key, call in targets.items()}

        def batch() -> Mapping[tuple[str, str], tf.Tensor]:
            found = {key: input_summary(tf.convert_to_tensor(tensor)) for key, tensor in inputs.items()}
            for key, call in targets.items():
                found[key] = target_summary(tf.convert_to_tensor(call.targets), weights[key])
            return _flat(found)

        def answers() -> Mapping[tuple[str, str], tf.Tensor]:
            return _flat({key: output_summary(tf.convert_to_tensor(tensor)) for key, tensor in outputs.items()})

        early = Due(step < FIRST_BATCHES)  # pyright: ignore[reportOperatorIssue]
        if inputs or targets:
            self._batches.write(step, Due.any_of([due, early]), batch)
        if outputs:
            self._outputs.write(step, Due.any_of([due, self._ends_epoch(step)]), answers)

    def _ends_epoch(self, step: tf.Tensor) -> Due:
        length = self._steps_per_epoch.read_value()
        return Due(tf.equal(tf.math.floormod(step, tf.maximum(length, 1)), length - 1))  # pyright: ignore[reportOperatorIssue]

    def wants(self, step: int) -> bool:
        """The first steps, and the last of each epoch."""
        return step < FIRST_BATCHES or (self._epoch_length > 0 and (step + 1) % self._epoch_length == 0)

    def reset(self) -> None:
        """Another training begins."""
        self._batches.forget()
        self._outputs.forget()

    def take(self) -> tuple[list[Row], list[Row]]:
        """The rows of inputs and targets, and those of outputs, since the last call."""
        return self._batches.take(), self._outputs.take()

    def _describe(self, tensors: Mapping[str, Any]) -> None:
        for key, tensor in tensors.items():
            self.described.setdefault(key, Described(tf.as_dtype(tensor.dtype).name, tuple(tensor.shape)))


class SeenStep:
    """A listener that keeps what one step is given, what its model returns, and what its losses compare.

    Args:
        model: the model that is trained.
    """

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._graph = current_graph()
        self._batch: tuple[Any, Any] | None = None
        self._called_with: Any = None
        self._returned: Any = None
        self._calls: list[LossCall] = []
        self._trained_by: int | None = None

    def enter(self, layer: keras.Layer, inputs: tuple[tuple[Nest, ...], dict[str, Nest]]) -> None:
        """Keep the arguments of the model's own call."""
        if layer is self._model and self._here():
            arguments, options = inputs
            self._called_with = arguments[0] if arguments else options.get("inputs")

    def observe(self, layer: keras.Layer, outputs: Nest) -> Nest:
        """Keep what the model returns; it stays as it is."""
        if layer is self._model and self._here():
            self._returned = outputs
        return outputs

    def leave(self, layer: keras.Layer) -> None:
        """Nothing ends with a call."""

    def see_batch(self, inputs: object, targets: object) -> None:
        """Keep the batch."""
        self._batch = inputs, targets

    def see_loss(self, call: LossCall) -> None:
        """Keep what the loss is given."""
        if self._here():
            self._calls.append(call)

    def end_losses(self) -> None:
        """Weights were updated: losses that were called until now were for training, later ones maybe only for show."""
        self._trained_by = len(self._calls)

    def inputs(self) -> Named:
        """The inputs by key."""
        return named(self._batch[0] if self._batch else self._called_with, "input", self._names("input_names"))

    def outputs(self) -> Named:
        """The model's outputs by key."""
        return named(self._returned, "output", self._names("output_names"))

    def targets(self, outputs: Named) -> dict[str, LossCall]:
        """The calls of losses by the key of their target, which has the name of the output that it is compared with."""
        calls = [call for call in self._calls[: self._trained_by] if usable(call.targets)]
        if len(calls) > max(1, len(outputs)):
            return {}
        return {f"target/{_output_of(call, outputs, number)}": call for number, call in enumerate(calls)}

    def _here(self) -> bool:
        return current_graph() is self._graph

    def _names(self, attribute: str) -> Sequence[str]:
        try:
            return [str(name) for name in getattr(self._model, attribute, None) or []]
        except (AttributeError, ValueError):  # a sequential model that is not built
            return []


def named(value: object, kind: str, names: Sequence[str]) -> Named:
    """The numeric tensors of a structure, by kind and name: a model's own names, the keys of a dictionary, or numbers."""
    if value is None:
        return {}
    flat = keras.tree.flatten_with_path(value)
    own = list(names) if len(names) == len(flat) else [str(path[-1]) if path else kind for path, _ in flat]
    return {f"{kind}/{name}": source(tensor) for name, (_, tensor) in zip(own, flat, strict=True) if usable(tensor)}


def usable(tensor: Nest) -> bool:
    """Whether this is a dense tensor of numbers with a batch axis."""
    if isinstance(tensor, tf.RaggedTensor | tf.SparseTensor) or not hasattr(tensor, "dtype"):
        return False
    kind: Any = tf.as_dtype(tensor.dtype)
    return (kind.is_floating or kind.is_integer or kind.is_bool) and len(tensor.shape) > 0


def weight_of(call: LossCall) -> tf.Tensor | None:
    """What each entry counts in a loss: sample weight times mask, where Keras lets a mask keep the mean of what it leaves."""
    weight = None if call.weight is None else tf.cast(tf.convert_to_tensor(call.weight), tf.float32)
    if call.mask is None:
        return weight
    mask = tf.cast(call.mask, tf.float32)
    mask *= tf.math.divide_no_nan(tf.cast(tf.size(mask), tf.float32), tf.reduce_sum(mask))
    if weight is None:
        return mask
    for _ in range(mask.shape.rank - weight.shape.rank):
        weight = tf.expand_dims(weight, -1)
    return mask * weight


def _output_of(call: LossCall, outputs: Named, number: int) -> str:
    """The name of the output that a loss is given."""
    predictions = source(call.predictions)
    found = next((key for key, tensor in outputs.items() if tensor is predictions), None)
    return (found or f"output/{number}" if len(outputs) != 1 else next(iter(outputs))).partition("/")[2]


def _flat(found: Mapping[str, Mapping[str, tf.Tensor]]) -> dict[tuple[str, str], tf.Tensor]:
    return {(key, name): value for key, own in found.items() for name, value in own.items()}
