"""Measures what probes cost during training, and adapts their cadence to a budget."""

from __future__ import annotations

import math
import statistics
from collections import deque
from typing import Any

from probes.monitor import Monitor

WARM_UP = 2
"""Calls of the train function that are not timed: they trace, compile and open the data."""

ENOUGH = 3
"""Timed calls of each kind needed before their medians are used, and before the cadence is chosen again."""

FOR_STEPS = 0.9
"""Share of the budget for work inside the steps; the rest is for writing."""

IN_DEBT = 2
"""Factor on the cadence while spending exceeds the budget, as after the first steps, whose cost was not known yet."""

KEPT = 64
"""Timed calls of each kind that are kept: enough for a median, few enough to notice when training slows down."""

METHOD = (
    "(median time of a call of the train function with a measured step, minus the median without, times the number of measured "
    "steps, plus recording during training) divided by the time of all steps without measuring; excluded: the first calls, which "
    "trace and compile, what probes cost in steps that they do not measure, and closing the run's files"
)


class Pace:
    """Compares the times of steps that are measured with those that are not.

    Args:
        monitor: the probes, whose cadences decide which steps are measured.
        budget: the largest share of training time that measuring may take; ``None`` leaves the cadence as it is.
    """

    def __init__(self, monitor: Monitor, budget: float | None) -> None:
        self._monitor, self._budget = monitor, budget
        self._cadences = {probe.cadence for probe in monitor.probes}
        self._base = min((cadence.every for cadence in self._cadences), default=1)
        self._factor = 1
        self._calls = self._steps = self._measured_steps = 0
        self._first_calls = 0.0
        self._due: deque[tuple[int, float]] = deque(maxlen=KEPT)
        self._other: deque[float] = deque(maxlen=KEPT)
        self._since = 0

    def note(self, first: int, count: int, seconds: float) -> None:
        """Add one call's time.

        Args:
            first: the number of its first step.
            count: its number of steps.
            seconds: its duration.
        """
        due = sum(self._is_due(step) for step in range(first, first + count))
        self._measured_steps += due
        self._calls += 1
        self._steps += count
        if self._calls == WARM_UP and self._budget is not None and count >= self.every:
            self._slow_down(2 * count)  # so that some calls hold no measured step
        if self._calls <= WARM_UP:
            self._first_calls += seconds
        else:
            self._since += due
            _ = self._due.append((due, seconds)) if due else self._other.append(seconds)

    @property
    def every(self) -> int:
        """The shortest cadence now."""
        return self._base * self._factor

    def _is_due(self, step: int) -> bool:
        return any(cadence.is_due(step, self._factor) for cadence in self._cadences)

    def adjust(self) -> None:
        """Choose the cadence again if enough new times are known."""
        extra, plain = self._extra(), self._seconds_per_step()
        if self._budget is not None and self._since >= ENOUGH and extra is not None and plain:
            self._since = 0
            spent = extra * self._measured_steps > self._budget * plain * self._steps
            allowed = FOR_STEPS * self._budget / (IN_DEBT if spent else 1)
            self._slow_down(math.ceil(extra / (allowed * plain)))

    def cost(self, recording: float, closing: float = 0.0) -> dict[str, Any]:
        """The cost of measuring so far.

        Args:
            recording: seconds of reading and writing during training.
            closing: seconds of reading and writing after the last step.

        Returns:
            For ``run.json``: ``share`` of the time that the steps would have taken without probes (``None``: not known), and
            its parts in seconds.
        """
        extra, plain = self._extra(), self._seconds_per_step()
        share = (
            (extra * self._measured_steps + recording) / (plain * self._steps) if plain and extra is not None else None
        )
        return {
            "share": share,
            "budget": self._budget,
            "every": self.every,
            "steps": self._steps,
            "measured_steps": self._measured_steps,
            "more_per_measured_step": extra,
            "per_step_without": plain,
            "recording": recording,
            "closing": closing,
            "first_calls": self._first_calls,
            "method": METHOD,
        }

    def _slow_down(self, every: int) -> None:
        self._factor = max(1, math.ceil(every / self._base))
        self._monitor.slow_down(self._factor)

    def _plain(self) -> float | None:
        return statistics.median(self._other) if len(self._other) >= ENOUGH else None

    def _seconds_per_step(self) -> float | None:
        """Duration of a step that is not measured."""
        plain = self._plain()
        return None if plain is None else plain * self._calls / self._steps

    def _extra(self) -> float | None:
        """Additional seconds that a measured step takes."""
        plain = self._plain()
        if plain is None or len(self._due) < ENOUGH:
            return None
        return max(0.0, statistics.median((seconds - plain) / due for due, seconds in self._due))
