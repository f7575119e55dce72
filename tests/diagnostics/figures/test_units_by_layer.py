"""The raster of units over checks, the marks of the survival curve, and both in the report of a run."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from diagnostics.figures import style, time_to_revival, units_by_layer
from diagnostics.figures.svg import to_svg
from diagnostics.figures.units_by_layer import MOST_COLUMNS, MOST_LAYERS, MOST_UNITS, raster
from diagnostics.pages import run_figures
from diagnostics.pages.run_figures import FEWEST_REVIVALS, FEWEST_SPELLS
from diagnostics.survival import spells
from probes.errors import UsageError
from tests.diagnostics.figures.test_figures import texts

EVENTS = pd.DataFrame(
    [
        (0, "hidden_1", 3, "born_dead"),
        (10, "hidden_1", 0, "death"),
        (30, "hidden_1", 0, "revival"),
        (40, "hidden_1", 0, "death"),
        (20, "encoder/block_2/relu", 1, "death"),
    ],
    columns=["step", "layer", "unit", "event"],
)
UNITS = {"hidden_1": 4, "encoder/block_2/relu": 3, "hidden_3": 2}
CHECKS = pd.DataFrame(
    [(step, layer, depth) for step in range(0, 60, 10) for depth, layer in enumerate(UNITS, 1)],
    columns=["step", "layer", "depth"],
)


def own_spells(layer: str) -> pd.DataFrame:
    table = spells(EVENTS, 50)
    return table[table["layer"] == layer]


def test_a_unit_is_dead_from_the_check_that_found_it_so_to_the_one_that_found_it_alive():
    data = raster(own_spells("hidden_1"), np.arange(0, 60, 10.0), 4)
    expected = [[2, 2, 2, 2, 2, 2], [0, 1, 1, 0, 2, 2], [0] * 6, [0] * 6]
    np.testing.assert_array_equal(data.states, expected)
    assert (data.revivals, data.units) == (1, 4)
    assert data.note == "2 of 4 dead, 1 revival"


def test_a_spell_that_is_shorter_than_a_column_still_fills_one():
    table = pd.DataFrame({"unit": [0], "start": [101], "end": [102], "open": [False]})
    columns = np.linspace(0, 1000, MOST_COLUMNS)
    assert raster(table, columns, 1).states.sum() == 1


@pytest.mark.parametrize("units", [0, 1, MOST_UNITS + 7])
def test_rows_are_limited_and_the_number_of_units_is_kept(units):
    nothing = own_spells("no such layer")
    data = raster(nothing, np.arange(3.0), units)
    assert data.states.shape == (min(units, MOST_UNITS), 3) and data.units == units
    assert data.note.startswith(f"0 of {units} ")


@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_no_text_is_cut_and_none_lies_on_another(width):
    figure = units_by_layer(EVENTS, CHECKS, UNITS, width=width)
    written = [(text, box) for text, box in texts(figure) if np.ptp(box[::2]) > 0]
    assert len(written) > 5
    for text, box in written:
        assert box.min() >= -1 and box[2] <= figure.bbox.x1 + 1 and box[3] <= figure.bbox.y1 + 1, text
    for (one, a), (other, b) in itertools.combinations(written, 2):
        across, up = (min(a[2 + i], b[2 + i]) - max(a[i], b[i]) for i in (0, 1))
        assert across < 2 or up < 4, (one, other)


def test_the_same_figure_gives_the_same_bytes():
    assert to_svg(units_by_layer(EVENTS, CHECKS, UNITS)) == to_svg(units_by_layer(EVENTS, CHECKS, UNITS))


def test_layers_stand_in_the_order_of_their_depth_and_say_when_nothing_died():
    figure = units_by_layer(EVENTS, CHECKS, UNITS)
    said = [[text.get_text() for text in axes.texts] for axes in figure.axes]
    assert [own[0] for own in said] == list(UNITS)
    assert ["no unit was ever dead" in own for own in said] == [False, False, True]


def test_with_too_many_layers_those_with_dead_units_are_kept():
    names = [f"hidden_{number}" for number in range(MOST_LAYERS + 5)]
    checks = pd.DataFrame({"step": 0, "layer": names, "depth": range(len(names))})
    events = pd.DataFrame([(0, names[-1], 0, "born_dead")], columns=EVENTS.columns)
    figure = units_by_layer(events, checks, dict.fromkeys(names, 2))
    assert len(figure.axes) == MOST_LAYERS and figure.axes[-1].texts[0].get_text() == names[-1]


def test_without_a_check_there_is_nothing_to_draw():
    with pytest.raises(UsageError, match="nothing to draw"):
        units_by_layer(EVENTS, CHECKS.iloc[:0], UNITS)


def test_the_curve_has_a_mark_where_a_spell_was_cut_off_and_none_elsewhere():
    table = spells(EVENTS, 50).assign(arm=pd.Categorical(["run"] * 4), seed=0)
    axes = time_to_revival(table).axes[0]
    marks = next(line for line in axes.lines if line.get_marker() == "|")
    assert list(np.asarray(marks.get_xdata())) == [10, 30, 50]
    assert list(np.asarray(marks.get_ydata())) == pytest.approx([1, 2 / 3, 2 / 3])


def sections(events: pd.DataFrame, units: dict[str, int] | None = None) -> dict[str, list[str]]:
    layers = CHECKS.assign(dead_fraction=0.1)
    found = run_figures.sections(layers, pd.DataFrame({"step": []}), name="run", events=events, units=units or UNITS)
    return {section.heading: [figure.name for figure in section.figures] for section in found}


def test_a_run_with_events_shows_them_beside_the_dead_fraction():
    assert sections(EVENTS)["Dead units"] == ["dead-fraction-by-layer", "unit-raster"]  # too few spells for a curve
    many = pd.DataFrame([(10, "a", unit, "death") for unit in range(FEWEST_SPELLS)], columns=EVENTS.columns)
    many["layer"] = EVENTS["layer"].iloc[0]
    units = dict.fromkeys(UNITS, FEWEST_SPELLS)
    shown = ["dead-fraction-by-layer", "unit-raster", "dead-share-course"]
    assert sections(many, units)["Dead units"] == shown  # none came back: the raster says it
    back = many.iloc[:FEWEST_REVIVALS].assign(step=30, event="revival")
    assert sections(pd.concat([many, back]), units)["Dead units"] == [*shown, "time-to-revival"]
    born = EVENTS[EVENTS["event"] == "born_dead"]
    assert sections(born)["Dead units"] == ["dead-fraction-by-layer", "unit-raster"]


def test_a_run_without_events_shows_the_dead_fraction_alone():
    assert sections(EVENTS.iloc[:0])["Dead units"] == ["dead-fraction-by-layer"]
    assert sections(EVENTS, {"another layer": 3})["Dead units"] == ["dead-fraction-by-layer"]
