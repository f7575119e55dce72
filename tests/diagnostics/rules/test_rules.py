"""Rules: each rule of the package on runs with a severe case of its problem, a mild case, or none."""

from __future__ import annotations

import dataclasses
import inspect
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import probes
from diagnostics.rules import SEVERITIES, case_of, causes, diagnose, rules, symptoms
from diagnostics.rules.causes.dead_units import DeadUnits
from diagnostics.rules.causes.exploding_gradient import ExplodingGradient
from diagnostics.rules.causes.initialisation import Initialisation
from diagnostics.rules.causes.non_finite import NonFinite
from diagnostics.rules.causes.update_ratio import UpdateRatio
from diagnostics.rules.causes.vanishing_gradient import VanishingGradient
from diagnostics.rules.stages import STRONG, ask
from diagnostics.runs.facts import Layer
from diagnostics.runs.files import plain
from diagnostics.runs.tables import MEASURED_NAN
from tests.kit.runs import layers_table, run_of, scalars_table

NAN, INF = np.nan, np.inf
LAYERS = 12
NAMES = [*(f"hidden_{i}" for i in range(1, LAYERS)), "logits"]


def flowing(slope=0.0, gap=0.0, until: int = 100, ratio=1e-3, **columns):
    """A chain with a depth slope and update gap (decades per layer) for all steps before ``until``, level after."""

    def gradient(step: int, depth: int) -> float:
        return 10.0 ** (slope * depth) if step < until else 1.0

    def update(step: int, depth: int) -> float:
        return ratio * 10.0 ** (gap * (depth - LAYERS)) if step < until else ratio

    table = layers_table(
        {"activation_gradient_rms": gradient, "update_ratio": update, "dead_fraction": lambda *_: 0.0} | columns,
        steps=range(0, 100, 5),
        names=NAMES,
    )
    return run_of(table, scalars_table(1 + np.exp(-np.arange(100) / 10)))


def only(run, rule):
    """A rule's own answer, before the outcome is weighed."""
    return ask(rule, case_of(run))


def graded(finding) -> str:
    """The severity; ``sure`` for a warning that counts although the outcome is only poor."""
    return "sure" if finding.severity == "warning" and finding.confidence >= STRONG else finding.severity


def test_every_file_is_a_rule():
    files = {file.stem for stage in (causes, symptoms) for file in Path(stage.__path__[0]).glob("*.py")} - {"__init__"}
    assert set(rules()) == files


@pytest.mark.parametrize("name", rules())
def test_a_rule_is_a_documented_record(name):
    rule = rules()[name]()
    assert rule.name == name
    assert rule == rules()[name]()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(rule, "anything", 1)  # noqa: B010
    documented = inspect.getdoc(type(rule)) or ""
    assert "Formula:" in documented
    assert rule.is_symptom == (type(rule).__module__.split(".")[2] == "symptoms")
    assert rule.is_symptom or rule.explains <= set(rules())
    for threshold in dataclasses.fields(type(rule)):
        assert f"\n    {threshold.name}: " in documented


def test_a_healthy_run_is_clean_in_words():
    findings = diagnose(flowing())
    assert {finding.severity for finding in findings} == {"clean", "not_evaluated"}
    assert sorted(finding.rule for finding in findings) == sorted(rules())
    assert all(finding.what.endswith(".") for finding in findings)


def test_an_empty_run_is_not_evaluated():
    findings = diagnose(run_of())
    assert len(findings) == len(rules())
    assert {finding.severity for finding in findings if finding.rule != "ended"} == {"not_evaluated"}


def test_a_reading_is_judged_like_a_run():
    reading = probes.Reading(flowing(slope=0.6, gap=0.6).layers)
    found = next(finding for finding in diagnose(reading) if finding.rule == "vanishing_gradient")
    assert found.severity == "warning"  # without a loss the outcome is unknown, and the evidence strong


def test_missing_statistics_are_named():
    run = run_of(layers_table({"gradient_norm": [[1.0, 2.0]], "update_ratio": [[NAN, NAN]]}))
    finding = only(run, VanishingGradient())
    assert finding.severity == "not_evaluated"
    assert "needs activation_gradient_rms, update_ratio; the run has gradient_norm." in finding.what
    assert "probes.ActivationGradient()" in finding.do


def test_most_severe_first_and_as_json():
    run = flowing(slope=0.6, gap=0.6, ratio=1e-2)
    run.scalars = scalars_table(np.full(100, 2.3))
    run.layers.loc[run.layers["layer"] == "hidden_3", "dead_fraction"] = 0.2
    findings = diagnose(run)
    assert [SEVERITIES.index(finding.severity) for finding in findings] == sorted(
        SEVERITIES.index(finding.severity) for finding in findings
    )
    stored = json.loads(json.dumps([plain(dataclasses.asdict(finding)) for finding in findings], allow_nan=False))
    assert stored[0]["rule"] == "vanishing_gradient"
    assert stored[0]["numbers"]["slope"] == pytest.approx(0.6, abs=1e-4)


@pytest.mark.parametrize(
    ("run", "severity"),
    [
        (flowing(slope=0.6, gap=0.6), "sure"),
        (flowing(slope=0.6), "warning"),  # lost gradient that the optimizer makes up for
        (flowing(slope=0.6, gap=0.6, until=20), "warning"),  # gone after a fifth of the run
        (flowing(slope=0.1, gap=0.6), "clean"),  # one decade in all
        (flowing(slope=-0.6, gap=-0.6), "clean"),
        (
            flowing(activation_gradient_rms=lambda _, depth: 9e-4 if depth < 6 else 1.0),
            "warning",
        ),  # three decades at one layer
    ],
)
def test_vanishing_gradient(run, severity):
    finding = only(run, VanishingGradient())
    assert graded(finding) == severity
    assert (finding.layers == tuple(NAMES[:-1])) == (severity != "clean")
    assert finding.numbers["layers"] == LAYERS - 1


def test_vanishing_gradient_numbers():
    numbers = only(flowing(slope=0.6, gap=0.6), VanishingGradient()).numbers
    assert numbers["attenuation"] == pytest.approx(6, abs=1e-3)
    assert numbers["windows"] == numbers["starved"] == 10
    assert numbers["update_gap"] == pytest.approx(-0.6 * 9, abs=1e-3)


def test_a_gradient_of_exactly_zero_has_vanished():
    """Underflow leaves no logarithm to fit a slope to; the zeros themselves are the evidence."""

    def gradient(_, depth):
        return 0.0 if depth < 9 else 1.0

    finding = only(flowing(gap=0.6, activation_gradient_rms=gradient), VanishingGradient())
    assert graded(finding) == "sure"
    assert finding.numbers["unreached"] == 9
    assert "exactly 0 at 9" in finding.what


def test_a_gradient_of_zero_everywhere_is_no_healthy_one():
    run = flowing(activation_gradient_rms=lambda *_: 0.0, ratio=0.0)
    found = only(run, VanishingGradient())
    assert graded(found) == "sure" and "exactly 0 at all 12 layers" in found.what
    assert only(run, ExplodingGradient()).severity == "not_evaluated"


def test_a_run_of_nan_is_clean_in_nothing_that_it_did_not_measure():
    run = flowing(activation_gradient_rms=lambda *_: NAN, update_ratio=lambda *_: NAN, dead_fraction=lambda *_: NAN)
    run.layers[MEASURED_NAN] = "activation_gradient_rms update_ratio"
    run.scalars = scalars_table(np.full(100, NAN))
    found = {one.rule: one.severity for one in diagnose(run)}
    assert found["non_finite"] == found["diverging_loss"] == "error"
    assert {found[name] for name in ("vanishing_gradient", "exploding_gradient", "update_ratio")} == {"not_evaluated"}


def test_what_comes_after_the_first_nan_is_not_judged():
    run = flowing(slope=0.6, gap=0.6)
    run.scalars = scalars_table(np.where(np.arange(100) < 40, 2.0, NAN))
    finding = only(run, VanishingGradient())
    assert finding.steps[1] < 40 and finding.numbers["last_step"] < 40


def test_one_measured_step_is_too_few():
    run = flowing(slope=0.6, gap=0.6)
    run.layers = run.layers[run.layers["step"] == 0]
    assert only(run, VanishingGradient()).severity == only(run, UpdateRatio()).severity == "not_evaluated"


def test_one_batch_does_not_move_the_verdict():
    run = flowing()
    at = run.layers["step"] == 50
    run.layers.loc[at, "activation_gradient_rms"] = np.float32(10.0 ** (0.6 * run.layers.loc[at, "depth"]))
    assert only(run, VanishingGradient(windows=5)).severity == "clean"


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_scale_of_the_loss_does_not_move_the_verdict(scale):
    run = flowing(slope=0.6, gap=0.6)
    run.layers["activation_gradient_rms"] *= np.float32(scale)
    assert graded(only(run, VanishingGradient())) == "sure"


@pytest.mark.parametrize("rule", [VanishingGradient(), ExplodingGradient()])
def test_a_short_chain_is_not_evaluated(rule):
    run = flowing(slope=0.6)
    run.layers = run.layers[run.layers["layer"].isin(["hidden_1", "hidden_2", "hidden_3", "logits"])]
    assert only(run, rule).severity == "not_evaluated"


@pytest.mark.parametrize(
    ("run", "severity"),
    [
        (flowing(slope=-0.4, ratio=0.2), "sure"),
        (flowing(slope=-0.4), "warning"),
        (flowing(slope=-0.05, ratio=0.2), "clean"),
        (flowing(slope=0.4, ratio=0.2), "clean"),
    ],
)
def test_exploding_gradient(run, severity):
    assert graded(only(run, ExplodingGradient())) == severity


@pytest.mark.parametrize(("share", "severity"), [(0.96, "sure"), (0.6, "warning"), (0.1, "warning"), (0.09, "clean")])
def test_dead_units(share, severity):
    run = flowing(dead_fraction=lambda step, depth: share if depth == 2 and step == 95 else 0.9 if step < 95 else 0.0)
    finding = only(run, DeadUnits())
    assert graded(finding) == severity
    assert finding.layers == (() if severity == "clean" else ("hidden_3",))


def test_when_units_died():
    born = flowing(dead_fraction=lambda step, depth: 0.7 * (depth == 2))
    assert "for every example, from the start." in only(born, DeadUnits()).what
    grown = flowing(dead_fraction=lambda step, depth: (0.6 if step < 50 else 0.7) * (depth == 2))
    assert "example, 60 % at the first check." in only(grown, DeadUnits()).what
    grown.units = pd.DataFrame(
        [(5, "hidden_3", unit, "born_dead") for unit in range(6)], columns=["step", "layer", "unit", "event"]
    )
    assert "example, 60 % from the start." in only(grown, DeadUnits()).what
    grown.units = pd.concat([grown.units, grown.units.iloc[:4].assign(step=30, event="revival")])
    told = only(grown, DeadUnits()).what
    assert told.endswith("for every example. At the first check it was 60 %, but most of those came back in between.")
    sudden = flowing(dead_fraction=lambda step, depth: 0.7 * (depth == 2 and step >= 50))
    assert "most of which died at once near step 50" in only(sudden, DeadUnits()).what


def test_a_smaller_rate_is_no_advice_for_units_that_were_born_dead():
    born = only(flowing(dead_fraction=lambda step, depth: 1.0 * (depth in (2, 3))), DeadUnits())
    assert [remedy.change for remedy in born.remedies] == ["activation"] and "will not revive units" in born.do
    assert (
        born.means == "No gradient passes hidden_3 and hidden_4: neither they nor the layers before them are trained."
    )
    later = only(flowing(dead_fraction=lambda step, depth: 1.0 * (depth == 2 and step >= 50)), DeadUnits())
    assert [remedy.change for remedy in later.remedies] == ["learning_rate", "activation"]


def test_dead_units_that_found_no_relu_says_so():
    finding = only(flowing(dead_fraction=lambda *_: NAN), DeadUnits())
    assert finding.severity == "clean" and "found no layer whose units can die" in finding.what
    run = flowing()
    run.layers = run.layers.drop(columns="dead_fraction")
    assert "Add probes.DeadUnits" in only(run, DeadUnits()).do


def test_a_check_for_dead_units_that_has_not_ended_is_no_clean_one():
    run = flowing(dead_fraction=lambda *_: NAN)
    run.layers = run.layers[run.layers["step"].isin(run.layers["step"].unique()[:4])]
    finding = only(run, DeadUnits())
    assert finding.severity == "not_evaluated" and "a complete check for dead units" in finding.what
    rectified = flowing(dead_fraction=lambda *_: NAN)
    rectified.architecture = (Layer("Dense", path="hidden_1", activation="relu"),)
    assert only(rectified, DeadUnits()).severity == "not_evaluated"


@pytest.mark.parametrize(
    ("ratio", "gap", "severity"),
    [(1e-3, 0, "clean"), (0.5, 0, "warning"), (1e-6, 0, "warning"), (1e-3, 0.6, "warning"), (0.0, 0, "warning")],
)
def test_update_ratio(ratio, gap, severity):
    assert only(flowing(ratio=ratio, gap=gap), UpdateRatio()).severity == severity


def test_non_finite():
    run = flowing(gradient_nonfinite=lambda step, depth: 3.0 if (step, depth) == (40, 1) else 0.0)
    finding = only(run, NonFinite())
    assert finding.severity == "info", "the loss stayed finite: loss scaling skips such steps"
    run.scalars.loc[60:, "loss"] = NAN
    finding = only(run, NonFinite())
    assert (finding.severity, finding.layers, finding.numbers["first_step"]) == ("error", ("hidden_2",), 40)
    assert "the gradient of hidden_2, 20 steps before the loss" in finding.what
    run.scalars.loc[7:, "loss"] = NAN
    assert "step 7, in the loss" in only(run, NonFinite()).what
    run.layers.loc[0, "update_ratio"] = INF
    assert only(run, NonFinite()).numbers["first_step"] == 0


def test_missing_statistics_are_not_non_finite():
    run = flowing(update_ratio=lambda step, _: NAN if step % 10 else 1e-3)
    assert only(run, NonFinite()).severity == "clean"


def test_a_run_of_somebody_elses_loop_is_judged_by_what_it_has():
    full = flowing()
    found = diagnose(run_of(full.layers, full.scalars[["step", "epoch", "split", "loss"]]))
    assert {finding.severity for finding in found} & {"clean", "warning"}


def test_a_run_without_a_loss_is_judged_by_its_layers():
    found = {
        finding.rule: finding for finding in diagnose(run_of(flowing().layers, flowing().scalars[["step", "split"]]))
    }
    assert found["no_learning"].severity == "not_evaluated" and "training loss" in found["no_learning"].what
    assert found["non_finite"].severity == "clean" and "No loss was recorded" in found["non_finite"].what


def turned(cadences: dict[str, int], nan_from: int = 60) -> pd.DataFrame:
    """Statistics with cadences of their own; the gradient is NaN from a step on."""

    def column(name):
        return lambda step, _: NAN if step % cadences[name] or (name == "gradient_norm" and step >= nan_from) else 1.0

    table = layers_table({name: column(name) for name in cadences}, steps=range(0, 100, 5), names=NAMES)
    return table.dropna(how="all", subset=[*cadences])


def test_a_gradient_that_has_become_nan_is_found_without_a_loss():
    finding = only(run_of(turned({"activation_std": 10, "gradient_norm": 10})), NonFinite())
    assert (finding.severity, finding.numbers["layer_step"]) == ("error", 60)
    for cadences in ({"activation_std": 5, "gradient_norm": 10}, {"activation_std": 10, "gradient_norm": 50}):
        assert only(run_of(turned(cadences, nan_from=1000)), NonFinite()).severity == "clean"


def test_a_row_without_a_number_is_not_a_measurement():
    table = layers_table(
        {"gradient_norm": lambda step, _: NAN if step > 50 else 1.0}, steps=range(0, 100, 10), names=NAMES
    )
    finding = only(run_of(table), NonFinite())
    assert (finding.severity, finding.numbers["layer_step"]) == ("error", 60)


def test_thresholds_are_fields():
    run = flowing(slope=0.1, gap=0.6)
    assert graded(only(run, VanishingGradient(attenuation=0.5))) == "sure"
    assert only(flowing(), DeadUnits(warning=0.0)).severity == "warning"


def test_plain_text_layers_do_as_well_as_categories():
    run = flowing(slope=0.6, gap=0.6)
    run.layers = run.layers.astype({"layer": str, "kind": str})
    assert isinstance(run.layers, pd.DataFrame)
    assert graded(only(run, VanishingGradient())) == "sure"


def _run_of_length(steps: int):
    rng = np.random.default_rng(0)
    layers = 50
    columns = {name: rng.lognormal(-7, 0.5, (steps, layers)) for name in ("update_ratio", "gradient_norm")}
    columns |= {name: rng.lognormal(-3, 0.5, (steps, layers)) for name in ("activation_gradient_rms", "activation_std")}
    return run_of(layers_table(columns, steps=range(steps)), scalars_table(1 + np.exp(-np.arange(steps) / 100)))


def _diagnosed_with_calls(run) -> tuple[list, int]:
    calls = 0

    def count(*_):
        nonlocal calls
        calls += 1

    sys.setprofile(count)
    try:
        findings = diagnose(run)
    finally:
        sys.setprofile(None)
    return findings, calls


def test_a_long_run_is_judged_from_arrays_alone():
    """50 layers: ten times the steps cost no more calls, so no rule goes through the rows in Python (counted, not timed)."""
    _diagnosed_with_calls(_run_of_length(1_000))  # the first call also pays for imports
    _, short = _diagnosed_with_calls(_run_of_length(1_000))
    findings, long = _diagnosed_with_calls(_run_of_length(10_000))
    assert long < 1.5 * short
    assert all(finding.severity != "error" for finding in findings)


def test_a_gradient_that_is_zero_up_to_a_layer():
    steps, names = range(0, 100, 5), ["conv", "dense", "logits"]
    cut = {"activation_gradient_rms": lambda _, depth: float(depth == 2), "update_ratio": lambda *_: 1e-3}
    found = only(run_of(layers_table(cut, steps=steps, names=names)), VanishingGradient())
    assert graded(found) == "sure" and "2 of 3 layers, from dense back" in found.what
    once = cut | {"activation_gradient_rms": lambda step, depth: float(depth == 2 or step > 0)}  # an output of zeros
    assert only(run_of(layers_table(once, steps=steps, names=names)), VanishingGradient()).severity == "not_evaluated"


@pytest.mark.parametrize(("size", "answer"), [(1e4, "sure"), (3.0, "clean")])
def test_a_recurrent_layer_that_multiplies_its_signal(size, answer):
    table = layers_table({"activation_std": np.array([[size, 1.0]] * 3)}, steps=range(3), names=["rnn", "out"])
    table["kind"] = np.where(table["layer"] == "rnn", "SimpleRNN", "Dense")
    found = only(run_of(table), Initialisation())
    assert graded(found) == answer


def test_dead_units_before_what_follows_from_them():
    dead = {"dead_fraction": lambda _, depth: [1.0, NAN, NAN][depth], "constant_fraction": lambda *_: 1.0}
    run = run_of(layers_table(dead, steps=range(10), names=["relu", "flatten", "logits"]), scalars_table([2.3] * 100))
    loud = [one.rule for one in diagnose(run) if one.is_loud]
    assert loud[:1] == ["dead_units"]
