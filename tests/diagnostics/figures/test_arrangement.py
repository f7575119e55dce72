"""Panels stand together as their arms belong together, and a lone panel in a row is avoided."""

from __future__ import annotations

from itertools import product

import pytest

from diagnostics.figures.arrangement import arranged
from diagnostics.figures.panels import LINE, Layout, panels
from diagnostics.figures.style import WIDE


def labels(*settings: str) -> list[str]:
    """All combinations, the last setting changing fastest."""
    return [", ".join(parts) for parts in product(*(each.split() for each in settings))]


@pytest.mark.parametrize("count", range(1, 51))
@pytest.mark.parametrize("fit", range(1, 7))
def test_every_panel_has_one_place(count, fit):
    names = [f"arm {number}" for number in range(count)]
    rows = arranged(names, fit)
    assert [name for row in rows for name in row] == names
    assert max(map(len, rows)) <= fit


@pytest.mark.parametrize(
    ("names", "sizes"),
    [
        ([f"arm {number}" for number in range(5)], [5]),
        ([f"arm {number}" for number in range(9)], [3, 3, 3]),
        ([f"arm {number}" for number in range(10)], [5, 5]),
        (labels("ReLU tanh SELU sigmoid", "0.1 0.01"), [4, 4]),
        (labels("a b c d e", "0.1 0.2 0.3"), [3] * 5),
        (labels("a b c d e f g h i j k l", "0.1 0.2 0.3"), [6] * 6),
        (labels("a b c d e f", "0.1") + labels("a b c", "0.2") + labels("a b c", "0.3"), [3, 3, 3, 3]),
        (labels("a b c d", "0.1") + labels("a b c", "0.2") + labels("a b c", "0.3"), [4, 3, 3]),
        (["a", "b", "c", "d", *labels("deep", "a b c"), *labels("wide", "a b c")], [4, 3, 3]),
    ],
)
def test_arms_that_belong_together_share_a_row(names, sizes):
    assert [len(row) for row in arranged(names, 6)] == sizes


def test_a_phone_has_two_columns():
    assert [len(row) for row in arranged(labels("a b c", "0.1 0.2 0.3"), 2)] == [2, 2, 2, 2, 1]


def test_four_panels_with_room_for_three_are_two_and_two():
    assert [len(row) for row in arranged(["a", "b", "c", "d"], 3)] == [2, 2]


def test_a_long_name_gives_its_own_row_room_and_no_other():
    long = "a name that is so long that it needs a second line"
    names = ["a", "b", "c", "d", "e", long]
    axes = panels(names, width=WIDE, layout=Layout()).axes
    tops = [axes[name].get_position().y1 * axes[name].figure.get_size_inches()[1] * 100 for name in ("a", "d")]
    bottom = axes["a"].get_position().y0 * axes["a"].figure.get_size_inches()[1] * 100
    assert bottom - tops[1] == pytest.approx(Layout().title + LINE)
    height = axes["a"].figure.get_size_inches()[1] * 100
    assert height - tops[0] == pytest.approx(Layout().head + Layout().title)
