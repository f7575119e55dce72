"""Train a kind of model with and without monitors; return the resulting state and the readings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import probes
from tests.kit.steps import make_step, mean_square
from tests.kit.zoo import Kind

STEPS = 4
CADENCE = 2  # steps that are due and steps that are not


@dataclass(frozen=True)
class Trained:
    """One training: its model, the gradients of its first step, the state after training, and its monitors."""

    model: Any
    gradients: Sequence[Any]
    scale: float
    left: dict[str, np.ndarray]
    monitors: list[probes.Monitor]


@contextmanager
def graph_optimizer(on: bool) -> Iterator[None]:
    """Switch TensorFlow's graph optimizer on or off; the option is reset by name, because an empty dictionary would not reset it."""
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": not on})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


def loss(_: Any, outputs: Any) -> tf.Tensor:
    """The mean square of all outputs, whose gradient depends on every one of them."""
    return tf.add_n([mean_square(0.5, output) for output in tf.nest.flatten(outputs)])


def train(kind: Kind, monitors: int = 0, steps: int = STEPS, **options: Any) -> Trained:
    """A few steps from the same start; ``options`` go to ``tf.function``."""
    keras.utils.set_random_seed(7)
    model, optimizer = kind.make(), kind.optimizer()
    model(kind.x)
    optimizer.build(model.trainable_variables)
    scale = float(getattr(optimizer, "dynamic_scale", 1))
    watching = [probes.Monitor(model, probes.default(CADENCE), optimizer=optimizer) for _ in range(monitors)]
    step = make_step(
        model, watching, loss=loss, optimizer=optimizer, penalty=kind.penalty, **{**kind.options, **options}
    )
    results = [step(kind.x, 0.0) for _ in range(steps)]
    left = {f"weight {number} {v.path}": v for number, v in enumerate(model.variables)}
    left |= {f"optimizer {number} {v.path}": v for number, v in enumerate(optimizer.variables)}
    left |= {f"loss {number}": value for number, (value, _) in enumerate(results)}
    left |= {"next random number": tf.random.normal([]), "next seed": keras.random.uniform([])}
    arrays = {name: np.asarray(value) for name, value in left.items()}
    return Trained(model, results[0][1], scale, arrays, watching)


def differing(bare: Trained, watched: Trained) -> list[str]:
    """The names of the values that are not bit-equal."""
    assert len(bare.left) == len(watched.left)
    pairs = zip(bare.left.items(), watched.left.values(), strict=True)
    return [name for (name, one), other in pairs if one.tobytes() != other.tobytes()]


def largest_difference(bare: Trained, watched: Trained) -> float:
    """The largest difference in any weight, relative to the largest weight of its variable."""
    sizes = [0.0]
    for (name, one), other in zip(bare.left.items(), watched.left.values(), strict=True):
        if name.startswith("weight") and one.size:
            wide, like = one.astype(np.float64), other.astype(np.float64)
            sizes.append(float(np.abs(wide - like).max() / max(np.abs(wide).max(), 1e-30)))
    return max(sizes)


def gradient_norms(model: Any, trained: Trained) -> dict[str, float]:
    """‖g‖₂ of each layer of ``model``, computed from the first step's gradients of an identical model."""
    pairs = zip(model.trainable_variables, trained.gradients, strict=True)
    by_variable = {id(variable): gradient for variable, gradient in pairs if gradient is not None}
    norms = {}
    for path, layer in paths(model):
        own = [by_variable[id(v)] for v in layer._trainable_variables if id(v) in by_variable]
        if own:
            flat = [np.asarray(tf.cast(tf.convert_to_tensor(g), tf.float32)).ravel() for g in own]
            norms[path] = float(np.linalg.norm(np.concatenate(flat).astype(np.float64))) / trained.scale
    return norms


def paths(model: Any) -> list[tuple[str, Any]]:
    """Every layer in the order of calls or creation, found independently of the package; the model's own variables come last."""
    found: dict[int, tuple[str, Any]] = {}

    def walk(layer: Any, above: str) -> None:
        for child in layer._flatten_layers(include_self=False, recursive=False):
            if id(child) not in found and not isinstance(child, keras.layers.InputLayer):
                found[id(child)] = (f"{above}{child.name}", child)
                walk(child, f"{above}{child.name}/")

    walk(model, "")
    own = [(model.name, model)] if model._trainable_variables else []
    return [*found.values(), *own]
