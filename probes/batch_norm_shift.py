"""How far are a batch's statistics from the moving ones, which stand in for them at inference?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import as_float32, by_unit
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.facts import CallKind
from probes.snapshot.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class BatchNormShift(Probe):
    """A batch normalisation's input, by channel, against the moving statistics as they were before the step moved them.

    With m, v the mean and variance of a channel's input and M, V its moving mean and variance, and means over channels:
    bn_batch_mean = mean of m, bn_batch_variance = mean of v, bn_mean_gap = mean of |m − M| / √V, bn_variance_ratio = mean
    of v / V. A channel with V = 0 has no gap and no ratio, and is left out of their means. Over a window, m and v are those
    of all its examples, and M and V are averaged over its steps. Entries that the layer masks do not count.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.

    Returns:
        Columns bn_batch_mean in the input's unit, bn_batch_variance ≥ 0 in its square, bn_mean_gap ≥ 0 in standard
        deviations, bn_variance_ratio ≥ 0 without unit (1: no shift). Missing for other layers and for an empty batch,
        the last two also where all V are 0.

    References:
        Ioffe and Szegedy 2015, Batch normalization, arXiv 1502.03167; Ioffe 2017, Batch renormalization,
        arXiv 1702.03275 (what the difference does).
    """

    looks_at: ClassVar = CallKind(runs=frozenset({"BatchNormalization"}))
    needs: ClassVar = frozenset({"input", "state"})
    merges: ClassVar = {"batch": "moments", "moving_mean": "sum", "moving_variance": "sum", "steps": "sum"}
    columns: ClassVar = ("bn_batch_mean", "bn_batch_variance", "bn_mean_gap", "bn_variance_ratio")

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """By channel: n, mean and Σ (x − mean)² of the input, and the moving statistics; and 1 step."""
        assert snapshot.input is not None
        state = dict(snapshot.state)
        return {
            "batch": _channel_moments(snapshot.input, snapshot.unit_axis, snapshot.mask),
            "moving_mean": as_float32(state["moving_mean"]),
            "moving_variance": as_float32(state["moving_variance"]),
            "steps": tf.constant(1.0),
        }

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """Means over channels."""
        count, mean, squares = np.moveaxis(statistics["batch"].astype(np.float64), -1, 0)
        steps = statistics["steps"][..., None]
        moving_mean, moving_variance = (statistics[f"moving_{name}"] / steps for name in ("mean", "variance"))
        variance = squares / count
        known = moving_variance != 0
        scale = np.where(known, moving_variance, np.nan)
        gap, ratio = np.abs(np.where(count > 0, mean, np.nan) - moving_mean) / np.sqrt(scale), variance / scale
        return {
            "bn_batch_mean": np.where(count > 0, mean, np.nan).mean(axis=-1),
            "bn_batch_variance": variance.mean(axis=-1),
            "bn_mean_gap": np.where(known, gap, 0).sum(axis=-1) / known.sum(axis=-1),
            "bn_variance_ratio": np.where(known, ratio, 0).sum(axis=-1) / known.sum(axis=-1),
        }


def _channel_moments(values: tf.Tensor, unit_axis: int, mask: tf.Tensor | None) -> tf.Tensor:
    """n, mean and Σ (x − mean)² of every channel, ``[channels, 3]``."""
    matrix = as_float32(by_unit(values, unit_axis))
    kept = tf.ones_like(matrix[:, :1], tf.bool) if mask is None else tf.reshape(mask, [-1, 1])
    count = tf.reduce_sum(tf.cast(kept, tf.float32))
    mean = tf.math.divide_no_nan(tf.reduce_sum(tf.where(kept, matrix, 0.0), axis=0), count)
    squares = tf.reduce_sum(tf.square(tf.where(kept, matrix - mean, 0.0)), axis=0)
    return tf.stack([tf.fill(tf.shape(mean), count), mean, squares], axis=-1)
