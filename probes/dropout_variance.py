"""What does dropout do to the mean and the variance of what passes through it?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import moments
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.facts import CallKind
from probes.snapshot.snapshot import Snapshot

ALPHA_DROPPED = -1.7580993408473766
"""α′ = −λα of the SELU, which alpha dropout puts in the place of what it drops."""


Law = tuple[float, float, float, float]
"""(q, d, s, t): an input is kept with probability q, or else replaced by d; then x becomes s·x + t."""


def _standard(rate: float) -> Law:
    """Dropped to 0, and scaled up. Multiplying by normal noise of variance p/q gives the same mean and variance."""
    return 1 - rate, 0.0, 1 / (1 - rate), 0.0


def _alpha(rate: float) -> Law:
    """Dropped to α′, and moved so that mean 0 and variance 1 stay."""
    kept = 1 - rate
    scale = 1 / math.sqrt(kept + ALPHA_DROPPED**2 * kept * rate)
    return kept, ALPHA_DROPPED, scale, -scale * rate * ALPHA_DROPPED


_LAWS = {"Dropout": _standard, "BaseSpatialDropout": _standard, "GaussianDropout": _standard, "AlphaDropout": _alpha}


@dataclass(frozen=True, kw_only=True)
class DropoutVariance(Probe):
    """Mean and variance before and after a dropout in training mode, and what theory makes of those before.

    variance_ratio = dropout_output_variance / dropout_input_variance. With the measured input mean μ and variance σ²,
    drop rate p and q = 1 − p, dropout_expected_mean and dropout_expected_variance are μ and σ²/q + (p/q)·μ² for standard
    (inverted) dropout; SpatialDropout and GaussianDropout have the same two. For alpha dropout, with α′ = −λα,
    a = (q + α′²·q·p)^(−1/2) and b = −a·p·α′, they are a·(q·μ + p·α′) + b and a²·(q·σ² + q·p·(μ − α′)²).

    Args:
        every: cadence in steps.
        window: steps merged into one reading; all moments, the expected ones too, are those of its examples together.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.

    Returns:
        Columns dropout_input_mean, dropout_output_mean, dropout_expected_mean in the activation's unit,
        dropout_input_variance, dropout_output_variance, dropout_expected_variance ≥ 0 in its square, variance_ratio ≥ 0
        without unit. Missing for other layers, in inference mode, at rate 0 or 1, and for an empty batch; the ratio also
        for a constant input.

    References:
        Srivastava et al. 2014, Dropout, JMLR 15:1929; Klambauer et al. 2017, arXiv 1706.02515 (alpha dropout).
    """

    looks_at: ClassVar = CallKind(runs=frozenset(_LAWS), drops=True)
    needs: ClassVar = frozenset({"input", "activation"})
    merges: ClassVar = {"input": "moments", "output": "moments", "law": "same"}
    columns: ClassVar = (
        "dropout_input_mean",
        "dropout_input_variance",
        "dropout_output_mean",
        "dropout_output_variance",
        "variance_ratio",
        "dropout_expected_mean",
        "dropout_expected_variance",
    )

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """Moments before and after, and the numbers that the law of the output depends on."""
        assert snapshot.input is not None and snapshot.activation is not None
        facts = snapshot.facts
        assert facts.runs is not None and facts.rate is not None
        return {
            "input": moments(snapshot.input, snapshot.unit_axis),
            "output": moments(snapshot.activation, snapshot.unit_axis),
            "law": tuple(tf.constant(number, tf.float32) for number in _LAWS[facts.runs](facts.rate)),
        }

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """Both pairs of moments, and the one that the law makes of the input's."""
        (mean, variance), (output_mean, output_variance) = map(
            _mean_variance, (statistics["input"], statistics["output"])
        )
        kept, dropped, scale, shift = np.moveaxis(statistics["law"], -1, 0)
        spread = kept * variance + kept * (1 - kept) * (mean - dropped) ** 2
        return {
            "dropout_input_mean": mean,
            "dropout_input_variance": variance,
            "dropout_output_mean": output_mean,
            "dropout_output_variance": output_variance,
            "variance_ratio": output_variance / np.where(variance != 0, variance, np.nan),
            "dropout_expected_mean": scale * (kept * mean + (1 - kept) * dropped) + shift,
            "dropout_expected_variance": scale**2 * spread,
        }


def _mean_variance(merged: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    count, mean, squares = np.moveaxis(merged, -1, 0)
    return np.where(count > 0, mean, np.nan), squares / np.where(count > 0, count, np.nan)
