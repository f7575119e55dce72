"""Runs one step eagerly, as a graph and with XLA, and compares what every layer returns and every gradient."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import contextmanager
from typing import Any

import keras
import ml_dtypes  # comes with TensorFlow
import numpy as np
import tensorflow as tf

from diagnostics.runs.flight import Parting
from diagnostics.training.flight.program import Program
from diagnostics.training.flight.repeat import Step
from diagnostics.training.state.variables import restore
from probes.capture.layers import LayerNames
from probes.seams.graph import is_here
from probes.seams.layer_calls import listening
from probes.seams.nest import Nest

ROUNDING = 64
"""Units in the last place, for each layer so far, that a different order of adding explains: sums of a thousand numbers differ
by about √1000 = 32, relative to the largest value."""

WAYS = {"eager": None, "graph": False, "XLA": True}
"""Ways to run a step, and the ``jit_compile`` of ``tf.function``."""


class _Outputs:
    """Keeps what each layer returns."""

    def __init__(self, model: keras.Model) -> None:
        self._paths = {id(entry.layer): entry.path for entry in LayerNames(model).entries()}
        self.found: dict[str, Any] = {}

    def enter(self, layer: keras.Layer, inputs: Nest) -> None:
        """Nothing is kept."""

    def leave(self, layer: keras.Layer) -> None:
        """Nothing is kept."""

    def observe(self, layer: keras.Layer, outputs: Nest) -> Nest:
        """Keep floating tensors of this graph."""
        path = self._paths.get(id(layer), "")
        for tensor in tf.nest.flatten(outputs):
            if path and tf.is_tensor(tensor) and tensor.dtype.is_floating and is_here(tensor):
                calls = sum(name.partition(" (")[0] == path for name in self.found)
                self.found[f"{path} (call {calls + 1})" if calls else path] = tf.identity(tensor)
        return outputs


def compared(program: Program, step: Step) -> tuple[dict[str, str], tuple[Parting, ...]]:
    """The differences of a step's ways from eager.

    Args:
        program: what the step is made of.
        step: the step, with the state before it.

    Returns:
        By way, the loss or why it cannot be run; and layers from input to output, the loss, and gradients.
    """
    found: dict[str, Mapping[str, np.ndarray]] = {}
    outcome: dict[str, str] = {}
    for way, compiled in WAYS.items():
        restore({name: np.array(value) for name, value in step.before.items()}, program.model, program.optimizer)
        try:
            found[way] = _ran(program, step.batch, compiled)
            outcome[way] = f"loss {found[way]['the loss']!s:.20}"
        except Exception as error:  # a way that TensorFlow does not offer for this model, or the recorded error
            outcome[way] = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    if "eager" not in found:
        return outcome, ()
    names = found["eager"].keys()
    pairs = [
        (place, name, {way: found[way][name] for way in found if name in found[way]})
        for place, name in enumerate(names)
    ]
    return outcome, tuple(_parting(name, values, place + 1) for place, name, values in pairs)


def _ran(program: Program, batch: Nest, compiled: bool | None) -> Mapping[str, np.ndarray]:
    def run(batch: Nest) -> dict[str, Any]:
        return _outputs_and_gradients(program, batch)

    with _eagerly(compiled is None):
        function = run if compiled is None else tf.function(run, jit_compile=compiled)
        return {name: value.numpy() for name, value in function(batch).items()}


@contextmanager
def _eagerly(eager: bool):
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(eager)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


def _outputs_and_gradients(program: Program, batch: Nest) -> dict[str, Any]:
    model, outputs = program.model, _Outputs(program.model)
    x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
    with tf.GradientTape() as tape, listening(outputs):
        predicted = model(x, training=True)
        loss = _loss(program, x, y, predicted, weight)
    gradients = tape.gradient(loss, model.trainable_variables)
    named = {
        f"gradient of {variable.path}": tf.convert_to_tensor(gradient)
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
        if gradient is not None
    }
    return {**outputs.found, "the loss": loss, **dict(reversed(named.items()))}


def _loss(program: Program, x: Nest, y: Nest, predicted: Nest, weight: Nest) -> tf.Tensor:
    if program.loss is None:
        return program.model.compute_loss(x=x, y=y, y_pred=predicted, sample_weight=weight, training=True)
    extra = {} if weight is None else {"sample_weight": weight}
    loss = program.loss(y, predicted, **extra)
    return tf.add_n([loss, *(tf.cast(term, loss.dtype) for term in program.model.losses)])


def _parting(name: str, values: Mapping[str, np.ndarray], place: int) -> Parting:
    eps = float(ml_dtypes.finfo(values["eager"].dtype).eps)
    values = {way: value.astype(np.float64) for way, value in values.items()}
    eager = values["eager"]
    largest = float(np.max(np.abs(eager[np.isfinite(eager)]), initial=0.0)) or 1.0
    differences = {way: _difference(eager, value) / largest for way, value in values.items() if way != "eager"}
    return Parting(name, differences, ROUNDING * place * eps)


def _difference(first: np.ndarray, second: np.ndarray) -> float:
    """The largest difference; infinite where one is finite and the other is not."""
    if first.shape != second.shape or (np.isfinite(first) != np.isfinite(second)).any():
        return float("inf")
    both = np.isfinite(first)
    return float(np.max(np.abs(first[both] - second[both]), initial=0.0))
