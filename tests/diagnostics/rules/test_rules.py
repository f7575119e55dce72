"""Rules: each rule of the package on runs with a severe case of its problem, a mild case, or none."""

from __future__ import annotations

import dataclasses
import inspect
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics import rules as package
from diagnostics.rules import SEVERITIES, diagnose, rules
from diagnostics.rules.dead_units import DeadUnits
from diagnostics.rules.exploding_gradient import ExplodingGradient
from diagnostics.rules.loss_plateau import LossPlateau
from diagnostics.rules.non_finite import NonFinite
from diagnostics.rules.update_ratio import UpdateRatio
from diagnostics.rules.vanishing_gradient import VanishingGradient
from diagnostics.runs.files import plain
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
    return run_of(table, scalars_table(np.linspace(2, 1, 100)))


def only(run, rule):
    (finding,) = diagnose(run, [rule])
    return finding


def test_every_file_is_a_rule():
    files = {file.stem for file in Path(package.__path__[0]).glob("*.py")} - {"__init__", "rule"}
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
    for threshold in dataclasses.fields(type(rule)):
        assert f"\n    {threshold.name}: " in documented


def test_a_healthy_run_is_clean_in_words():
    findings = diagnose(flowing())
    assert {finding.severity for finding in findings} == {"clean"}
    assert [finding.rule for finding in findings] == sorted(rules())
    assert all(finding.what.endswith(".") for finding in findings)


def test_an_empty_run_is_not_evaluated():
    findings = diagnose(run_of())
    assert len(findings) == len(rules())
    assert {finding.severity for finding in findings} == {"not_evaluated"}


def test_missing_statistics_are_named():
    run = run_of(layers_table({"gradient_norm": [[1.0, 2.0]], "update_ratio": [[NAN, NAN]]}))
    finding = only(run, VanishingGradient())
    assert finding.severity == "not_evaluated"
    assert "needs activation_gradient_rms, update_ratio; the run has gradient_norm." in finding.what


def test_most_severe_first_and_as_json():
    run = flowing(slope=0.6, gap=0.6)
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
        (flowing(slope=0.6, gap=0.6), "critical"),
        (flowing(slope=0.6), "warning"),  # lost gradient that the optimizer makes up for
        (flowing(slope=0.6, gap=0.6, until=20), "warning"),  # gone after a fifth of the run
        (flowing(slope=0.1, gap=0.6), "clean"),  # one decade in all
        (flowing(slope=-0.6, gap=-0.6), "clean"),
    ],
)
def test_vanishing_gradient(run, severity):
    finding = only(run, VanishingGradient())
    assert finding.severity == severity
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
    assert finding.severity == "critical"
    assert finding.numbers["unreached"] == 9
    assert "exactly 0 at 9" in finding.what


def test_one_batch_does_not_move_the_verdict():
    run = flowing()
    at = run.layers["step"] == 50
    run.layers.loc[at, "activation_gradient_rms"] = np.float32(10.0 ** (0.6 * run.layers.loc[at, "depth"]))
    assert only(run, VanishingGradient(windows=5)).severity == "clean"


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_the_scale_of_the_loss_does_not_move_the_verdict(scale):
    run = flowing(slope=0.6, gap=0.6)
    run.layers["activation_gradient_rms"] *= np.float32(scale)
    assert only(run, VanishingGradient()).severity == "critical"


@pytest.mark.parametrize("rule", [VanishingGradient(), ExplodingGradient()])
def test_a_short_chain_is_not_evaluated(rule):
    run = flowing(slope=0.6)
    run.layers = run.layers[run.layers["layer"].isin(["hidden_1", "hidden_2", "hidden_3", "logits"])]
    assert only(run, rule).severity == "not_evaluated"


@pytest.mark.parametrize(
    ("run", "severity"),
    [
        (flowing(slope=-0.4, ratio=0.2), "critical"),
        (flowing(slope=-0.4), "warning"),
        (flowing(slope=-0.05, ratio=0.2), "clean"),
        (flowing(slope=0.4, ratio=0.2), "clean"),
    ],
)
def test_exploding_gradient(run, severity):
    assert only(run, ExplodingGradient()).severity == severity


@pytest.mark.parametrize(
    ("share", "severity"), [(0.6, "critical"), (0.5, "critical"), (0.1, "warning"), (0.09, "clean")]
)
def test_dead_units(share, severity):
    run = flowing(dead_fraction=lambda step, depth: share if depth == 2 and step == 95 else 0.9 if step < 95 else 0.0)
    finding = only(run, DeadUnits())
    assert finding.severity == severity
    assert finding.layers == (() if severity == "clean" else ("hidden_3",))
    assert finding.numbers["worst"] == pytest.approx(share)


@pytest.mark.parametrize(
    ("ratio", "gap", "severity"),
    [(1e-3, 0, "clean"), (0.5, 0, "critical"), (1e-6, 0, "warning"), (1e-3, 0.6, "warning"), (0.0, 0, "warning")],
)
def test_update_ratio(ratio, gap, severity):
    assert only(flowing(ratio=ratio, gap=gap), UpdateRatio()).severity == severity


def test_non_finite():
    run = flowing(gradient_nonfinite=lambda step, depth: 3.0 if (step, depth) == (40, 1) else 0.0)
    finding = only(run, NonFinite())
    assert (finding.severity, finding.layers, finding.numbers["first_step"]) == ("critical", ("hidden_2",), 40)
    assert finding.numbers["loss_step"] == INF
    run.scalars.loc[7:, "loss"] = NAN
    assert "step 7, in the loss" in only(run, NonFinite()).what
    run.layers.loc[0, "update_ratio"] = INF
    assert only(run, NonFinite()).numbers["first_step"] == 0


def test_missing_statistics_are_not_non_finite():
    run = flowing(update_ratio=lambda step, _: NAN if step % 10 else 1e-3)
    assert only(run, NonFinite()).severity == "clean"


def test_loss_plateau():
    def judged(losses):
        return only(run_of(scalars=scalars_table(losses)), LossPlateau())

    assert judged(np.linspace(2, 1, 100)).severity == "clean"
    assert judged(np.where(np.arange(100) < 80, 2.0, 1.0)).severity == "warning"
    stuck = judged(np.full(100, 2.3))
    assert (stuck.severity, stuck.numbers["left_step"]) == ("warning", INF)
    assert stuck.what.startswith(
        "The training loss never fell 10 % below its starting value in 99 steps; it ended at 2.3"
    )
    assert judged(np.full(20, 2.3)).severity == "not_evaluated"
    assert judged(np.full(100, NAN)).severity == "not_evaluated"


def test_a_run_of_somebody_elses_loop_is_judged_by_what_it_has():
    full = flowing()
    found = diagnose(run_of(full.layers, full.scalars[["step", "epoch", "split", "loss"]]))
    assert {finding.severity for finding in found} & {"clean", "warning"}


def test_a_run_without_a_loss_is_judged_by_its_layers():
    found = {
        finding.rule: finding for finding in diagnose(run_of(flowing().layers, flowing().scalars[["step", "split"]]))
    }
    assert found["loss_plateau"].severity == "not_evaluated" and "a training loss" in found["loss_plateau"].what
    assert found["non_finite"].severity == "clean" and "No loss was recorded" in found["non_finite"].what


def turned(cadences: dict[str, int], nan_from: int = 60) -> pd.DataFrame:
    """Statistics with cadences of their own; the gradient is NaN from a step on."""

    def column(name):
        return lambda step, _: NAN if step % cadences[name] or (name == "gradient_norm" and step >= nan_from) else 1.0

    table = layers_table({name: column(name) for name in cadences}, steps=range(0, 100, 5), names=NAMES)
    return table.dropna(how="all", subset=[*cadences])


def test_a_gradient_that_has_become_nan_is_found_without_a_loss():
    finding = only(run_of(turned({"activation_std": 10, "gradient_norm": 10})), NonFinite())
    assert (finding.severity, finding.numbers["layer_step"]) == ("critical", 60)
    for cadences in ({"activation_std": 5, "gradient_norm": 10}, {"activation_std": 10, "gradient_norm": 50}):
        assert only(run_of(turned(cadences, nan_from=1000)), NonFinite()).severity == "clean"


def test_a_row_without_a_number_is_not_a_measurement():
    table = layers_table(
        {"gradient_norm": lambda step, _: NAN if step > 50 else 1.0}, steps=range(0, 100, 10), names=NAMES
    )
    finding = only(run_of(table), NonFinite())
    assert (finding.severity, finding.numbers["layer_step"]) == ("critical", 60)


def test_thresholds_are_fields():
    run = flowing(slope=0.1, gap=0.6)
    assert only(run, VanishingGradient(attenuation=0.5)).severity == "critical"
    assert only(flowing(), DeadUnits(warning=0.0, critical=1.0)).severity == "warning"


def test_plain_text_layers_do_as_well_as_categories():
    run = flowing(slope=0.6, gap=0.6)
    run.layers = run.layers.astype({"layer": str, "kind": str})
    assert isinstance(run.layers, pd.DataFrame)
    assert only(run, VanishingGradient()).severity == "critical"
