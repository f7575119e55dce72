"""What is known about a layer's call besides its tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf


@dataclass(frozen=True)
class Facts:
    """Settings of one call, equal for calls that do the same; a probe decides by them whether it applies to the layer.

    Attributes:
        runs: the Keras class whose ``call`` runs, also in a subclass that keeps it; ``None`` where the user wrote it.
        activation: name of the function of Keras or TensorFlow that made the output, such as ``tanh``; ``None`` where
            none did, or where that is not known.
        rate: the layer's ``rate``; for dropout, the fraction that is dropped.
        training: whether the call ran in training mode.
    """

    runs: str | None = None
    activation: str | None = None
    rate: float | None = None
    training: bool = False


@dataclass(frozen=True)
class CallKind:
    """The calls that a probe looks at, by their facts.

    Attributes:
        runs: the values of ``Facts.runs`` to look at; ``None``: all.
        activations: the values of ``Facts.activation`` to look at; ``None``: all.
        drops: whether to look only at calls that drop entries, at a rate between 0 and 1 and in training mode.
    """

    runs: frozenset[str] | None = None
    activations: frozenset[str] | None = None
    drops: bool = False

    def includes(self, facts: Facts) -> bool:
        """Whether a call with these facts is of this kind."""
        return (
            (self.runs is None or facts.runs in self.runs)
            and (self.activations is None or facts.activation in self.activations)
            and (not self.drops or (facts.training and 0 < (facts.rate or 0) < 1))
        )


ANY_CALL = CallKind()


def facts_of(layer: keras.Layer, arguments: Mapping[str, Any]) -> Facts:
    """The facts of a call of ``layer`` with these keyword arguments, as Keras has resolved them."""
    runs, training, rate = _class_that_runs(layer), arguments.get("training"), getattr(layer, "rate", None)
    return Facts(
        runs=runs,
        activation=None if runs is None else _output_activation(layer),
        rate=float(rate) if isinstance(rate, int | float) else None,
        training=not tf.is_tensor(training) and bool(training),
    )


def _class_that_runs(layer: keras.Layer) -> str | None:
    call = getattr(type(layer), "call", None)  # a tf.Module has none
    return call.__qualname__.partition(".")[0] if call and call.__module__.startswith("keras.") else None


def _output_activation(layer: keras.Layer) -> str | None:
    """The function that makes the output; in a recurrent layer, the activation does not."""
    function = None if hasattr(layer, "state_size") else getattr(layer, "activation", None)
    known = (getattr(function, "__module__", None) or "").startswith(("keras.", "tensorflow."))
    return getattr(function, "__name__", None) if known else None
