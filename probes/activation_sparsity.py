"""How sparse are a layer's activations: over entries, over units, over examples?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, cast

import numpy as np
import tensorflow as tf

from probes.primitives import as_float32, nonzero_count, size
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class ActivationSparsity(Probe):
    """Share of exact zeros, and how unevenly activity is spread over units and over examples.

    zero_fraction = entries that are exactly 0 / entries. With r = |a| (averaged over positions, where there are any) and
    S(r) = (1 − (Σ r/N)² / (Σ r²/N)) / (1 − 1/N): population_sparseness is the mean over examples of S over the units,
    lifetime_sparseness the mean over units of S over the window's examples. S is 0 for equal activity and 1 for a single
    active one; it is undefined, and left out of the mean, where all are silent.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.
        sparseness: also the two sparseness columns, which cost about six passes over the activations; zero_fraction
            costs two.

    Returns:
        Columns zero_fraction, population_sparseness, lifetime_sparseness, each in [0, 1] without unit; missing for an empty
        batch, for a layer that is silent altogether, and (sparseness) for a single unit or a single example.

    References:
        Vinje and Gallant 2000, Science 287:1273, after Treves and Rolls 1991, Network 2:371.
    """

    sparseness: bool = True

    needs: ClassVar = frozenset({"activation"})
    merges: ClassVar = {
        "nonzero": "sum",
        "entries": "sum",
        "population": "sum",
        "active_examples": "sum",
        "examples": "sum",
        "unit_sum": "sum",
        "unit_square": "sum",
    }
    columns: ClassVar = ("zero_fraction", "population_sparseness", "lifetime_sparseness")

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """Counts of entries and of zeros; Σ S over examples that are not silent; Σ r and Σ r² for each unit."""
        activation = snapshot.activation
        assert activation is not None
        counts: dict[str, Statistic] = {"nonzero": nonzero_count(activation), "entries": size(activation)}
        if not self.sparseness or activation.shape.rank < 2 or activation.shape[snapshot.unit_axis] is None:
            return counts
        activity = _unit_activity(activation, snapshot.unit_axis)
        defined, sparseness = _sparseness(activity)
        return counts | {
            "population": tf.reduce_sum(sparseness),
            "active_examples": tf.reduce_sum(defined),
            "examples": tf.cast(tf.shape(activity)[0], tf.float32),
            "unit_sum": tf.reduce_sum(activity, axis=0),
            "unit_square": tf.reduce_sum(tf.square(activity), axis=0),
        }

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """Shares and means of the sums."""
        columns = {"zero_fraction": 1 - statistics["nonzero"] / statistics["entries"]}
        if "population" in statistics:
            columns["population_sparseness"] = statistics["population"] / statistics["active_examples"]
            columns["lifetime_sparseness"] = _lifetime(statistics)
        return columns


def _unit_activity(activation: tf.Tensor, unit_axis: int) -> tf.Tensor:
    """|a| by example and unit, ``[batch, units]``: the mean over positions where there are any."""
    rank = activation.shape.rank
    positions = [axis for axis in range(1, rank) if axis != unit_axis % rank]
    strength = tf.abs(as_float32(activation))
    return tf.reduce_mean(strength, axis=positions) if positions else strength


def _sparseness(activity: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Where S over the last axis is defined (1 or 0), and S there, 0 elsewhere; both ``[batch]``."""
    units = cast(int, activity.shape[-1])
    # 1 − (Σr/N)² / (Σr²/N) is variance over mean square; centred, it keeps its digits and never falls below 0.
    variance = tf.math.reduce_variance(activity, axis=-1)
    mean_of_square = tf.reduce_mean(tf.square(activity), axis=-1)
    silent_or_single = (mean_of_square == 0) | (units == 1)
    value = variance / tf.where(silent_or_single, 1.0, mean_of_square) / (1 - 1 / max(units, 2))
    return tf.cast(tf.logical_not(silent_or_single), tf.float32), tf.where(silent_or_single, 0.0, value)


def _lifetime(statistics: Arrays) -> np.ndarray:
    """Mean over the units that were ever active of S over the window's examples."""
    examples = statistics["examples"][..., None].astype(np.float64)
    mean, mean_square = statistics["unit_sum"] / examples, statistics["unit_square"] / examples
    value = (1 - mean**2 / mean_square) / (1 - 1 / examples)
    active = (mean_square != 0) & (examples > 1)
    return np.where(active, np.maximum(value, 0), 0).sum(axis=-1) / active.sum(axis=-1)
