"""Measures on runs whose numbers are known beforehand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.measures import MEASURES, DepthSlope, attenuation, depth_slope, measure, profile
from probes.errors import UsageError
from tests.kit.runs import layers_table, run_of, scalars_table

NAN, INF = np.nan, np.inf
NAMES = [*(f"hidden_{i}" for i in range(1, 6)), "logits"]


def vanishing(step: int, depth: int) -> float:
    """Half a decade a layer at step 0, and a tenth less each step; the logits are off the line."""
    return 10.0 ** ((0.5 - 0.1 * step) * depth - 9) if depth < 5 else 77.0


@pytest.fixture
def run():
    return run_of(layers_table({"activation_gradient_rms": vanishing}, steps=range(4), names=NAMES))


@given(slope=st.floats(-3, 3), start=st.floats(-10, 10), layers=st.integers(3, 40))
def test_depth_slope_recovers_a_line(slope, start, layers):
    depths = np.arange(layers)
    found = depth_slope(10 ** (start + slope * depths), depths)
    assert found.slope == pytest.approx(slope, abs=1e-9)
    assert found.low <= found.slope + 1e-12
    assert found.slope <= found.high + 1e-12


def test_depth_slope_is_not_moved_by_one_layer():
    values = 10.0 ** np.arange(9)
    values[4] = 1e30
    assert depth_slope(values, np.arange(9)).slope == pytest.approx(1)


@pytest.mark.parametrize("values", [[], [1, 10], [NAN, 0, -1, 1, 10], [INF, INF, INF, INF]])
def test_depth_slope_needs_three_usable_layers(values):
    assert np.isnan(depth_slope(values, np.arange(len(values)))).all()


def test_depth_slope_drops_what_has_no_logarithm():
    assert depth_slope([1, NAN, 100, 0, 1e4, -5, INF], range(7)).slope == pytest.approx(1)
    assert depth_slope([5, 5, 5], range(3)) == (0, 0, 0)
    assert np.isnan(depth_slope([1, 10, 100], [2, 2, 2]).slope)


def test_attenuation():
    assert attenuation(0.5, 5) == 2
    assert attenuation(0.5, 1) == 0
    assert np.isnan(attenuation(0.5, 0))


def test_depth_slope_of_a_run(run):
    assert measure("depth_slope", layers="hidden_*")(run) == pytest.approx(0.5, abs=1e-5)
    assert measure("depth_slope", layers="hidden_*", step=2)(run) == pytest.approx(0.3, abs=1e-5)
    assert measure("depth_slope", layers="hidden_*", step=-1)(run) == pytest.approx(0.2, abs=1e-5)
    assert measure("depth_slope", layers="hidden_*", step=0, until=-2)(run) == pytest.approx(0.4, abs=1e-5)
    assert measure("attenuation", layers="hidden_*")(run) == pytest.approx(2, abs=1e-4)
    assert DepthSlope(layers="hidden_*").interval(run).low == pytest.approx(0.5, abs=1e-5)


def test_steps_that_were_not_recorded_are_missing(run):
    assert np.isnan(measure("depth_slope", step=17)(run))
    assert np.isnan(measure("depth_slope", step=-5)(run))
    assert profile(run, "activation_gradient_rms", step=17).empty


def test_last_step_is_the_last_with_a_reading():
    """A statistic with a slower cadence is missing at the run's last steps."""
    table = layers_table({"update_ratio": [[1, 2, 3], [4, 5, 6], [NAN] * 3]}, steps=(0, 5, 9))
    assert measure("layer_median", column="update_ratio", step=-1)(run_of(table)) == 5
    assert measure("layer_median", column="update_ratio")(run_of(table)) == 3.5
    assert (
        measure("layer_median", column="update_ratio", layers="hidden_[12]", step=0, until=None)(run_of(table)) == 1.5
    )


def test_profile_is_by_depth():
    table = layers_table({"x": [[1, 2, 3]]}).iloc[::-1]
    assert profile(run_of(table), "x")["value"].tolist() == [1, 2, 3]
    assert list(profile(run_of(table), "x")["layer"]) == ["hidden_1", "hidden_2", "hidden_3"]


def test_layers_between_those_of_the_chain_do_not_count():
    """Dense, normalisation, activation, three times over: one decade from one dense layer to the next."""
    names = [f"{kind}_{i}" for i in range(4) for kind in ("dense", "norm", "relu")]
    table = layers_table({"activation_gradient_rms": [np.repeat([1.0, 10.0, 100.0, 1e3], 3)]}, names=names)
    assert measure("depth_slope", layers="dense_*")(run_of(table)) == pytest.approx(1)
    assert measure("attenuation", layers="dense_*")(run_of(table)) == pytest.approx(3)


def test_a_layer_without_a_reading_keeps_its_place():
    table = layers_table({"activation_gradient_rms": [[1.0, 10.0, NAN, 1e3, 1e4]]})
    assert measure("depth_slope")(run_of(table)) == pytest.approx(1)
    assert measure("attenuation")(run_of(table)) == pytest.approx(4)


def test_wrong_names_are_an_error(run):
    with pytest.raises(UsageError, match="activation_gradient_rms"):
        measure("depth_slope", column="activation_gradient")(run)
    with pytest.raises(UsageError, match="hidden_1"):
        measure("depth_slope", layers="hiden_*")(run)
    with pytest.raises(UsageError, match="depth_slope"):
        measure("depth_slop")
    with pytest.raises(UsageError, match="layers"):
        measure("depth_slope", layer="hidden_*")
    with pytest.raises(UsageError, match="accuracy"):
        measure("final_scalar", column="acuracy")(run_of(scalars=scalars_table([1.0], accuracy=1.0)))


PARAMETERS = {
    "false_alarm": {"column": "x", "bound": 1.0},
    "layer_maximum": {"column": "x"},
    "layer_median": {"column": "x"},
    "at_training_loss": {"level": 1.0},
    "loss_at_progress": {"progress": 1.0},
    "relative_gap": {"column": "x", "reference": "y"},
    "steps_dead": {"horizon": 5},
    "steps_to_loss": {"level": 1.0},
    "warning_steps": {"column": "x", "bound": 1.0},
    "warns_too_late": {"column": "x", "bound": 1.0},
    "recorded": {"name": "x"},
}


@pytest.mark.parametrize("name", [name for name in MEASURES if name != "first_non_finite_step"])
def test_an_empty_run_has_no_measures(name):
    assert np.isnan(measure(name, **PARAMETERS.get(name, {}))(run_of()))


@pytest.mark.parametrize("name", MEASURES)
def test_measures_have_units_and_are_records(name):
    built = measure(name, **PARAMETERS.get(name, {}))
    assert isinstance(getattr(built, "unit"), str)  # noqa: B009
    assert built == measure(name, **PARAMETERS.get(name, {}))


def falling(steps: int, at: int) -> np.ndarray:
    """A loss of 2 that drops to 1 at a step."""
    return np.where(np.arange(steps) < at, 2.0, 1.0)


def test_plateau():
    run = run_of(scalars=scalars_table(falling(100, 40), learning_rate=0.5))
    assert measure("plateau_steps", window=5)(run) == 40
    assert measure("plateau_progress", window=5)(run) == pytest.approx(20)
    assert measure("plateau_steps", window=5, level=1.05)(run) == INF
    assert measure("plateau_steps", window=5, level=2.5)(run) == 2  # below from the first full window on


def test_one_low_batch_does_not_leave_the_plateau():
    losses = falling(100, 60)
    losses[20] = 0.1
    assert measure("plateau_steps", window=5)(run_of(scalars=scalars_table(losses))) == 60


@pytest.mark.parametrize("losses", [np.full(50, 2.0), np.append(np.full(25, 2.0), np.full(25, NAN))])
def test_a_plateau_that_is_never_left_is_censored(losses):
    run = run_of(scalars=scalars_table(losses))
    assert measure("plateau_steps")(run) == INF
    assert measure("plateau_progress")(run) == INF
    assert measure("plateau_steps", restricted=True)(run) == 49
    assert measure("plateau_progress", restricted=True)(run) == pytest.approx(4.9)


def test_a_loss_that_starts_infinite_has_no_plateau():
    assert np.isnan(measure("plateau_steps")(run_of(scalars=scalars_table([NAN, INF, 1.0, NAN, NAN]))))


def test_progress_counts_every_step_between_readings():
    """Readings at steps 0, 10, 20 with rates 0.1, 0.1, 0.01: step 20 comes after 20 steps of 0.1."""
    scalars = scalars_table([3.0, 2.0, 1.0], np.array([0.1, 0.1, 0.01]), steps=[0, 10, 20])
    run = run_of(scalars=scalars)
    assert measure("loss_at_progress", progress=2.0, window=1)(run) == 1
    assert measure("loss_at_progress", progress=1.5, window=1)(run) == 1
    assert measure("loss_at_progress", progress=1.0, window=1)(run) == 2
    assert np.isnan(measure("loss_at_progress", progress=2.1, window=1)(run))


def test_equal_progress_makes_learning_rates_equal():
    """A loss that depends on progress alone has the same progress, and ten times the steps."""
    fast, slow = (
        run_of(scalars=scalars_table(3 * np.exp(-rate * np.arange(4000)), rate, steps=np.arange(4000)))
        for rate in (0.01, 0.001)
    )
    for name, ratio in (("plateau_steps", 10), ("plateau_progress", 1)):
        found = measure(name, window=1)(slow) / measure(name, window=1)(fast)
        assert found == pytest.approx(ratio, rel=0.05)


def test_final_scalar():
    scalars = scalars_table([3.0, 2.0, 1.0], accuracy=[0.1, 0.9, NAN])
    run = run_of(scalars=scalars)
    assert measure("final_scalar")(run) == 1
    assert measure("final_scalar", window=3)(run) == 2
    assert measure("final_scalar", column="accuracy")(run) == 0.9
    assert np.isnan(measure("final_scalar", split="validation")(run))
    assert measure("final_scalar")(run_of(scalars=scalars_table([1.0, NAN]))) == INF


def test_steps_to_a_loss_and_to_no_loss():
    run = run_of(scalars=scalars_table([3.0, 2.0, 1.0, NAN, 0.0]))
    assert measure("steps_to_loss", level=1.5, window=1)(run) == 2
    assert measure("steps_to_loss", level=-1.0, window=1)(run) == INF
    assert measure("first_non_finite_step")(run) == 3
    assert measure("first_non_finite_step")(run_of(scalars=scalars_table([1.0]))) == INF


def test_what_a_scenario_recorded_is_a_measure():
    run = run_of()
    run.metadata = {"recorded": {"patterns": 12.0}}
    assert measure("recorded", name="patterns")(run) == 12.0
    with pytest.raises(UsageError, match="patterns"):
        measure("recorded", name="pattern")(run)
    run.metadata = {}
    assert np.isnan(measure("recorded", name="patterns")(run))


def test_a_local_loss_that_a_robust_slope_overlooks_is_seen_at_the_ends_and_between_neighbours():
    """Three decades lost at one layer of five: the slope over the chain stays near 0."""
    table = layers_table(
        {"activation_gradient_rms": lambda step, depth: 1e-3 if depth == 0 else 1.0}, steps=range(1), names=NAMES
    )
    chain = {"layers": "hidden_*"}
    assert measure("attenuation", **chain)(run_of(table)) == pytest.approx(0)
    assert measure("end_to_end", **chain)(run_of(table)) == pytest.approx(3)
    assert measure("steepest_loss", **chain)(run_of(table)) == pytest.approx(3)


def test_a_gradient_of_exactly_zero_is_an_infinite_loss_and_a_single_layer_has_none():
    table = layers_table({"activation_gradient_rms": lambda step, depth: float(depth > 0)}, steps=range(1), names=NAMES)
    assert measure("end_to_end", layers="hidden_*")(run_of(table)) == INF
    assert np.isnan(measure("end_to_end", layers="hidden_1")(run_of(table)))
    assert np.isnan(measure("steepest_loss", layers="hidden_1")(run_of(table)))


def test_early_stopping_reads_the_test_part_at_the_best_validation_epoch():
    rows = [
        (0, "validation", 3.0),
        (0, "test", 30.0),
        (1, "validation", 1.0),
        (1, "test", 10.0),
        (2, "validation", 2.0),
    ]
    scalars = pd.DataFrame(rows, columns=["epoch", "split", "loss"]).assign(step=lambda table: table["epoch"])
    assert measure("at_best_epoch")(run_of(scalars=scalars)) == 10
    diverged = scalars.assign(loss=np.nan)
    assert np.isnan(measure("at_best_epoch")(run_of(scalars=diverged)))


def test_text_in_a_foreign_part_is_missing():
    table = scalars_table([1.0, 0.5, 0.25]).astype({"loss": object})
    table.loc[1, "loss"] = "half"
    assert measure("non_finite_share")(run_of(scalars=table)) == pytest.approx(1 / 3)
    assert measure("first_non_finite_step")(run_of(scalars=table)) == 1
