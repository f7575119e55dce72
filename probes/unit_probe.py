"""The base of probes that follow single units over time."""

from __future__ import annotations

import abc
from dataclasses import dataclass
from typing import Any

import numpy as np

from probes.probe import Arrays, Probe
from probes.reference_set import ReferenceSet


@dataclass(frozen=True, kw_only=True)
class UnitProbe(Probe):
    """A probe that says what happened to single units from one reading to the next.

    Args:
        every: cadence in steps.
        window: steps merged into one reading.
        layers: path or pattern of the layers to look at.
        reference: inputs that are measured instead of the training step's examples; ``None``: the training step's.

    Raises:
        UsageError: a reference set that holds nothing, or one together with a window.
    """

    reference: Any = None

    def __post_init__(self) -> None:
        """Take in the reference set, and check that the cadence makes sense with it."""
        if self.reference is not None and self.window not in (None, self.every):
            raise self._misuse("window", self.window, "leave window out: a reference set is whole at every check")
        super().__post_init__()
        if self.reference is not None and not isinstance(self.reference, ReferenceSet):
            object.__setattr__(self, "reference", ReferenceSet.of(self.reference))

    @abc.abstractmethod
    def events(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """What happened to single units.

        Args:
            statistics: as for ``summarize``; the first axis counts the readings in order.

        Returns:
            For each event, whether it happened, ``[readings, units]``.
        """

    @abc.abstractmethod
    def carried(self, statistics: Arrays) -> Arrays | None:
        """The reading with which the next one is compared, as the only one of its axis; ``None`` when there is none.

        Args:
            statistics: as for ``summarize``; the first axis counts the readings in order.
        """


def as_unit_probe(probe: Probe) -> UnitProbe | None:
    """The probe if it follows single units, otherwise ``None``."""
    return probe if isinstance(probe, UnitProbe) else None


def reference_of(probe: Probe) -> ReferenceSet | None:
    """The probe's reference set; ``None`` when it measures the training step's examples."""
    units = as_unit_probe(probe)
    return units.reference if units else None


def changes(dead: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    """What happened to each unit at each check; where a check cannot tell, the unit stays what it was.

    Args:
        dead: whether the unit was dead, ``[checks, units]``, in the order of the checks.
        known: whether the check can tell, ``[checks, units]``.

    Returns:
        born_dead (dead at the first check that can tell), death and revival (other than at the check before that can tell), each
        ``[checks, units]``.
    """
    none = np.full((1, dead.shape[1]), -1)
    before = np.concatenate([none, last_known(known)])[:-1]
    first, was_dead = before < 0, at_check(dead, before)
    happened = {"born_dead": dead & first, "death": dead & ~first & ~was_dead, "revival": ~dead & was_dead}
    return {event: each & known for event, each in happened.items()}


def last_known(known: np.ndarray) -> np.ndarray:
    """For each check and unit the last check up to it that can tell, ``[checks, units]``; -1 where none can."""
    checks = np.where(known, np.arange(len(known))[:, None], -1)
    return np.maximum.accumulate(checks, axis=0) if len(checks) else checks


def at_check(values: np.ndarray, check: np.ndarray) -> np.ndarray:
    """The values ``[checks, units]`` that units had at these checks ``[n, units]``; false, or 0, at check -1."""
    if not len(values):
        return np.zeros(check.shape, values.dtype)
    return np.where(check >= 0, np.take_along_axis(values, np.maximum(check, 0), axis=0), values.dtype.type(0))
