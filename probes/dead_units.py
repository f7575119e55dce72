"""Which units are silent on everything they see, and do they come back?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import tensorflow as tf

from probes.primitives import by_unit, unit_sums
from probes.probe import Arrays, Statistic
from probes.seams.operations import FUNCTIONS
from probes.snapshot.facts import CallKind
from probes.snapshot.snapshot import Snapshot
from probes.unit_probe import UnitProbe, at_check, changes, last_known


@dataclass(frozen=True, kw_only=True)
class DeadUnits(UnitProbe):
    """Units that were silent on every example of a check; which died, and which came back.

    dead_fraction = Σ 1[a = 0 at every position of every example] / units. A check is either a window of training steps
    (the examples that training saw, while the weights moved), or a reference set, evaluated whole at a step in inference
    mode with the weights before that step's update. ``Reading.units`` holds the events: ``born_dead``, dead at the first check;
    ``death``, dead at this check and alive at the one before; ``revival``, alive at this check and dead at the one before.

    The probe examines outputs of functions that are 0 over a whole range of inputs: ReLU, ReLU6 and clipped ReLU, as a
    layer, as ``activation=`` or inside a ``call``. The slope below 0 must be 0, so that leaky and parametric ReLU have no
    dead units. Rectification written as a product or with ``tf.maximum`` is not detected.

    A unit is silent where its output is exactly 0. A check in which one of a unit's outputs is NaN or infinite cannot tell
    of this unit: it stays what it was at the check before, and is unknown if there was none. A NaN is thus no revival.
    (TensorFlow's fused kernels on a CPU turn NaN into 0 at a ReLU; the unit then is silent.)

    Args:
        every: cadence in steps.
        window: steps merged into one check; its row carries the window's first step.
        layers: path or pattern of the layers to look at.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too.
        reference: the model's inputs for a fixed set of examples, in the structure that the model takes, each
            ``[examples, ...]``. Checks become exact, at the cost of one more forward pass each. It changes no variable,
            random generator or loss of the model.

    Returns:
        Columns dead_fraction in [0, 1]; births, deaths and revivals, each a number of units; dead_unit_examples, the examples behind
        the check: a unit silent on only 32 examples need not be dead. Missing for an empty check, for one that cannot tell of
        any unit, and for all other layers.

    Raises:
        UsageError: a reference set that holds nothing or does not fit the model, or one together with a window.

    References:
        Lu, Shin, Su and Karniadakis 2019, Dying ReLU and initialization, arXiv 1903.06733.
    """

    looks_at: ClassVar = CallKind(activations=frozenset(FUNCTIONS.values()))
    needs: ClassVar = frozenset({"activation", "units"})
    merges: ClassVar = {"nonzero": "sum", "examples": "sum"}
    columns: ClassVar = ("dead_fraction", "births", "deaths", "revivals", "dead_unit_examples")

    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """For each unit the number of entries that are active, NaN if one of them is not finite, and the examples.

        Sums of float32 stop growing at 2²⁴ but never return to 0, so that a unit that was active once is never taken for dead.
        """
        activation = snapshot.activation
        assert activation is not None
        examples = tf.shape(activation)[0] if activation.shape.rank else 1
        entries = by_unit(activation, snapshot.unit_axis)
        # As numbers all along: comparing and casting every entry takes up to ten times as long.
        active = unit_sums(tf.abs(tf.sign(entries)))
        is_told = tf.math.is_finite(unit_sums(entries))
        return {"nonzero": tf.where(is_told, active, math.nan), "examples": tf.cast(examples, tf.float32)}

    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """Shares and counts of units; the first axis is the order of the checks."""
        dead, known = self._dead(statistics)
        missing = np.where(known.any(axis=-1), 0, np.nan)  # added to a number, it leaves it as it is or makes it NaN
        counts = {event: happened.sum(axis=-1) + missing for event, happened in changes(dead, known).items()}
        return {
            "dead_fraction": at_check(dead, last_known(known)).mean(axis=-1) + missing,
            "births": counts["born_dead"],
            "deaths": counts["death"],
            "revivals": counts["revival"],
            "dead_unit_examples": statistics["examples"] + missing,
        }

    def events(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """Which units were born dead, died or were revived at which check."""
        return changes(*self._dead(statistics))

    def carried(self, statistics: Arrays) -> Arrays | None:
        """For each unit the last check that could tell of it."""
        known = self._dead(statistics)[1]
        if not known.any():
            return None
        last = last_known(known)[-1:]
        nonzero = np.where(last < 0, np.nan, at_check(statistics["nonzero"], last))
        return {"nonzero": nonzero.astype(np.float32), "examples": statistics["examples"][last.max() : last.max() + 1]}

    @staticmethod
    def _dead(statistics: Arrays) -> tuple[np.ndarray, np.ndarray]:
        """Whether a unit is dead, and whether the check can tell, each ``[checks, units]``."""
        nonzero = statistics["nonzero"]
        return nonzero == 0, (statistics["examples"] > 0)[:, None] & ~np.isnan(nonzero)
