"""The band of healthy trainings: where it lies, for whom, and how its file is made."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.collections import PolyCollection

from diagnostics.figures import by_layer, layer_profile
from diagnostics.figures.layer_rows import Rows
from diagnostics.pages.healthy import FILE, band_of, levels_of, relative_depths
from tests.kit.healthy_band import DEPTHS, band, profiles
from tests.kit.runs import layers_table

KNOWN = json.loads(FILE.read_text(encoding="utf-8"))
STEPS = (0, 10, 20)


def rows(column: str, values, **more) -> Rows:
    return Rows.of(layers_table({column: np.asarray(values, float)}, steps=STEPS).assign(**more), column)


@pytest.mark.parametrize("column", KNOWN["columns"])
def test_the_file_holds_an_interval_for_each_depth(column):
    one = KNOWN["columns"][column]
    low, high = np.array(one["low"]), np.array(one["high"])
    assert len(low) == len(high) == len(KNOWN["depths"]) and (low < high).all() and one["runs"] >= 20
    assert {"activation_gradient_rms", "update_ratio", "activation_std"} <= KNOWN["columns"].keys()


def test_a_gradient_is_compared_relative_to_the_layer_nearest_to_the_output():
    ones = np.ones((3, 5))
    near, far = (band_of("activation_gradient_rms", rows("activation_gradient_rms", size * ones)) for size in (1, 1e6))
    np.testing.assert_allclose(far.low, 1e6 * near.low)
    assert (near.low < 1).all() and (near.high > 1).all()
    ratio = band_of("update_ratio", rows("update_ratio", 1e6 * ones))
    assert ratio.high.max() < 1 and ratio.name == "healthy runs (95 %)"


def test_without_a_comparison_there_is_no_band():
    assert band_of("update_ratio", rows("update_ratio", np.ones((3, 2)))) is None, "too few layers"
    deep = np.ones((3, KNOWN["deepest"] + 1))
    assert band_of("update_ratio", rows("update_ratio", deep)) is None, "deeper than any training behind the band"
    assert band_of("update_ratio", rows("update_ratio", deep[:, 1:])) is not None
    two = rows("update_ratio", np.ones((3, 6)), model=np.tile(["generator"] * 3 + ["critic"] * 3, 3))
    assert band_of("update_ratio", two) is None, "two nets that train against each other"
    assert band_of("gradient_norm", rows("gradient_norm", np.ones((3, 5)))) is None, "a statistic without a band"
    assert band_of("activation_gradient_rms", rows("activation_gradient_rms", np.zeros((3, 5)))) is None, "no level"


def test_depth_is_relative_to_each_net():
    nets = np.tile(["generator"] * 3 + ["critic"] * 2, 3)
    found = rows("update_ratio", np.ones((3, 5)), model=nets)
    np.testing.assert_allclose(relative_depths(found), [0, 0.5, 1, 0, 1])
    values = np.array([[1, 2, 3, 4, np.nan], [1, 2, 5, 4, 7], [1, 2, 7, 4, np.inf]])
    np.testing.assert_array_equal(levels_of(rows("update_ratio", values, model=nets)), [5, 5, 5, 7, 7])


@pytest.mark.parametrize("draw", [by_layer, layer_profile])
def test_the_band_lies_behind_the_profile_and_has_its_place_on_the_axis_and_in_the_legend(draw):
    readings = rows("update_ratio", np.full((3, 5), 1e-9))
    known = band_of("update_ratio", readings)
    figure = draw(readings, "update_ratio", band=known)
    (area,) = [one for one in figure.axes[0].collections if isinstance(one, PolyCollection)]
    ends = area.get_paths()[0].get_extents()
    assert (ends.x0, ends.x1) == (known.low.min(), known.high.max())
    assert figure.axes[0].get_xlim()[0] < 1e-9 and figure.axes[0].get_xlim()[1] > known.high.max()
    assert known.name in {text.get_text() for text in figure.legends[0].get_texts()}


def test_profiles_of_any_depth_and_any_size_of_loss_share_one_axis():
    deep = 10.0 ** -np.linspace(3, 0, 31)
    run = SimpleNamespace(layers=layers_table({"activation_gradient_rms": np.stack([5 * deep] * 3)}, steps=STEPS))
    for profile in profiles(run, "activation_gradient_rms"):
        np.testing.assert_allclose(profile, -3 + 3 * DEPTHS, atol=1e-6)


def test_a_column_of_few_trainings_has_no_band():
    run = SimpleNamespace(layers=layers_table({"update_ratio": np.full((3, 5), 1e-3)}, steps=STEPS))
    assert band([run] * 19, "update_ratio") is None
    assert band([run] * 20, "update_ratio") == {"runs": 20, "whole": 1.0, "low": [0.001] * 11, "high": [0.001] * 11}
