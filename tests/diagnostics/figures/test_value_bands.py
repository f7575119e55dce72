"""Quantiles from counts in bins, their axis, and the bands by layer."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from diagnostics.figures import style, value_bands
from diagnostics.figures.bins import collapsed, least_edge, quantiles, ticks
from diagnostics.figures.value_bands import MOST_LAYERS, counted
from diagnostics.pages.distributions import HISTOGRAMS, distributions
from diagnostics.pages.run_figures import sections
from probes.errors import UsageError
from tests.diagnostics.figures.test_figures import texts
from tests.kit.runs import scalars_table

EDGES = (0.001, 0.01, 0.1, 1.0, 10.0)
BOUNDARIES = np.array([-np.inf, *(-edge for edge in EDGES[::-1]), *EDGES, np.inf])


def counts_of(values: np.ndarray) -> list[int]:
    places = np.searchsorted(BOUNDARIES[1:-1], values[~np.isnan(values)], side="right")
    return [*np.bincount(places, minlength=11), int(np.isnan(values).sum())]


def table(layers: int = 3, steps: int = 60) -> pd.DataFrame:
    draw = np.random.default_rng(0)
    rows = [
        (step, f"hidden_{depth}", depth, "Dense", counts_of(draw.normal(0, 2.0**depth / 50, 500)))
        for step in range(steps)
        for depth in range(1, layers + 1)
    ]
    return pd.DataFrame(rows, columns=["step", "layer", "depth", "kind", "histogram"])


def test_quantiles_are_those_of_the_values_to_within_a_bin():
    values = np.random.default_rng(1).lognormal(-2, 2, 4000) * np.random.default_rng(2).choice([-1, 1], 4000)
    shares = np.array([0.01, 0.1, 0.3, 0.5, 0.8, 0.99])
    found = quantiles(np.array([counts_of(values)[:-1]], float), shares)[:, 0]
    true = np.searchsorted(BOUNDARIES[1:-1], np.quantile(values, shares), side="right") - 5
    np.testing.assert_allclose(found, true, atol=1)
    assert (np.diff(found) >= 0).all()


def test_zeros_are_drawn_at_0_and_nothing_is_drawn_without_values():
    dead, empty = [0] * 5 + [100] + [0] * 5, [0] * 11
    found = quantiles(np.array([dead, empty], float), [0.01, 0.5, 0.99])
    assert (found[:, 0] == 0).all() and np.isnan(found[:, 1]).all()


def test_the_axis_resolves_two_decades_below_the_layer_with_the_smallest_values():
    edges = np.array(EDGES)
    large, small, none = (np.zeros((1, 11)) for _ in range(3))
    large[0, 9], small[0, 8], none[0, 5] = 1, 1, 1
    assert [least_edge([each], edges) for each in (large, small, none)] == [1, 0, 0]
    assert least_edge([large, small, none], edges) == 0
    kept = collapsed(large + none, 1)
    assert kept.shape == (1, 9) and kept[0, 4] == 1 and kept.sum() == 2


def test_what_a_training_began_with_is_not_drawn_as_0_because_it_exploded_later():
    early, late = np.zeros((1, 11)), np.zeros((1, 11))
    early[0, 7], late[0, 10] = 1, 1
    assert least_edge([np.concatenate([early, late])], np.array(EDGES)) == 0
    assert least_edge([late], np.array(EDGES)) == 2


def test_the_layers_that_change_most_are_kept():
    many = table(layers=20, steps=6)
    moved = (many["layer"] == "hidden_7") & (many["step"] >= 3)
    many.loc[moved, "histogram"] = pd.Series([counts_of(np.full(500, 5.0))] * int(moved.sum()), many.index[moved])
    figure = value_bands(many, "histogram", EDGES)
    written = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert len(figure.axes) == MOST_LAYERS and {"hidden_1", "hidden_7", "hidden_20"} <= written


def test_labels_keep_their_distance_from_that_of_0():
    texts = ticks(np.array(EDGES), (-5.0, 5.0))
    assert texts[0.0] == "0" and texts[4.5] == "10" and texts[-4.5] == "−10" and 0.5 not in texts
    assert -2.5 not in ticks(np.array(EDGES), (-0.6, 5.0))


def test_neighbouring_steps_are_added_up():
    rows = table(layers=1, steps=100)
    steps, counts = counted(rows, "histogram")
    assert len(steps) <= 48 and counts.sum() == 100 * 500 and steps[0] == 0


@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_every_layer_has_a_panel_and_deeper_ones_wider_bands(width):
    figure = value_bands(table(), "histogram", EDGES, label="activations", width=width)
    axes = figure.axes
    boxes = [box for _, box in texts(figure)]
    assert all(box[0] >= -1 and box[2] <= width + 1 for box in boxes)
    tops = [max(path.get_extents().y1 for band in each.collections for path in band.get_paths()) for each in axes]
    assert len(axes) == 3 and tops == sorted(tops) and len({each.get_ylim() for each in axes}) == 1


def test_a_layer_whose_values_are_all_0_is_a_line_and_not_blank():
    rows = table(layers=2, steps=5)
    rows["histogram"] = [
        counts_of(np.zeros(500)) if layer == "hidden_1" else counts
        for layer, counts in zip(rows.layer, rows.histogram, strict=True)
    ]
    zero, other = value_bands(rows, "histogram", EDGES, label="gradients", line=False).axes
    assert [np.isfinite(axes.lines[-1].get_ydata()).any() for axes in (zero, other)] == [True, False]


def test_values_beyond_the_last_edge_are_told():
    rows, probe = table(layers=1, steps=3), f"Histogram(edges={EDGES})"
    inside = next(distributions(rows, [probe])).caption
    rows.at[0, "histogram"] = counts_of(np.array([0.1, 1e5]))
    beyond = next(distributions(rows, [probe])).caption
    assert "beyond" not in inside and "What lies beyond ±10 was not told apart" in beyond


def test_nan_is_told_and_many_layers_are_thinned():
    many = table(layers=40, steps=2)
    many.at[0, "histogram"] = [*many["histogram"].iloc[0][:-1], 7]
    figure = value_bands(many, "histogram", EDGES)
    written = {text.get_text() for axes in figure.axes for text in axes.texts}
    assert len(figure.axes) == MOST_LAYERS and "7 NaN" in written and {"hidden_1", "hidden_40"} <= written


@pytest.mark.parametrize("column", HISTOGRAMS)
def test_the_page_draws_each_histogram_with_the_edges_of_its_probe(column):
    rows = table().rename(columns={"histogram": column})
    probes = [f"{HISTOGRAMS[column].probe}(every=10, edges={EDGES})"]
    (exhibit,) = distributions(rows, probes)
    assert HISTOGRAMS[column].what in exhibit.alt and len(exhibit.draw(width=1080).axes) == 3
    found = {one.heading: one for one in sections(rows, scalars_table([1.0, 0.5]), name="mine", probes=probes)}
    assert [each.name for each in found["Distributions"].figures] == [exhibit.name]
    missing = found["Not recorded, and the probe to add"].text
    assert f"probes.{HISTOGRAMS[column].probe}()" not in missing and missing.count("distribution of") == 2


def test_counts_without_their_edges_and_tables_without_counts_are_refused():
    with pytest.raises(UsageError, match="12 counts and 2 edges"):
        value_bands(table(), "histogram", (0.1, 1.0))
    with pytest.raises(UsageError, match="nothing to draw"):
        value_bands(table().assign(histogram=None), "histogram", EDGES)
