"""Have bounded activations run into their flat ends, where hardly any gradient passes?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import as_float32, size
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.facts import CallKind
from probes.snapshot.snapshot import Snapshot

_SLOPES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "sigmoid": lambda a: 4 * a * (1 - a),
    "tanh": lambda a: 1 - tf.square(a),
    "softsign": lambda a: tf.square(1 - tf.abs(a)),
    "hard_sigmoid": lambda a: tf.sign(a) * tf.sign(1 - a),
    "hard_tanh": lambda a: tf.sign(1 - tf.abs(a)),
}
"""f′ relative to its maximum as a function of the output a = f(z), so that z itself need not be read."""


@dataclass(frozen=True, kw_only=True)
class Saturation(Probe):
    """Share of a bounded activation's entries that lie where its derivative is next to nothing.

    saturated_fraction = entries with f′(z) < threshold · max f′ / entries, with f′ taken from the output a = f(z):
    sigmoid a·(1 − a), tanh 1 − a², softsign (1 − |a|)², and for the hard variants a at one of its bounds.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.
        threshold: share of the largest derivative below which an entry counts as saturated; 0.01, two decades of
            gradient lost in one layer.

    Returns:
        Column saturated_fraction in [0, 1], without unit; missing for other activations, for layers whose output is not
        that of the activation itself (an LSTM's), for an empty batch, and where an entry is NaN. In half precision the
        output is rounded first: near 1, bfloat16 knows steps of 0.004.

    References:
        Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward neural networks.
    """

    threshold: float = 0.01

    looks_at: ClassVar = CallKind(activations=frozenset(_SLOPES))
    needs: ClassVar = frozenset({"activation"})
    merges: ClassVar = {"saturated": "sum", "entries": "sum"}
    columns: ClassVar = ("saturated_fraction",)

    def __post_init__(self) -> None:
        """Refuse a threshold that none or all entries would pass."""
        super().__post_init__()
        if not isinstance(self.threshold, int | float) or not 0 < self.threshold <= 1:
            raise self._misuse("threshold", self.threshold, "give a share of the largest derivative, such as 0.01")

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """Number of saturated entries, and of all."""
        assert snapshot.activation is not None and snapshot.facts.activation is not None
        slope = _SLOPES[snapshot.facts.activation](as_float32(snapshot.activation))
        saturated = tf.where(tf.math.is_nan(slope), slope, tf.cast(slope < self.threshold, tf.float32))
        return {"saturated": tf.reduce_sum(saturated), "entries": size(snapshot.activation)}

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """The share."""
        return {"saturated_fraction": statistics["saturated"] / statistics["entries"]}
