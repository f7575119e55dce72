"""SVG is made small without a change in what it shows."""

from __future__ import annotations

import base64
import io
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from diagnostics.figures import by_layer, curves, style
from diagnostics.figures.svg import inline, to_svg, to_tree
from diagnostics.figures.svg_size import FEWEST_DOTS, HREF, SHARED, SVG, share_maps, with_palette
from tests.kit.runs import layers_table


def table(layers: int, steps: int = 30):
    values = 10.0 ** -np.linspace(1, 3, layers * steps).reshape(steps, layers)
    names = [f"stage_{row // 8}/block_{row % 8}/dense" for row in range(layers)]
    return layers_table({"update_ratio": values}, steps=tuple(range(steps)), names=names)


def png(pixels: np.ndarray) -> str:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="png")
    return base64.b64encode(file.getvalue()).decode()


def pixels(text: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGBA"))


@pytest.mark.parametrize(("colours", "smaller"), [(2, True), (256, True), (257, False)])
def test_a_palette_keeps_every_pixel(colours, smaller):
    shades = np.random.default_rng(0).permutation(1 << 24)[:colours].astype("<u4").view(np.uint8).reshape(-1, 4)
    shades[:, 3] = 255
    text = png(shades[np.random.default_rng(1).integers(0, colours, (120, 90))])
    assert (len(with_palette(text)) < len(text)) is smaller
    np.testing.assert_array_equal(pixels(with_palette(text)), pixels(text))


def test_pictures_with_transparent_pixels_stay():
    text = png(np.zeros((4, 4, 4), np.uint8))
    assert with_palette(text) == text


@pytest.mark.parametrize(("layers", "joined"), [(16, False), (200, True)])
def test_many_dots_are_one_path_at_the_same_places(layers, joined):
    root = to_tree(by_layer(table(layers), "update_ratio", width=style.WIDE))
    uses = [each for each in root.iter(f"{SVG}use") if each.get(HREF)]
    paths = [each.get("d") for each in root.iter(f"{SVG}path") if "stroke-linecap: round" in each.get("style", "")]
    dots = [path for path in paths if path and path.count("h0") >= FEWEST_DOTS]
    assert bool(dots) is joined and (len(uses) < layers) is joined
    if joined:
        assert [path.count("h0") for path in dots] == [layers] * 3
        heights = [float(place.split()[1].removesuffix("h0")) for place in dots[0].split("M")[1:]]
        assert np.ptp(np.diff(heights)) < 0.03 and heights[0] < heights[-1]


def test_texts_keep_their_blanks_and_nothing_else_has_any():
    figure = by_layer(table(5), "update_ratio")
    figure.axes[0].set_xlabel("two  words")
    root = ET.fromstring(to_svg(figure).encode())
    assert "two  words" in [each.text for each in root.iter(f"{SVG}text")]
    assert not [each for each in root.iter() if each.tail and not each.tail.strip()]


def test_a_map_is_on_the_page_once():
    """Twice the same size: older versions of matplotlib draw the map of another size with other pixels, and then both stay."""
    wide, again = (
        inline(to_tree(by_layer(table(20), "update_ratio", width=style.WIDE)), prefix=prefix, alt="").markup
        for prefix in ("one", "two")
    )
    one, other = share_maps(wide, again, "the-map")
    assert wide.count("<image") == again.count("<image") == 2 and one.count("<image") == 2
    assert one.count('id="the-map"') == 1 and 'href="#the-map"' in one and 'href="#the-map"' in other
    assert other.count("<image") < 2


def losses(arms: int) -> pd.DataFrame:
    steps = np.arange(60)
    rng = np.random.default_rng(0)
    drawn = {f"arm {arm}": np.exp(-steps / (10 + arm)) * rng.uniform(0.9, 1.1, 60) for arm in range(arms)}
    drawn["arm 1"][30] = 1e30  # leaves its panel, which must not make the panels differ
    parts = [pd.DataFrame({"arm": arm, "seed": 0, "step": steps, "loss": loss}) for arm, loss in drawn.items()]
    return pd.concat(parts).assign(split="train")


def test_lines_that_every_panel_has_are_drawn_once():
    root = to_tree(curves(losses(arms=9), width=style.WIDE))
    groups = [group for group in root.iter(f"{SVG}g") if group.get("id") == f"{SHARED}-lines"]
    uses = [use for use in root.iter(f"{SVG}use") if use.get(HREF) == f"#{SHARED}-lines"]
    assert [len(group) for group in groups] == [9] and len(uses) == 8
    places = {(float(use.get("x", 0)), float(use.get("y", 0))) for use in uses}
    panels = curves(losses(arms=9), width=style.WIDE).axes
    width, height = (72 * side for side in panels[0].figure.get_size_inches())
    first, *others = [axes.get_position() for axes in panels]
    shifts = {((box.x0 - first.x0) * width, (first.y0 - box.y0) * height) for box in others}
    np.testing.assert_allclose(sorted(places), sorted(shifts), atol=0.02)


def test_each_figure_of_a_page_has_its_own_shared_lines():
    markup = inline(to_tree(curves(losses(arms=3))), prefix="one", alt="").markup
    assert markup.count(f'id="one-{SHARED}-lines"') == 1 and markup.count(f'href="#one-{SHARED}-lines"') == 2
