"""Measures of one statistic against another, and figures of values against a setting and before against after."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from diagnostics.figures import before_after, by_setting, style
from diagnostics.figures.by_setting import along
from diagnostics.measures import RelativeGap
from diagnostics.pages.scenario_tables import Tables
from diagnostics.pages.scenario_tables import by_setting as table_by_setting
from diagnostics.runs.plan import ArmPlan
from probes.errors import UsageError
from tests.diagnostics.figures.test_figures import texts
from tests.kit.runs import layers_table, run_of

NAMES = ["dropout_1", "dropout_2"]
COLUMNS = {
    "after": lambda step, depth: 3.0 + depth + 0.1 * step,
    "before": lambda step, depth: 2.0,
    "scale": lambda step, depth: 4.0,
}
VALUES = pd.DataFrame(
    [(kind, rate, seed, rate * (1 + seed)) for kind in ("alpha", "plain") for rate in (0.1, 0.5) for seed in (0, 1)],
    columns=["series", "setting", "seed", "value"],
)


def moments(arms=("alpha", "plain")) -> pd.DataFrame:
    rows = [
        (arm, seed, step, depth, 1.0 + depth, 2.0 + depth + seed, 2.5 + depth + step)
        for arm in arms
        for seed in (0, 1)
        for step in (0, 5)
        for depth in (1, 2, 3)
    ]
    names = ["arm", "seed", "step", "depth", "dropout_input_variance", "dropout_output_variance"]
    return pd.DataFrame(rows, columns=[*names, "dropout_expected_variance"])


def test_a_gap_is_relative_to_the_reference_unless_told_otherwise():
    run = run_of(layers_table(COLUMNS, steps=[0, 1, 2], names=NAMES))
    gap = partial(RelativeGap, "after", "before", layers="dropout_*")
    assert gap()(run) == pytest.approx(np.median([1.1 / 2, 2.1 / 2]))
    assert gap(over="scale")(run) == pytest.approx(np.median([1.1 / 4, 2.1 / 4]))
    assert gap(over="scale", root=True)(run) == pytest.approx(np.median([1.1 / 2, 2.1 / 2]))
    assert gap(over_layers="largest")(run) == pytest.approx(2.1 / 2)


def test_a_gap_over_nothing_is_missing_or_infinite():
    zero = layers_table({"after": lambda step, depth: 1.0, "before": lambda step, depth: 0.0}, steps=[0], names=NAMES)
    assert RelativeGap("after", "before")(run_of(zero)) == np.inf
    nothing = layers_table({"after": lambda step, depth: np.nan, "before": lambda step, depth: 1.0}, [0], NAMES)
    assert np.isnan(RelativeGap("after", "before")(run_of(nothing)))


def test_values_stand_with_the_setting_of_their_arm():
    arms = {"a": ArmPlan("a", "A", {"rate": 0.2, "kind": "alpha"}), "none": ArmPlan("none", "None", {"kind": "alpha"})}
    run = SimpleNamespace(metadata={"recorded": {"distance": 0.7}})
    experiment = SimpleNamespace(plan=SimpleNamespace(arms=arms), runs={"a": {0: run, 1: run}, "none": {0: run}})
    table = table_by_setting(experiment, {"column": "distance", "setting": "rate", "series": "kind"})  # pyright: ignore
    assert table.values.tolist() == [["alpha", 0.2, 0, 0.7], ["alpha", 0.2, 1, 0.7]]


def test_recorded_numbers_are_found_by_name():
    run = SimpleNamespace(metadata={"recorded": {"disabled@1": 0.5, "disabled@32": 0.0, "other": 3.0}})
    experiment = SimpleNamespace(plan=SimpleNamespace(arms={"a": ArmPlan("a", "SGD")}), runs={"a": {4: run}})
    table = table_by_setting(experiment, {"column": "disabled"})  # pyright: ignore
    assert table.values.tolist() == [["SGD", 1.0, 4, 0.5], ["SGD", 32.0, 4, 0.0]]


@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_figures_show_every_line_and_write_all_their_texts(width):
    theory = {"plain": [[0.1, 0.2], [0.5, 0.9]]}
    against = by_setting(VALUES, "distance", x="dropout rate", theory=theory, guide=(0.3, "chance"), width=width)
    assert {"alpha", "plain", "theory", "chance", "dropout rate →"} <= {text for text, _ in texts(against)}
    plain = against.axes[1].get_lines()
    assert any(np.array_equal(line.get_ydata(), [0.2, 0.9]) for line in plain), "theory is drawn as it is"
    assert any(np.allclose(line.get_ydata(), [0.15, 0.75]) for line in plain), "median over the seeds"


def test_before_and_after_are_those_of_the_first_step():
    axes = before_after(moments()).axes[0]
    drawn = [list(line.get_ydata()) for line in axes.get_lines()]
    assert [2.0, 3.0, 4.0] in drawn and [3.5, 4.5, 5.5] in drawn


def test_figures_without_rows_are_refused():
    for draw in (partial(by_setting, VALUES[:0], "distance"), partial(before_after, moments()[:0])):
        with pytest.raises(UsageError, match="nothing to draw"):
            draw()


@pytest.mark.parametrize(
    ("settings", "room", "decades", "ticks"),
    [
        ([0.0, 0.1, 0.3, 0.5, 0.7], 190, False, [0.0, 0.1, 0.3, 0.5, 0.7]),
        ([1, 2, 4, 8, 32], 190, True, [1, 2, 4, 8, 32]),
        ([1, 2, 3], 125, False, [1, 2, 3]),
        ([-2.523, -2.0, -1.523, -1.0, -0.523], 190, False, [-2.5, -2.0, -1.5, -1.0, -0.5]),
        ([48, 60, 63, 64, 65, 70, 768], 190, True, [50, 100, 200, 500]),
        ([0.5], 125, False, [0.5]),
    ],
)
def test_settings_are_labelled_one_by_one_where_there_is_room(settings, room, decades, ticks):
    place = along(np.array(settings, float), room)
    assert (place.decades, place.ticks) == (decades, pytest.approx(ticks))
    assert place.limits[0] < min(settings) and max(settings) < place.limits[1]


def test_a_lost_replicate_stays_in_the_loss_and_what_was_not_recorded_is_left_out():
    rows = pd.DataFrame({"arm": pd.Categorical(["a"] * 3), "seed": [0, 1, 2], "step": 0, "split": "train"})
    rows = rows.assign(loss=[1.0, np.nan, np.inf], accuracy=[0.5, np.nan, 0.1])
    experiment = SimpleNamespace(table=lambda name: rows, plan=SimpleNamespace(arms={"a": ArmPlan("a", "a")}))
    tables = Tables(experiment)
    assert tables.of("scalars", {"column": "loss"})["seed"].tolist() == [0, 1, 2]
    assert tables.of("scalars", {"column": "accuracy"})["seed"].tolist() == [0, 2]
