"""Evidence on growing series: its level however often one looks, and the symptoms' false alarms on steady noisy runs."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from diagnostics.rules import case_of
from diagnostics.rules.stages import ask
from diagnostics.rules.symptoms.diverging_loss import DivergingLoss
from diagnostics.rules.symptoms.no_learning import NoLearning
from diagnostics.rules.symptoms.oscillating_loss import OscillatingLoss
from diagnostics.rules.symptoms.slow_loss import SlowLoss
from diagnostics.statistics.sequential import exceedance_evidence
from tests.kit.runs import facts_of, loss_of, run_of, scalars_table

RUNS, STEPS, LOOKS = 100, 400, range(40, 401, 60)
PER_RUN = 0.02
"""The level that docs/rules.md states for each run: all four symptoms, at every look."""
SYMPTOMS = (DivergingLoss(), NoLearning(), OscillatingLoss(), SlowLoss())


@pytest.mark.parametrize("chance", [0.5, 0.3])
def test_the_level_holds_at_every_length(chance):
    rng, level, runs = np.random.default_rng(0), 0.05, 400
    series = rng.random((runs, 200)) < chance
    alarms = sum(any(exceedance_evidence(row[:n]) >= 1 / level for n in range(5, 201, 5)) for row in series)
    assert alarms <= binom.ppf(0.999, runs, level)


def test_what_turns_bad_late_is_told():
    assert exceedance_evidence(np.ones(10, bool)) >= 100
    late = np.r_[np.zeros(100, bool), np.ones(60, bool)]
    assert exceedance_evidence(late) >= 100 and exceedance_evidence(late[:110]) < 1


def judged(losses, constant: float):
    facts = facts_of(loss_of("MeanSquaredError"), (), {"targets": [{"std": 1.0}], "constant_loss": {"value": constant}})
    case = case_of(run_of(scalars=scalars_table(losses), **facts))
    return [rule.name for rule in SYMPTOMS if ask(rule, case).is_loud]


@pytest.mark.parametrize("memory", [0.0, 0.6])
def test_steady_noisy_runs_are_seldom_told_anything(memory):
    """Losses that fell to six tenths of a constant's and stay there, with noise that depends on the step before."""
    rng = np.random.default_rng(1)
    alarms = 0
    for _ in range(RUNS):
        noise = np.zeros(STEPS)
        for step in range(1, STEPS):
            noise[step] = memory * noise[step - 1] + np.sqrt(1 - memory**2) * rng.standard_normal()
        losses = np.exp(0.2 * noise) * (0.6 + 0.6 * np.exp(-np.arange(STEPS) / 5))
        alarms += any(judged(losses[:n], 1.0) for n in LOOKS)
    assert alarms <= binom.ppf(0.999, RUNS, PER_RUN)


def test_the_same_noise_about_a_rising_loss_is_told():
    rng = np.random.default_rng(2)
    rising = np.exp(0.2 * rng.standard_normal(STEPS)) * np.geomspace(0.9, 6.0, STEPS)
    assert "diverging_loss" in judged(rising, 1.0)
