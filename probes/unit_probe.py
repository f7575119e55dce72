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
    def continues_from(self, statistics: Arrays) -> int | None:
        """The reading with which the next one is compared; ``None`` when there is none."""


def as_unit_probe(probe: Probe) -> UnitProbe | None:
    """The probe if it follows single units, otherwise ``None``."""
    return probe if isinstance(probe, UnitProbe) else None


def reference_of(probe: Probe) -> ReferenceSet | None:
    """The probe's reference set; ``None`` when it measures the training step's examples."""
    units = as_unit_probe(probe)
    return units.reference if units else None


def changes(dead: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    """What happened to each unit at each check; a check that cannot tell is passed over.

    Args:
        dead: whether the unit was dead, ``[checks, units]``, in the order of the checks.
        known: whether the check can tell, ``[checks]``.

    Returns:
        born_dead (dead at the first check that can tell), death and revival (other than at the check before), each
        ``[checks, units]``.
    """
    happened = {event: np.zeros(dead.shape, bool) for event in ("born_dead", "death", "revival")}
    checks = np.flatnonzero(known)
    now, before = dead[checks[1:]], dead[checks[:-1]]
    happened["born_dead"][checks[:1]] = dead[checks[:1]]
    happened["death"][checks[1:]] = now & ~before
    happened["revival"][checks[1:]] = ~now & before
    return happened
