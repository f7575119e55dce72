from __future__ import annotations

import itertools
from functools import partial

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure
from matplotlib.text import Text

from diagnostics.figures import (
    by_layer,
    curves,
    depth_profile,
    effects,
    heat_map,
    histogram_pair,
    layer_courses,
    layer_maps,
    layer_overlay,
    layer_profile,
    overlay,
    seed_pairs,
    style,
)
from diagnostics.figures.by_arm import by_arm
from diagnostics.figures.curves import thin
from diagnostics.figures.depth_profile import anchor
from diagnostics.figures.heat_map import MOST_COLUMNS, layer_labels, mesh
from diagnostics.figures.marks import lonely
from diagnostics.figures.seeds import Track, moments, moments_by_arm, over_seeds, with_moment
from diagnostics.figures.svg import to_svg
from probes.errors import UsageError
from tests.kit import figure_frames as frames

LAYERS = frames.layers(steps=7)
NOTES = {arm: f"slope {slope:.3f}, theory {slope:.3f}" for arm, (slope, _) in frames.ARMS.items()}
WORDS = frames.slopes().assign(word=["supported", "refuted", "mixed", "open", ""] * 2)
LONG = frames.slopes().assign(label=[f"very few training examples, fitted on part {row}" for row in range(len(WORDS))])
FIGURES = {
    "profile": partial(depth_profile, LAYERS, theory=frames.theory(), notes=NOTES),
    "profile with gaps": partial(depth_profile, frames.broken(LAYERS), theory=frames.theory()),
    "updates": partial(depth_profile, LAYERS, "update_ratio", guide=(1e-3, "10⁻³, a common rule of thumb")),
    "map": partial(heat_map, frames.broken(LAYERS)),
    "map of one run": partial(heat_map, LAYERS[LAYERS["arm"] == "relu-0.01"].assign(layer="encoder/block_2/dense")),
    "loss": partial(curves, frames.scalars(), guide=(2.303, "chance: ln 10")),
    "by layer": partial(by_layer, frames.network(12), "update_ratio", guides=[(1e-3, "10⁻³, a common rule of thumb")]),
    "by layer, 160 layers": partial(by_layer, frames.network(160), "update_ratio"),
    "layer profile": partial(layer_profile, frames.network(12), "update_ratio", layers=["stage_0/block_1/conv"]),
    "layer courses": partial(
        layer_courses,
        frames.network(12),
        "update_ratio",
        layers=["stage_0/block_1/conv"],
        guides=[(1e-3, "bound 0.001")],
        since=200,
    ),
    "layer maps": partial(layer_maps, LAYERS.assign(kind="Dense"), "update_ratio"),
    "layer overlay": partial(layer_overlay, LAYERS.assign(kind="Dense"), "update_ratio"),
    "overlay": partial(overlay, frames.scalars(), "loss"),
    "effects": partial(effects, frames.slopes(), x="depth slope at step 0"),
    "seed pairs": partial(seed_pairs, frames.pairs(), "test_error", x="error without", y="error with"),
    "histograms": partial(histogram_pair, frames.histograms()),
    "effects with long labels": partial(effects, LONG, x="test accuracy"),
    "effects with words": partial(effects, WORDS, reference="threshold"),
}
both_widths = pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
every_figure = pytest.mark.parametrize("name", FIGURES)


def texts(figure: Figure) -> list[tuple[str, np.ndarray]]:
    """The texts of a figure and their boxes: [left, bottom, right, top] in pixels."""
    figure.draw_without_rendering()
    written = [text for text in figure.findobj(Text) if text.get_visible() and text.get_text().strip()]
    return [(text.get_text(), np.asarray(text.get_window_extent().extents)) for text in written]


@both_widths
@every_figure
def test_no_text_is_cut_and_none_lies_on_another(name, width):
    figure = FIGURES[name](width=width)
    written = [(text, box) for text, box in texts(figure) if np.ptp(box[::2]) > 0]
    assert len(written) > 5
    for text, box in written:
        assert box.min() >= -1 and box[2] <= figure.bbox.x1 + 1 and box[3] <= figure.bbox.y1 + 1, text
    for (one, a), (other, b) in itertools.combinations(written, 2):
        across, up = (min(a[2 + i], b[2 + i]) - max(a[i], b[i]) for i in (0, 1))
        assert across < 2 or up < 4, (one, other)


@every_figure
def test_the_same_figure_gives_the_same_bytes(name):
    assert to_svg(FIGURES[name](width=style.WIDE)) == to_svg(FIGURES[name](width=style.WIDE))


@pytest.mark.parametrize(("draw", "rest"), [(histogram_pair, ()), (seed_pairs, ("test_error",))])
def test_panels_without_a_value_say_so(draw, rest):
    frame = (frames.histograms() if draw is histogram_pair else frames.pairs()).copy()
    value = "share" if draw is histogram_pair else "treated"
    name = "arm" if draw is histogram_pair else "label"
    frame.loc[frame[name] == frame[name].iloc[0], value] = np.nan
    written = [text for text, _ in texts(draw(frame, *rest))]
    assert written.count("not measured") == 1


def test_a_figure_leaves_the_callers_settings_alone():
    before = dict(mpl.rcParams)
    to_svg(FIGURES["map"](width=style.NARROW))
    assert dict(mpl.rcParams) == before


def test_a_narrow_figure_keeps_pairs_of_arms_side_by_side():
    boxes = [axes.get_position() for axes in FIGURES["profile"](width=style.NARROW).axes]
    assert len({round(box.x0, 6) for box in boxes}) == 2
    assert boxes[0].y0 == boxes[1].y0 > boxes[2].y0


def test_an_arm_without_a_value_says_so():
    for name in ("profile with gaps", "map"):
        assert "not measured" in {text for text, _ in texts(FIGURES[name](width=style.WIDE))}


def test_zeros_infinities_and_gaps_are_named_only_where_they_occur():
    told = {text for text, _ in texts(FIGURES["profile with gaps"](width=style.WIDE))}
    assert {"zero or negative", "not finite"} <= told
    assert not {"zero or negative", "not finite"} & {text for text, _ in texts(FIGURES["profile"](width=style.WIDE))}
    assert {"zero", "infinite or NaN", "missing"} <= {text for text, _ in texts(FIGURES["map"](width=style.WIDE))}


@pytest.mark.parametrize("draw", [depth_profile, heat_map])
def test_a_missing_column_names_the_nearest(draw):
    with pytest.raises(UsageError, match="update_ratio"):
        draw(LAYERS, "update_ration")


@pytest.mark.parametrize("draw", [depth_profile, heat_map])
def test_an_arm_without_a_panel_does_not_stretch_the_axes(draw):
    far = LAYERS.assign(arm="far", activation_gradient_rms=1e30, depth=LAYERS["depth"] + 100)
    arms = LAYERS["arm"].drop_duplicates().tolist()
    assert to_svg(draw(pd.concat([LAYERS, far]), arms=arms)) == to_svg(draw(LAYERS, arms=arms))


@pytest.mark.parametrize("draw", [depth_profile, heat_map])
def test_an_empty_table_is_a_usage_error(draw):
    with pytest.raises(UsageError, match="nothing to draw"):
        draw(LAYERS.iloc[:0])


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, 1e-3])
@pytest.mark.parametrize("draw", [depth_profile, heat_map])
def test_one_value_everywhere_can_be_drawn(draw, value):
    assert to_svg(draw(LAYERS.assign(activation_gradient_rms=value)))


@pytest.mark.parametrize("draw", [depth_profile, heat_map])
def test_one_step_of_one_layer_can_be_drawn(draw):
    assert to_svg(draw(LAYERS.iloc[:1]))


def test_categorical_arms_and_layers_draw_the_same():
    categorical = LAYERS.astype({"arm": "category", "layer": "category", "kind": "category"})
    assert to_svg(depth_profile(categorical)) == to_svg(depth_profile(LAYERS))


@given(st.lists(st.integers(0, 10_000), min_size=1))
def test_moments_are_recorded_steps_in_order(steps):
    found = list(moments(steps).values())
    assert found == sorted(set(found)) and set(found) <= set(steps)
    assert found[0] == min(steps) and found[-1] == max(steps) and len(found) == min(3, len(set(steps)))


def test_each_arm_has_its_own_end():
    short = LAYERS.query("arm != 'tanh-0.01' or step < 500")
    ends = with_moment(short, moments_by_arm(short)).query("moment == 'end'").groupby("arm")["step"].unique()
    assert ends["tanh-0.01"].tolist() == [450] and ends["relu-0.01"].tolist() == [900]


def test_seeds_are_summarised_as_numpy_does():
    values = np.array([[1.0, np.nan, np.inf], [3.0, np.nan, 2.0], [np.nan, np.nan, 5.0]])
    frame = pd.DataFrame({"depth": np.tile([1, 2, 3], 3), "q": values.ravel().astype("float32")})
    table = over_seeds(frame, "q", ["depth"])
    assert table["median"].tolist()[::2] == [2.0, 5.0] and np.isnan(table["median"][1])
    assert table["low"].tolist()[::2] == [1.0, 2.0] and table["high"].tolist()[::2] == [3.0, np.inf]


@given(st.floats(-0.7, 0.7), st.floats(-12, 3))
def test_theory_is_shifted_to_the_measurement_without_changing_its_slope(slope, height):
    depths = np.arange(1.0, 21.0)
    measured = 10 ** (slope * depths + height)
    measured[[3, 7]] = [0.0, np.inf]
    line = anchor(slope * depths, depths, Track(depths, measured, measured, measured))
    assert np.allclose(np.log10(line), slope * depths + height)


def test_theory_is_missing_where_nothing_was_measured():
    depths = np.arange(3.0)
    nothing = np.array([0.0, np.nan, np.inf])
    assert np.isnan(anchor(depths, depths, Track(depths, nothing, nothing, nothing))).all()


def test_a_map_shows_the_last_reading_up_to_each_column():
    rows = pd.DataFrame({"step": [0, 1, 10], "depth": 1, "median": [5.0, 6.0, 7.0]})
    assert mesh(rows).values.tolist() == [[5.0, 6.0, 7.0]]
    many = pd.DataFrame({"step": np.arange(1000), "depth": 1, "median": np.arange(1000.0)})
    thinned = mesh(many)
    assert thinned.values.shape == (1, MOST_COLUMNS)
    assert np.array_equal(thinned.values[0], np.floor(thinned.steps + 1e-6))


def test_a_name_over_a_panel_breaks_at_the_ends_of_its_parts():
    assert style.wrapped_name("discriminator/discriminator_2", 131) == "discriminator/\ndiscriminator_2"
    assert style.wrapped_name("block_1_attention/query", 131) == "block_1_\nattention/query"
    assert max(map(len, style.wrapped_name("x" * 50, 131).split("\n"))) <= 17
    assert style.wrapped_name("logits", 131) == "logits"


def test_long_layer_names_keep_their_end():
    frame = pd.DataFrame({"depth": [2, 1], "layer": ["encoder/block_1/dense", "input"]})
    assert layer_labels(frame, longest=8) == {1: "input 1", 2: "…1/dense 2"}
    assert layer_labels(frame, longest=8, most=1) == {}


def test_thinning_averages_steps_and_keeps_what_went_wrong():
    step = np.arange(1000)
    loss = np.where(step == 500, np.inf, 1.0)
    frame = pd.DataFrame({"arm": "a", "seed": 0, "step": step, "split": "train", "loss": loss})
    thinned = thin(pd.concat([frame, frame.assign(seed=1, loss=1.0)]), "loss", points=100)
    assert len(thinned) == 200 and set(thinned["split"]) == {"training"}
    assert thinned.loc[thinned["loss"] != 1.0, ["step", "loss"]].to_numpy().tolist() == [[500, np.inf]]


def test_thinning_a_single_run_keeps_every_value_for_the_band():
    loss = np.where(np.arange(1000) == 505, 9.0, 1.0)
    frame = pd.DataFrame({"arm": "a", "seed": 0, "step": np.arange(1000), "split": "train", "loss": loss})
    track = over_seeds(thin(frame, "loss", points=100), "loss", ["step"]).set_index("step")
    assert len(track) == 100 and track.loc[500, ["median", "high"]].tolist() == [1.0, 9.0]


def test_few_points_are_left_as_they_are():
    frame = pd.DataFrame({"arm": "a", "seed": 0, "step": [9, 19], "split": "validation", "loss": [2.0, 1.0]})
    assert thin(frame, "loss")["loss"].tolist() == [2.0, 1.0]


def test_a_point_without_neighbours_is_lonely():
    assert lonely(np.array([1.0, np.nan, 2.0, 3.0, np.nan])).tolist() == [True, False, False, False, False]
    assert lonely(np.array([])).tolist() == []


def luminance(shade: str) -> float:
    """Relative luminance after WCAG 2."""
    channels = np.array([int(shade[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted([luminance(one), luminance(other)])
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("side", ["light", "dark"])
def test_words_and_marks_stand_out_from_the_paper(side):
    shade = {name: getattr(colours, side) for name, colours in style.PALETTE.items()}
    quiet = {"paper", "wash", "rule", "context"}
    words = {"ink", "muted", "supported", "refuted", "mixed", "open", "error", "warning", "clean"}
    for name in shade.keys() - quiet:
        least = 4.5 if name in words else 3.0
        assert min(contrast(shade[name], shade["paper"]), contrast(shade[name], shade["wash"])) >= least - 0.2 * (
            name not in words
        ), name


@pytest.mark.parametrize("side", ["light", "dark"])
def test_one_colour_has_one_meaning(side):
    shades = [getattr(colours, side) for colours in style.PALETTE.values()]
    assert len(set(shades)) == len(shades)


@pytest.mark.parametrize("side", ["light", "dark"])
def test_moments_differ_in_lightness(side):
    start, middle, end = (getattr(style.PALETTE[name], side) for name in ("start", "middle", "end"))
    assert contrast(start, middle) > 1.4 and contrast(middle, end) > 1.4


@pytest.mark.parametrize(("effects", "reaches_zero"), [((0.96, 0.8), False), ((0.96, 0.1), True), ((-0.1, 0.8), True)])
def test_an_axis_includes_zero_when_it_is_near(effects, reaches_zero):
    frame = pd.DataFrame({"label": ["a", "b"], "effect": effects}).assign(low=effects, high=effects)
    low, high = by_arm(frame, "accuracy").axes[0].get_xlim()
    assert (low <= 0 <= high) == reaches_zero


@pytest.mark.parametrize(
    ("label", "width", "lines"),
    [
        ("ReLU, 0.1", 230, "ReLU, 0.1"),
        ("regression, few examples, Adam 0.003", 230, "regression, few examples,\nAdam 0.003"),
        ("rate 0.3, layers before the last frozen", 150, "rate 0.3,\nlayers before the\nlast frozen"),
        ("few examples, fitted on train", 150, "few examples,\nfitted on train"),
    ],
)
def test_titles_break_after_a_comma_where_that_suffices(label, width, lines):
    assert style.broken(label, width) == lines


@pytest.mark.parametrize(
    ("labels", "width", "columns"),
    [
        (["training", "validation"], style.WIDE, 2),
        (["0.003", "0.01", "0.03", "0.1", "0.3", "training", "validation", "range over 24 replicates"], style.WIDE, 8),
        (
            ["0.003", "0.01", "0.03", "0.1", "0.3", "training", "validation", "range over 24 replicates"],
            style.NARROW,
            2,
        ),
        (["a name that needs the whole width of a telephone", "another"], style.NARROW, 1),
        ([], style.WIDE, 1),
    ],
)
def test_a_legend_has_as_many_columns_as_fit(labels, width, columns):
    assert style.legend_columns(labels, width) == columns
