"""Dead units: histories made up by hand, random histories against a simulation of their states, and textbook curves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.survival import (
    compare_revival,
    dead_for_good,
    dead_over_time,
    first_spells,
    spells,
    time_to_revival,
)
from probes.errors import UsageError

# Unit 0 is born dead and comes back at 20; unit 1 dies at 10, revives at 30, dies for good at 40; unit 2 dies at 50.
HISTORY = [
    (0, "a", 0, "born_dead"),
    (10, "a", 1, "death"),
    (20, "a", 0, "revival"),
    (30, "a", 1, "revival"),
    (40, "a", 1, "death"),
    (50, "a", 2, "death"),
]
CHECKS = range(0, 60, 10)


def events_of(rows) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["step", "layer", "unit", "event"])
    return table.astype({"layer": "category", "event": "category"})


def spells_of(lengths, still_open) -> pd.DataFrame:
    return pd.DataFrame({"length": lengths, "open": np.asarray(still_open, bool)})


def test_dead_over_time():
    table = dead_over_time(events_of(HISTORY), CHECKS, {"a": 4, "b": 2})
    assert table.loc[table["layer"] == "a", "dead"].tolist() == [1, 2, 1, 0, 1, 2]
    assert table.loc[table["layer"] == "a", "dead_fraction"].tolist() == [0.25, 0.5, 0.25, 0, 0.25, 0.5]
    assert table.loc[table["layer"] == "b", "dead"].tolist() == [0] * 6


def test_dead_for_good():
    table = dead_for_good(events_of(HISTORY), {"b": 2, "a": 4, "c": 0})
    assert table["layer"].tolist() == ["b", "a", "c"]
    assert table["dead"].tolist() == [0, 2, 0]
    np.testing.assert_array_equal(table["dead_share"], [0, 0.5, np.nan])


def test_spells():
    table = spells(events_of(HISTORY), last_check=50)
    assert table["unit"].tolist() == [0, 1, 1, 2]
    assert table["start"].tolist() == [0, 10, 40, 50]
    assert table["length"].tolist() == [20, 20, 10, 0]
    assert table["open"].tolist() == [False, False, True, True]
    assert table["born_dead"].tolist() == [True, False, False, False]
    assert first_spells(table)["start"].tolist() == [0, 10, 50]


@pytest.mark.parametrize("frame", [events_of([]), pd.DataFrame()])
def test_no_events(frame):
    assert spells(frame, last_check=10).empty
    assert dead_over_time(frame, CHECKS, {"a": 3})["dead"].tolist() == [0] * 6
    assert dead_over_time(frame, CHECKS, {}).empty
    curve = time_to_revival(spells(frame, last_check=10))
    assert np.isnan(curve.median)
    assert curve.spells == 0


STATES = st.lists(st.lists(st.booleans(), min_size=1, max_size=8), min_size=1, max_size=5).filter(
    lambda rows: len({len(row) for row in rows}) == 1
)


@given(states=STATES)
def test_curves_follow_from_events(states):
    """A slow reference: events follow from the states at every check, and the curves must reproduce these states."""
    dead, rows = np.array(states), []
    for unit, history in enumerate(states):
        for check, now in enumerate(history):
            if check == 0 and now:
                rows.append((0, "a", unit, "born_dead"))
            elif check and now != history[check - 1]:
                rows.append((check, "a", unit, "death" if now else "revival"))
    events, last = events_of(rows), dead.shape[1] - 1
    assert dead_over_time(events, range(last + 1), {"a": len(dead)})["dead"].tolist() == dead.sum(0).tolist()
    assert dead_for_good(events, {"a": len(dead)})["dead"].tolist() == [dead[:, -1].sum()]
    table = spells(events, last)
    assert table["length"].sum() + table["open"].sum() == dead.sum()
    assert table["open"].sum() == dead[:, -1].sum()


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([(0, "a", 0, "revival")], "unit 0 of a revives while alive at step 0"),
        ([(0, "a", 0, "death"), (5, "a", 0, "death")], "unit 0 of a dies while dead at step 5"),
        ([(0, "a", 0, "death"), (5, "a", 1, "revival")], "unit 1 of a revives while alive"),
        ([(60, "a", 0, "death")], "after step 50"),
        ([(0, "a", 0, "rebirth")], "rebirth"),
    ],
)
def test_impossible_histories_are_refused(rows, told):
    with pytest.raises(UsageError, match=told):
        spells(events_of(rows), last_check=50)


def test_layers_without_a_size_are_refused():
    with pytest.raises(UsageError, match="for a"):
        dead_over_time(events_of(HISTORY), CHECKS, {"b": 1})


def test_kaplan_meier_by_hand():
    """Six spells; at 3 one of five at risk ends, at 5 one of four, at 8 one of two."""
    curve = time_to_revival(spells_of([3, 5, 5, 0, 8, 10], [0, 0, 1, 1, 0, 1]))
    np.testing.assert_allclose(curve.still_dead, [1, 1, 4 / 5, 3 / 5, 3 / 10, 3 / 10])
    np.testing.assert_allclose(curve.steps, [0, 0, 3, 5, 8, 10])
    assert (curve.spells, curve.revivals, curve.median) == (6, 3, 8)
    known = np.isfinite(curve.low)
    assert known.sum() == 4
    assert (curve.low[known] < curve.still_dead[known]).all()
    assert (curve.high[known] > curve.still_dead[known]).all()


def test_without_censoring_the_curve_is_the_empirical_share():
    lengths = np.random.default_rng(0).integers(1, 50, 200)
    curve = time_to_revival(spells_of(lengths, np.zeros(200)))
    np.testing.assert_allclose(curve.still_dead, [(lengths > step).mean() for step in curve.steps])
    assert curve.median == pytest.approx(np.median(lengths), abs=1)


def test_when_nothing_revives():
    curve = time_to_revival(spells_of([10, 20], [1, 1]))
    assert curve.median == np.inf
    assert (curve.still_dead == 1).all()
    assert np.isnan(compare_revival(spells_of([10], [1]), spells_of([20], [1]))).all()
    assert np.isnan(compare_revival(spells_of([10], [0]), spells_of([], []))).all()


def log_rank(first, second):
    """The slow twin: hypergeometric mean and variance of the first group's revivals at every time of revival."""
    excess = variance = 0.0
    for time in sorted({t for t, cut in first + second if not cut}):
        n1, n2 = (sum(t >= time for t, _ in group) for group in (first, second))
        d1, d2 = (sum(t == time and not cut for t, cut in group) for group in (first, second))
        n, d = n1 + n2, d1 + d2
        excess += d1 - d * n1 / n
        variance += d * n1 * n2 * (n - d) / (n**2 * (n - 1)) if n > 1 else 0.0
    return excess / np.sqrt(variance) if variance else np.nan


SPELLS = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=1, max_size=10)


@given(first=SPELLS, second=SPELLS)
def test_log_rank_against_its_definition(first, second):
    found = compare_revival(*(spells_of(*zip(*group, strict=True)) for group in (first, second)))
    assert found.statistic == pytest.approx(log_rank(first, second), nan_ok=True)


def test_log_rank_finds_a_difference_and_its_sign():
    rng = np.random.default_rng(0)
    soon, late = (spells_of(np.minimum(rng.exponential(scale, 100), 50), np.zeros(100)) for scale in (5, 15))
    assert compare_revival(soon, late).p_value < 1e-3
    assert compare_revival(soon, late).statistic > 0
    assert compare_revival(late, soon).statistic < 0


def spells_by_seed(means: dict[int, float]) -> pd.DataFrame:
    """Thirty spells a seed, all of one network short or long together."""
    rng = np.random.default_rng(1)
    tables = [spells_of(rng.exponential(mean, 30), np.zeros(30)).assign(seed=seed) for seed, mean in means.items()]
    return pd.concat(tables, ignore_index=True)


def test_the_spells_of_one_network_do_not_count_as_independent():
    """Three seeds one way, three the other: to take 180 spells for independent would find a difference."""
    one = spells_by_seed({0: 5.0, 1: 5.0, 2: 5.0, 3: 20.0, 4: 40.0, 5: 40.0})
    other = spells_by_seed({0: 20.0, 1: 20.0, 2: 20.0, 3: 20.0, 4: 10.0, 5: 10.0})
    naive = compare_revival(one.drop(columns="seed"), other.drop(columns="seed"))
    fair = compare_revival(one, other)
    assert fair.statistic == naive.statistic and fair.p_value > 0.2
    assert (fair.p_value * 32) % 1 == 0, "all 2⁵ exchanges that differ were tried"


def test_a_difference_in_every_network_is_found_by_exchanging_arms():
    soon, late = spells_by_seed(dict.fromkeys(range(12), 5.0)), spells_by_seed(dict.fromkeys(range(12), 25.0))
    assert compare_revival(soon, late).p_value == pytest.approx(1 / 128)
    assert compare_revival(soon, late).statistic > 0
    assert compare_revival(soon, soon).p_value == 1
