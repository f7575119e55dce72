"""One line that says, before the first step, what is measured when."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from probes.probe import Probe


def announcement(probes: Sequence[Probe], directory: Path) -> str:
    """The line for these probes: their names by cadence, and where the run goes.

    ::

        diagnostics: every step: GradientNorm; every 10 steps, at first more often: UpdateRatio, NonFinite. Run: runs/mine
    """
    groups: dict[str, list[str]] = {}
    for probe in sorted(probes, key=lambda probe: probe.cadence):
        groups.setdefault(_when(probe), []).append(type(probe).__name__)
    measured = "; ".join(f"{when}: {', '.join(names)}" for when, names in groups.items())
    return f"diagnostics: {measured or 'loss and metrics only'}. Run: {directory}"


def _when(probe: Probe) -> str:
    cadence = probe.cadence
    often = "every step" if cadence.every == 1 else f"every {cadence.every} steps"
    often += ", at first more often" if cadence.early else ""
    return often if cadence.window <= cadence.every else f"{often}, merged over {cadence.window} steps"
