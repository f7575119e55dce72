from __future__ import annotations

import base64
import json

import numpy as np
import pandas as pd
import pytest

from diagnostics.figures import by_layer, curves
from diagnostics.pages.cursor import MOST_NUMBERS, MOST_STEPS, briefly, numbers, panels
from tests.kit import figure_frames as frames

LAYERS = frames.network(12)


def decoded(record) -> np.ndarray:
    return np.frombuffer(base64.b64decode(record["values"]), "<f4")


def test_the_page_holds_the_readings_layer_by_layer():
    record = numbers(LAYERS, pd.DataFrame(), ["update_ratio", "gradient_norm"])["layers"]
    assert list(record) == ["update_ratio"]
    one = record["update_ratio"]
    values = decoded(one).reshape(len(one["layers"]), len(one["steps"]))
    assert one["steps"] == [0, 10, 20, 30, 40] and one["layers"][0] == "stage_0/block_0/conv"
    assert np.isinf(values[0, 2]) and values[-1].tolist() == [0.0] * 5
    wanted = LAYERS.loc[LAYERS["depth"] == 2, "update_ratio"].to_numpy(np.float32)
    np.testing.assert_array_equal(values[1], wanted)


def test_many_layers_keep_fewer_steps():
    count = 4000
    wide = pd.DataFrame({"step": np.repeat(np.arange(200), count), "depth": np.tile(np.arange(count), 200)})
    wide = wide.assign(layer=wide["depth"].astype(str), kind="Dense", update_ratio=1.0)
    record = numbers(wide, pd.DataFrame(), ["update_ratio"])["layers"]["update_ratio"]
    assert 12 <= len(record["steps"]) < MOST_STEPS and decoded(record).size <= MOST_NUMBERS


def test_scalars_are_kept_by_split():
    scalars = pd.DataFrame(
        {"step": [0, 1, 1], "epoch": 0, "split": ["train", "train", "validation"], "loss": [2.0, np.nan, 3.0]}
    )
    found = numbers(pd.DataFrame(), scalars, [])["scalars"]["loss"]
    assert {split: one["steps"] for split, one in found.items()} == {"train": [0], "validation": [1]}


def test_panels_say_where_they_are():
    profile, steps = json.loads(panels(by_layer(LAYERS, "update_ratio")))
    assert (profile["x"], profile["y"], profile["log"]) == ("value", "layer", [True, False])
    assert (steps["x"], steps["y"], steps["limits"][1]) == ("step", "layer", [11.5, -0.5])
    assert profile["box"][0] + profile["box"][2] < steps["box"][0] and steps["layers"] == profile["layers"]
    assert steps["layers"] == LAYERS["layer"].drop_duplicates().tolist()


def test_names_that_the_page_holds_already_are_not_repeated():
    text, data = panels(by_layer(LAYERS, "update_ratio")), numbers(LAYERS, pd.DataFrame(), ["update_ratio"])
    brief, other = briefly((text, ""), data)
    assert [panel["layers"] for panel in json.loads(brief)] == [True, True] and other == ""
    part = panels(by_layer(LAYERS[LAYERS["layer"] != "stage_0/block_0/conv"], "update_ratio"))
    assert json.loads(briefly((part, part), data)[1]) == json.loads(part)


@pytest.mark.parametrize(("arms", "followed"), [(1, True), (3, False)])
def test_only_a_single_run_is_followed(arms, followed):
    scalars = frames.scalars()
    chosen = scalars["arm"].unique()[:arms]
    assert bool(panels(curves(scalars[scalars["arm"].isin(chosen)], "loss"))) is followed
