from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from diagnostics.figures import style, time_to_revival, unit_raster
from diagnostics.measures import measure
from diagnostics.pages.scenario_tables import spells_by_arm
from diagnostics.runs.plan import ArmPlan
from probes.errors import UsageError

CHECKS = [0, 10, 20, 30, 40]
EVENTS = [
    (0, "hidden_1", 3, "born_dead"),
    (10, "hidden_1", 0, "death"),
    (10, "hidden_2", 0, "death"),
    (10, "hidden_2", 1, "death"),
    (20, "hidden_2", 0, "revival"),
    (30, "hidden_2", 2, "death"),
]


def a_run(events=EVENTS, checked: bool = True):
    layers = [(step, name, depth, "Dense") for step in CHECKS for depth, name in enumerate(("hidden_1", "hidden_2"))]
    table = pd.DataFrame(layers, columns=["step", "layer", "depth", "kind"])
    table["dead_fraction"] = 0.1 if checked else np.nan
    units = pd.DataFrame(events, columns=["step", "layer", "unit", "event"])
    return SimpleNamespace(layers=table, units=units, scalars=pd.DataFrame())


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, 4),
        ({"event": "revival"}, 1),
        ({"event": "born_dead"}, 1),
        ({"layers": "hidden_1"}, 1),
        ({"first": 11}, 1),
        ({"until": 10}, 3),
        ({"first": 11, "until": 29}, 0),
    ],
)
def test_events_are_counted_in_window_and_layers(parameters, expected):
    assert measure("unit_events", **parameters)(a_run()) == expected


def test_dead_for_good_is_the_open_share_of_what_died_in_the_window():
    assert measure("dead_for_good", until=10)(a_run()) == pytest.approx(2 / 3)
    assert measure("dead_for_good", layers="hidden_1")(a_run()) == 1  # the one that was born dead did not die
    assert np.isnan(measure("dead_for_good", first=31)(a_run()))


def test_steps_dead_follows_every_spell_over_the_same_horizon():
    run = a_run()
    assert measure("steps_dead", horizon=20)(run) == pytest.approx(
        (20 + 10 + 20) / 3
    )  # the death at 30 is not seen long enough
    assert measure("steps_dead", horizon=10, layers="hidden_2")(run) == 10
    assert np.isnan(measure("steps_dead", horizon=41)(run))


@pytest.mark.parametrize("name", ["unit_events", "dead_for_good", "steps_dead"])
def test_nothing_checked_is_missing_and_nothing_dead_is_zero(name):
    parameters = {"horizon": 10} if name == "steps_dead" else {}
    assert np.isnan(measure(name, **parameters)(a_run(events=[], checked=False)))
    assert measure("unit_events")(a_run(events=[])) == 0


def an_experiment(*arms: list):
    names = [f"arm-{number}" for number in range(len(arms))]
    runs = {name: {seed: a_run(events) for seed in (0, 1)} for name, events in zip(names, arms, strict=True)}
    return SimpleNamespace(plan=SimpleNamespace(arms={name: ArmPlan(name, name.upper()) for name in names}), runs=runs)


@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_figures_show_every_arm_and_say_where_nothing_died(width):
    table = spells_by_arm(an_experiment(EVENTS, [], EVENTS[:2]), {"layers": "hidden_*"})  # pyright: ignore[reportArgumentType]
    assert list(table["arm"].cat.categories) == ["ARM-0", "ARM-1", "ARM-2"]
    assert len(table) == 2 * (5 + 2)
    for draw in (unit_raster, time_to_revival):
        figure = draw(table, width=width)
        texts = [text.get_text() for axes in figure.axes for text in axes.texts]
        assert texts.count("no unit died") == 1 and len(figure.axes) == 3


def test_the_curve_of_an_arm_falls_to_the_share_that_never_came_back():
    table = spells_by_arm(an_experiment(EVENTS), {"layers": "hidden_2"})  # pyright: ignore[reportArgumentType]
    axes = time_to_revival(table).axes[0]
    heights = np.asarray(axes.lines[0].get_ydata(), float)
    assert heights[0] == 1 and heights[-1] == pytest.approx(2 / 3)
    assert any("2 of 6 were revived" in text.get_text() for text in axes.texts)


def test_without_any_dead_unit_there_is_nothing_to_draw():
    table = spells_by_arm(an_experiment([]), {})  # pyright: ignore[reportArgumentType]
    for draw in (unit_raster, time_to_revival):
        with pytest.raises(UsageError, match="nothing to draw"):
            draw(table)
