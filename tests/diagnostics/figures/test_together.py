"""Many arms that differ in one setting share a panel, a line each."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from diagnostics.figures import by_setting, curves, depth_profile, style
from diagnostics.figures.together import MANY, together

NETWORKS, RATES = [f"network {letter}" for letter in "abcde"], ["0.1", "0.01", "0.003"]
NAMES = [f"{network}, {rate}" for rate, network in product(RATES, NETWORKS)]
STEPS = 5


def scalars(names: list[str], lost: str = "") -> pd.DataFrame:
    steps = np.arange(STEPS)
    parts = [
        pd.DataFrame({"arm": name, "seed": seed, "step": steps, "split": split, "loss": np.exp(-steps - seed / 10)})
        for name, seed, split in product(names, (0, 1), ("train", "validation"))
    ]
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(loss=frame["loss"].where(frame["arm"] != lost, np.nan))


def layers(names: list[str]) -> pd.DataFrame:
    rows = [(*row, 1.0 + row[3]) for row in product(names, (0, 1), (0, 5, 9), (1, 2, 3))]
    return pd.DataFrame(rows, columns=["arm", "seed", "step", "depth", "update_ratio"])


def values(names: list[str]) -> pd.DataFrame:
    rows = [(*row, row[1] * 0.5) for row in product(names, (1, 2, 3), (0, 1))]
    return pd.DataFrame(rows, columns=["series", "setting", "seed", "value"])


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_panels_keep_the_order_of_the_arms_and_settings_are_sorted_by_their_number():
    found = together(NAMES)
    assert found and [*found.panels] == NETWORKS
    assert [*found.settings] == ["0.003", "0.01", "0.1"]
    assert [line.arm for line in found.panels["network a"]] == [f"network a, {rate}" for rate in RATES]
    assert len({line.colour for line in found.panels["network a"]}) == 3


def test_one_setting_has_one_colour_in_every_panel():
    found = together(NAMES)
    assert found
    for arms in found.panels.values():
        assert {line.arm.rpartition(", ")[2]: line.colour for line in arms} == found.settings


@pytest.mark.parametrize(
    "names",
    [
        NAMES[:MANY],
        [f"arm {number}" for number in range(20)],
        [*NAMES, "network f, 0.1"],
        [f"network {number % 2}, {number / 10}" for number in range(2 * (style.LEVELS + 1))],
    ],
)
def test_few_arms_arms_without_a_setting_and_many_settings_keep_a_panel_each(names):
    assert together(names) is None


@pytest.mark.parametrize(
    "figure",
    [
        lambda: curves(scalars(NAMES)),
        lambda: depth_profile(layers(NAMES), "update_ratio"),
        lambda: by_setting(values(NAMES), "accuracy"),
    ],
)
def test_each_figure_has_a_panel_for_each_network_and_a_line_for_each_rate(figure):
    drawn = figure()
    assert len(drawn.axes) == len(NETWORKS)
    assert [text for text in labels(drawn) if text in RATES] == ["0.003", "0.01", "0.1"]
    assert "range over 2 replicates" in labels(drawn)
    colours = {line.get_color() for line in drawn.axes[0].lines}
    assert colours >= {style.colour(f"level-{level}") for level in (1, style.LEVELS)}


def test_a_lost_arm_has_its_marks_beside_the_other_lines():
    lost = curves(scalars(NAMES, lost="network b, 0.1"))
    assert "not finite" in labels(lost)
    marked = [line for line in lost.axes[1].lines if line.get_marker() == "^"]
    assert marked and {line.get_color() for line in marked} == {style.colour(f"level-{style.LEVELS}")}
