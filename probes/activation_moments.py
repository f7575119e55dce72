"""Where do a layer's activations lie, how widely do they spread, and do its units vary at all?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import as_float32, by_unit, moments
from probes.probe import Arrays, Probe, Statistic
from probes.snapshot.snapshot import Snapshot


@dataclass(frozen=True, kw_only=True)
class ActivationMoments(Probe):
    """Mean, standard deviation and largest size of a layer's output, and the share of units that are constant.

    activation_mean = mean of a, activation_std = √(mean of (a − mean)²), activation_largest = max |a|, over all entries of a in
    the window; the second pass is centred, so that a small spread around a large mean keeps its digits. constant_fraction =
    units with max a = min a over the window's examples and positions / units: such a unit says the same of every input.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        early: also measure steps 1, 2, 4, 8, ... below ``every``; the default where no cadence is given.

    Returns:
        Columns activation_mean, activation_std ≥ 0 and activation_largest ≥ 0, in the activation's unit, and constant_fraction
        in [0, 1]; missing for an empty batch. constant_fraction is also missing where a unit has a single entry, and it and
        activation_largest where the number of units is not known before the step runs. A unit with a NaN is not constant.

    References:
        Chan, Golub and LeVeque 1983, Algorithms for computing the sample variance (how windows merge).
    """

    needs: ClassVar = frozenset({"activation"})
    merges: ClassVar = {"moments": "moments", "largest": "max", "negated_smallest": "max"}
    columns: ClassVar = ("activation_mean", "activation_std", "activation_largest", "constant_fraction")

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """n, mean, Σ (a − mean)²; for each unit the largest a and the largest −a."""
        activation = snapshot.activation
        assert activation is not None
        found: dict[str, Statistic] = {"moments": moments(activation, snapshot.unit_axis)}
        if snapshot.units is None:
            return found
        matrix = as_float32(by_unit(activation, snapshot.unit_axis))
        return found | {
            "largest": tf.reduce_max(matrix, axis=0),
            "negated_smallest": tf.negative(tf.reduce_min(matrix, axis=0)),
        }

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """Mean and the root of the mean square deviation; the extremes of all units, and how many agree with each other."""
        count, mean, squares = np.moveaxis(statistics["moments"], -1, 0)
        count = np.where(count > 0, count, np.nan)
        columns = {"activation_mean": np.where(count > 0, mean, np.nan), "activation_std": np.sqrt(squares / count)}
        if "largest" in statistics:
            columns |= _extremes(statistics["largest"], -statistics["negated_smallest"], count)
        return columns


def _extremes(largest: np.ndarray, smallest: np.ndarray, count: np.ndarray) -> dict[str, np.ndarray]:
    """Columns from the extremes of each unit, ``[..., units]``, over ``count`` entries, NaN without any."""
    several = count > largest.shape[-1]
    size = np.maximum(np.abs(largest), np.abs(smallest)).max(axis=-1)
    return {
        "activation_largest": np.where(count > 0, size, np.nan),
        "constant_fraction": np.where(several, (largest == smallest).mean(axis=-1), np.nan),
    }
