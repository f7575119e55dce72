"""The cadence that keeps measuring within a budget, computed from known times."""

from __future__ import annotations

import math

import pytest

import probes
from diagnostics.training.fit.budget import parse_budget
from diagnostics.training.fit.pace import Pace
from probes.errors import UsageError


class Clockwork:
    """A stand-in for a monitor that remembers by how much its cadence was stretched."""

    def __init__(self, every: int | None = 10):
        self.probes, self.factor = tuple(probes.default(every)), 1

    def slow_down(self, factor: int) -> None:
        self.factor = factor


def run(pace: Pace, monitor: Clockwork, steps: int, count: int = 1, extra: float = 8.0) -> float:
    """Steps of 2 s, ``extra`` more when measured; returns the seconds spent on measuring."""
    spent = 0.0
    for first in range(0, steps, count):
        every = 10 * monitor.factor
        due = sum(step % every == 0 for step in range(first, first + count))
        spent += due * extra
        pace.note(first, count, 2.0 * count + due * extra)
        pace.adjust()
    return spent


@pytest.mark.parametrize(("budget", "every"), [(0.05, 90), (0.5, 10), (0.3, 20), (1.0, 10)])
def test_the_cadence_is_the_shortest_within_the_budget(budget, every):
    monitor = Clockwork()
    pace = Pace(monitor, budget)  # pyright: ignore[reportArgumentType]
    run(pace, monitor, 2000)
    assert (
        pace.every == 10 * monitor.factor == every
    )  # 8 s more on every n-th step of 2 s: 4 / n, nine tenths of the budget


def test_without_a_budget_the_cadence_stays_and_the_cost_is_reported():
    monitor = Clockwork()
    pace = Pace(monitor, None)  # pyright: ignore[reportArgumentType]
    spent = run(pace, monitor, 1000)
    cost = pace.cost(recording=20.0)
    assert monitor.factor == 1 and cost["every"] == 10 and cost["measured_steps"] == 100
    assert cost["share"] == pytest.approx((spent + 20.0) / 2000.0)
    assert cost["first_calls"] == pytest.approx(2.0 + 8.0 + 2.0)


def test_calls_of_many_steps_are_timed_separately_once_the_cadence_is_longer():
    monitor = Clockwork()
    pace = Pace(monitor, 0.05)  # pyright: ignore[reportArgumentType]
    run(pace, monitor, 20_000, count=50)
    assert pace.every == 90 and pace.cost(recording=0.0)["more_per_measured_step"] == pytest.approx(8.0)


def test_early_steps_are_counted():
    monitor = Clockwork(None)
    pace = Pace(monitor, None)  # pyright: ignore[reportArgumentType]
    for first in range(0, 100, 4):
        pace.note(first, 4, 1.0)
    assert pace.cost(recording=0.0)["measured_steps"] == len([0, 1, 2, 4, 8, *range(10, 100, 10)])


def test_a_cost_that_was_not_timed_is_unknown():
    monitor = Clockwork()
    pace = Pace(monitor, None)  # pyright: ignore[reportArgumentType]
    run(pace, monitor, 20)
    assert pace.cost(recording=0.0)["share"] is None


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("0.05", 0.05), ("100 %", 1.0), (None, None)])
def test_a_budget_is_a_share(text, share):
    assert parse_budget(text) == share or math.isclose(parse_budget(text) or 0, share)


@pytest.mark.parametrize("text", ["five", "0", "-1%", "5", "nan", "%"])
def test_an_invalid_budget_is_refused(text):
    with pytest.raises(UsageError, match="invalid budget"):
        parse_budget(text)
