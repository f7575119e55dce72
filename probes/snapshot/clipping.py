"""A gradient after the optimizer's clipping."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import tensorflow as tf

from probes.primitives import as_float32


@dataclass(frozen=True)
class Clipping:
    """The optimizer's clipping; Keras allows one of the three settings.

    Attributes:
        norm: largest norm of each variable's gradient.
        value: largest size of each entry.
        global_norm: largest norm of all gradients together.
        measured_norm: ‖g‖₂ of all gradients together, where ``global_norm`` is set; a float32 scalar.
    """

    norm: float | None = None
    value: float | None = None
    global_norm: float | None = None
    measured_norm: tf.Tensor | None = None

    def apply(self, gradient: tf.Tensor) -> tf.Tensor:
        """One variable's gradient after clipping, in float32."""
        gradient = as_float32(gradient)
        if self.norm:
            return tf.clip_by_norm(gradient, self.norm)
        if self.measured_norm is not None and self.global_norm:
            scale = self.global_norm / tf.maximum(self.measured_norm, self.global_norm)
            # A norm that is not finite makes every gradient NaN, as in Keras.
            return gradient * (scale + (self.measured_norm - self.measured_norm))
        return tf.clip_by_value(gradient, -self.value, self.value) if self.value else gradient


def clipping_of(optimizer: keras.optimizers.Optimizer | None) -> Clipping | None:
    """How a Keras optimizer clips; ``None`` if this is unknown, it does not, or it clips gradients accumulated over steps."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    settings = [getattr(inner, name, None) or None for name in ("clipnorm", "clipvalue", "global_clipnorm")]
    if getattr(inner, "gradient_accumulation_steps", None) or not any(settings):
        return None
    return Clipping(*settings)
