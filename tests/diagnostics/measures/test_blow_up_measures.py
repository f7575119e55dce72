from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from diagnostics.measures import measure


def a_run(losses, ratios=(0.01, 0.5, 0.9, np.nan)):
    steps = np.arange(len(losses))
    layers = pd.DataFrame({"step": np.arange(len(ratios)), "layer": "hidden_1", "depth": 1, "kind": "Dense"})
    scalars = pd.DataFrame({"step": steps, "split": "train", "loss": losses, "learning_rate": 0.1})
    return SimpleNamespace(layers=layers.assign(update_ratio=ratios), scalars=scalars)


WARNING = {"column": "update_ratio", "bound": 0.1, "layers": "hidden_*"}


@pytest.mark.parametrize(
    ("losses", "ratios", "expected"),
    [
        ([2.3, 3, 90, np.nan], (0.01, 0.5, 0.9, np.nan), 2),
        ([2.3, np.inf], (0.01, 0.5), 0),
        ([2.3, np.nan], (0.01, np.inf), -np.inf),
        ([2.3, np.nan], (0.01, 0.02), -np.inf),
    ],
)
def test_warning_counts_from_the_first_finite_crossing_to_the_first_lost_loss(losses, ratios, expected):
    assert measure("warning_steps", **WARNING)(a_run(losses, ratios)) == expected


def test_a_training_that_is_never_lost_has_no_warning_time():
    assert np.isnan(measure("warning_steps", **WARNING)(a_run([2.3, 2.2])))


@pytest.mark.parametrize(
    ("losses", "ratios", "late", "false"),
    [
        ([2.3, 3, np.nan], (0.01, 0.5, 0.9), 0, np.nan),
        ([2.3, np.inf], (0.01, 0.5), 1, np.nan),
        ([2.3, np.nan], (0.01, 0.02), 1, np.nan),
        ([2.3, 2.2], (0.01, 0.02), np.nan, 0),
        ([2.3, 2.2], (0.01, 0.5), np.nan, 1),
        ([2.3, 2.2], (0.01, np.inf), np.nan, 0),
    ],
)
def test_a_warning_is_late_or_false(losses, ratios, late, false):
    run = a_run(losses, ratios)
    assert measure("warns_too_late", **WARNING)(run) == pytest.approx(late, nan_ok=True)
    assert measure("false_alarm", **WARNING)(run) == pytest.approx(false, nan_ok=True)


def test_the_largest_layer_is_not_hidden_by_the_others():
    layers = pd.DataFrame(
        {"step": 0, "layer": ["hidden_1", "hidden_2", "hidden_3"], "depth": [1, 2, 3], "kind": "Dense"}
    )
    run = SimpleNamespace(layers=layers.assign(dead_fraction=[0.0, 0.9, 0.0]))
    assert measure("layer_maximum", column="dead_fraction")(run) == 0.9
    assert measure("layer_median", column="dead_fraction")(run) == 0.0


@pytest.mark.parametrize(("losses", "share"), [([1, 2, np.nan, np.inf], 0.5), ([1, 2], 0.0), ([], np.nan)])
def test_lost_share_counts_nan_and_inf(losses, share):
    assert measure("non_finite_share")(a_run(np.array(losses, float))) == pytest.approx(share, nan_ok=True)


@pytest.mark.parametrize("slope", [0.2, -0.2])
def test_uneven_depth_is_the_slope_whichever_way(slope):
    depths = np.arange(5)
    layers = pd.DataFrame({"step": 0, "layer": [f"hidden_{d}" for d in depths], "depth": depths, "kind": "Dense"})
    run = SimpleNamespace(layers=layers.assign(activation_gradient_rms=10.0 ** (slope * depths)))
    assert measure("uneven_depth")(run) == pytest.approx(0.2)
