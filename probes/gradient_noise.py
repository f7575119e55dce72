"""How much of a gradient is signal, and how large a batch would be worth its cost?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import as_float32, square_sum_of_all
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.snapshot import Snapshot

Vector = tuple[tf.Tensor, ...]


@dataclass(frozen=True, kw_only=True)
class GradientNoise(Probe):
    """Spread of the gradients of m equal parts of the batch around their mean, for each layer's own variables.

    With the mean ḡ of the parts' gradients gᵢ and its standard error s² = Σ ‖gᵢ − ḡ‖² / (m (m − 1)):
    gradient_snr = ‖ḡ‖₂ / s, and gradient_noise_scale = B s² / |G|², in which B s² estimates tr Σ, the variance of one
    example's gradient, and |G|² = Σ_{i≠j} gᵢ·gⱼ / (m (m − 1)) the squared norm of the true gradient, both without bias.
    Over a window ‖ḡ‖², s², B s² and |G|² are averaged first, as single steps are noisy themselves.
    gradient_snr has a floor: E ‖ḡ‖² = ‖G‖² + s², so that pure noise reads about 1, and √(gradient_snr² − 1) estimates
    ‖G‖ / s. gradient_noise_scale has none.

    Ordinary steps know the gradient of the whole batch only. A loop that wants the columns passes the parts' own::

        with tf.GradientTape(persistent=True) as tape, monitor.capture():
            output = model(x, training=True)
            losses = [loss_fn(*part) for part in zip(tf.split(y, m), tf.split(output, m))]
            loss = tf.add_n(losses) / m
        parts = [tape.gradient(each, model.trainable_variables) for each in losses]
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        monitor.update(gradients, parts=parts)

    A loop that accumulates gradients has the parts anyway: one forward pass for each, all inside one ``capture``.
    With batch normalisation the parts of one forward pass share its statistics, and are not quite independent.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.

    Returns:
        Columns gradient_snr ≥ 0, without unit (infinite for equal parts), and gradient_noise_scale ≥ 0 in examples: the
        batch size from which on larger batches hardly help. Missing without ``parts``; gradient_noise_scale also where
        the estimate of |G|² is not positive: the gradient drowns in noise, and more steps have to be averaged.

    References:
        McCandlish, Kaplan, Amodei and the OpenAI Dota Team 2018, An empirical model of large-batch training,
        arXiv 1812.06162.
    """

    needs: ClassVar = frozenset({"gradient_parts"})
    merges: ClassVar = {"mean_square": "sum", "error_square": "sum", "trace": "sum", "signal": "sum"}
    columns: ClassVar = ("gradient_snr", "gradient_noise_scale")

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """‖ḡ‖², s², B s² and |G|²."""
        assert snapshot.gradient_parts is not None
        parts = [tuple(map(as_float32, part)) for part in snapshot.gradient_parts.gradients]
        pairs = len(parts) * (len(parts) - 1)
        # Offsets from the first part: parts that are equal have a spread of exactly 0.
        offsets = [_minus(part, parts[0]) for part in parts]
        offset = _scaled(_total(offsets), 1 / len(parts))
        error_square = tf.add_n([square_sum_of_all(_minus(each, offset)) for each in offsets]) / pairs
        return {
            "mean_square": square_sum_of_all(_total([parts[0], offset])),
            "error_square": error_square,
            "trace": snapshot.gradient_parts.examples * error_square,
            "signal": 2 * _dots_of_pairs(parts) / pairs,
        }

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """Ratios of the sums."""
        signal = np.where(statistics["signal"] > 0, statistics["signal"], np.nan)
        return {
            "gradient_snr": np.sqrt(statistics["mean_square"] / statistics["error_square"]),
            "gradient_noise_scale": statistics["trace"] / signal,
        }


def _dots_of_pairs(parts: list[Vector]) -> tf.Tensor:
    """Σ_{i<j} gᵢ·gⱼ, in one pass for each part: parts without a common entry give exactly 0."""
    dots, before = [], parts[0]
    for part in parts[1:]:
        dots += [tf.reduce_sum(one * other) for one, other in zip(part, before, strict=True)]
        before = _total([before, part])
    return tf.add_n(dots)


def _total(vectors: list[Vector]) -> Vector:
    return tuple(tf.add_n(list(same)) for same in zip(*vectors, strict=True))


def _minus(one: Vector, other: Vector) -> Vector:
    return tuple(a - b for a, b in zip(one, other, strict=True))


def _scaled(vector: Vector, factor: float) -> Vector:
    return tuple(factor * entry for entry in vector)
