from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.figures import by_layer, layer_profile, style
from diagnostics.figures.layer_courses import course
from diagnostics.figures.layer_names import blocks, shortened, ticks, told_apart
from diagnostics.figures.layer_panels import SIGNS, blocks_of, signs
from diagnostics.figures.layer_rows import Rows, around, thinned
from probes.errors import UsageError
from tests.kit import figure_frames as frames
from tests.kit.runs import layers_table

RESNET = [
    "stem",
    *(f"stage{s}_block{b}_{part}" for s in (1, 2) for b in range(1, 10) for part in ("conv", "bn", "add")),
    "head",
]
TRANSFORMER = [
    "embed",
    *(f"block_{b}/{part}" for b in range(6) for part in ("norm_1", "attention/query", "attention/key", "up")),
]
PLAIN = [f"dense_{n}" for n in range(163)]
KERAS = [f"{kind}_{n}" for n in range(60) for kind in ("conv2d", "batch_normalization", "activation")]


def frame_of(values: np.ndarray, steps=None) -> pd.DataFrame:
    """A table ``layers`` with one statistic, ``[layers, steps]``."""
    steps = range(values.shape[1]) if steps is None else steps
    rows = [(s, f"l{d}", d, "Dense", values[d, i]) for i, s in enumerate(steps) for d in range(len(values))]
    return pd.DataFrame(rows, columns=["step", "layer", "depth", "kind", "update_ratio"])


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (RESNET, [f"stage{s}_block{b}" for s in (1, 2) for b in range(1, 10)]),
        (TRANSFORMER, [f"block_{b}" for b in range(6)]),
    ],
)
def test_blocks_follow_the_names_whether_slashes_or_underscores_part_them(names, expected):
    found = [block.name for block in blocks(names, 30) if block.last > block.first]
    assert found == expected


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=60, unique=True), st.integers(1, 70))
def test_blocks_cover_every_layer_once_and_in_order(names, most):
    found = blocks(names, most)
    covered = [place for block in found for place in range(block.first, block.last + 1)]
    assert covered == list(range(len(names))) and len(found) <= max(most, 1)


@given(st.sampled_from([RESNET, TRANSFORMER, PLAIN, KERAS]), st.floats(60, 700))
def test_labels_never_touch_and_are_where_their_layer_is(names, height):
    found = ticks(names, height)
    places = list(found)
    assert places == sorted(places) and found
    assert np.diff(places).min(initial=len(names)) * height / len(names) >= 13 - 1e-9
    assert all(names[place].startswith(name) for place, name in found.items())


def test_layers_without_blocks_are_named_at_even_distances():
    assert len(ticks(PLAIN, 640)) > 10 and set(ticks(PLAIN, 640).values()) <= set(PLAIN)
    assert len(ticks(KERAS, 640)) > 10


def test_a_long_name_keeps_the_end_that_tells_siblings_apart():
    assert shortened("encoder/block_1/dense", 8) == "…1/dense"
    query, key = (f"block_0_attention/{name}" for name in ("query", "key"))
    assert shortened(query, 15) == "block_0…n/query" and shortened(query, 15) != shortened(query.replace("0", "1"), 15)
    assert shortened(key, 15) != shortened(query, 15) and len(shortened(key, 15)) == 15


def test_a_map_keeps_every_spike_and_every_dip():
    values = np.full((2, 5000), 1e-3)
    values[0, 777], values[1, 4321], values[1, 99] = 10.0, 1e-9, np.inf
    steps, shown = thinned(Rows.of(frame_of(values), "update_ratio"), log=True)
    assert shown.shape == (2, 240) and len(steps) == 240
    assert shown[0].max() == 10.0 and shown[1].min() == 1e-9 and np.isinf(shown[1]).sum() == 1


@pytest.mark.parametrize("column", ["gradient_norm", "dead_fraction"])
def test_infinity_is_drawn_without_a_warning(column):
    frame = pd.DataFrame({"step": [0, 1, 2], "layer": "a", "depth": 1, "kind": "Dense", column: [0.5, np.inf, 0.25]})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        by_layer(frame, column).canvas.draw()


def test_few_steps_are_shown_as_they_are_and_gaps_repeat_the_reading_before():
    values = np.array([[1.0, np.nan, 3.0]])
    steps, shown = thinned(Rows.of(frame_of(values, [0, 10, 20]).assign(other=1), "update_ratio"), log=False)
    assert steps.tolist() == [0, 20] and shown.tolist() == [[1.0, 3.0]]


def test_each_layer_shows_its_reading_nearest_to_the_moment():
    frame = frame_of(np.array([[1.0, np.nan, 3.0], [np.nan, 2.0, np.nan]]), [0, 10, 20])
    rows = Rows.of(frame, "update_ratio")
    assert around(rows, 0).tolist() == [1.0, 2.0] and around(rows, 20).tolist() == [3.0, 2.0]


def test_no_line_joins_layers_of_different_kinds():
    frame = frames.network(30)
    names = {name: f"layer{row}" for row, name in enumerate(frame["layer"].unique())}  # names without blocks
    figure = by_layer(frame.assign(layer=frame["layer"].map(names)), "update_ratio")
    kinds = frame.drop_duplicates("layer")["kind"].tolist()
    lines = [np.asarray(line.get_ydata(), int) for line in figure.axes[0].lines if line.get_marker() in SIGNS]
    joined = [{kinds[row] for row in rows} for rows in lines if len(rows) > 1]
    assert joined and all(len(found) == 1 for found in joined)


def test_where_names_show_blocks_a_line_joins_their_medians_and_every_layer_is_a_dot():
    frame = frames.network(30)
    axes = by_layer(frame, "update_ratio").axes[0]
    drawn = [line for line in axes.lines if len(line.get_ydata()) > 2]
    dots = [line for line in drawn if line.get_linestyle() == "None"]
    medians = [line for line in drawn if line.get_linestyle() != "None" and line.get_marker() in ("", "None")]
    assert len(dots) == len(medians) == 3  # start, middle and end
    assert all(len(line.get_ydata()) == frame["layer"].nunique() for line in dots)
    last = frame[frame["step"] == frame["step"].max()]
    block = blocks_of([str(name) for name in last["layer"]])
    first = next(each for each in block if each.first < each.last)
    expected = np.median(last["update_ratio"].to_numpy()[first.first : first.last + 1])
    assert medians[-1].get_xdata()[0] == pytest.approx(expected)


def test_rare_kinds_share_a_marker():
    found = signs(["a"] * 4 + ["b"] * 3 + ["c", "c", "d", "e"])
    assert list(found.values()) == [["a"], ["b"], ["c"], ["d", "e"]]


@pytest.mark.parametrize("draw", [by_layer, layer_profile])
def test_what_was_not_measured_is_misuse(draw):
    frame = frames.network(6)
    with pytest.raises(UsageError, match="nothing to draw"):
        draw(frame.assign(update_ratio=np.nan), "update_ratio")
    with pytest.raises(UsageError, match="column"):
        draw(frame, "gradient_norm")


def test_zeros_and_infinities_are_marked_at_the_edge():
    figure = layer_profile(frames.network(6), "update_ratio", width=style.NARROW)
    markers = {line.get_marker() for line in figure.axes[0].lines}
    assert "<" in markers and ">" in markers


def test_courses_keep_the_extremes_of_the_steps_that_share_a_point():
    values = np.ones((1000, 3))
    values[617, 1] = 50.0
    rows = Rows.of(layers_table({"update_ratio": values}, steps=range(1000)), "update_ratio")
    named, others = (course(rows, np.array(which)) for which in ([False, True, False], [True, False, True]))
    assert named.high.max() == 50 and others.high.max() == 1 and len(named.x) <= 120
    assert (named.median == 1).all() and named.x[np.argmax(named.high)] <= 617


def test_an_ending_that_all_long_names_share_leaves_room_for_what_differs():
    names = [f"stage_{n // 3}_block_{n % 3}_conv_1_relu" for n in range(9)]
    assert told_apart(names, 15) == [f"stage_{n // 3}_block_{n % 3}" for n in range(9)]
    assert told_apart(names, 40) == names
    assert told_apart([*names, "logits"], 15)[:2] == ["stage_0…_1_relu"] * 2  # nothing is shared


def test_what_is_named_has_the_colour_of_its_severity():
    frame = frames.network(4)
    name = str(frame["layer"].iloc[0])
    for tone in ("warning", "error"):
        axes = layer_profile(frame, "update_ratio", layers=(name,), severity=tone).axes[0]
        assert [line for line in axes.lines if line.get_color() == style.colour(tone)]


def test_the_axis_of_steps_is_named(width=style.WIDE):
    said = [text.get_text() for text in by_layer(frames.network(4), "update_ratio", width=width).texts]
    assert "step →" in said and "the same, step by step" in said


def test_of_a_thousand_layers_a_profile_keeps_the_extremes_of_each_block():
    frame = frames.network(160)
    few = layer_profile(frame, "update_ratio")
    names = [f"stage_{n // 100}/block_{n // 5}/{'conv' if n % 2 else 'norm'}_{n % 5}" for n in range(1000)]
    values = np.ones((3, 1000))
    values[:, 617] = 50.0
    many = layers_table({"update_ratio": values}, steps=(0, 10, 20), names=names)
    kinds = np.where(np.arange(3000) % 2, "Conv2D", "BatchNormalization")
    figure = layer_profile(many.assign(kind=kinds), "update_ratio")
    texts = {text.get_text() for text in figure.legends[0].get_texts()}
    assert "range of a block; lines: medians" in texts and not any(text.startswith("a layer") for text in texts)
    assert max(np.nanmax(line.get_xdata()) for line in figure.axes[0].lines if len(line.get_xdata()) > 2) == 50
    assert "dots: layers; lines: block medians" in {text.get_text() for text in few.legends[0].get_texts()}
