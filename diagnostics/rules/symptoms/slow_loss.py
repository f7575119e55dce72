"""Was the loss still falling when training ended, with little learned?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Severity
from diagnostics.rules.lacking import no_level
from diagnostics.rules.outcome import better
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import percent


@dataclass(frozen=True)
class SlowLoss(Rule):
    """A loss that still falls at the end of training, while the model has learned little.

    Formula: the mean loss of the last quarter lies below that of the quarter before by at least ``errors`` standard errors
    and the share ``fall``, and the skill (see ``NoLearning``) is below ``poor``. A model that is better than that and still improves
    is told so as info.

    Args:
        errors: standard errors. Three: 1 in 700 of steady runs with independent noise exceeds it.
        sure: standard errors that a warning takes; the quarter before must lie below the second by one, too, as the loss of a
            model that learns slowly falls throughout. Four: steady runs that are judged again and again while they grow are then
            told so in fewer than 1 in 50, noise that depends on the step before included (simulated).
        fall: share of the loss. One per cent: less is standing still, however steady.
        gained: share of all that was gained over the best constant which, for a warning, came between the last two quarters. 15 %:
            at a steady pace it is a quarter, and of an approach to a level with a time constant of half the run 13 %. Noisy targets,
            which allow no high skill, end such an approach early.
        poor: skill below which most of the learning is still to come.
        good: skill below which some of it is: told, but no warning.
    """

    errors: float = 3.0
    sure: float = 4.0
    fall: float = 0.01
    gained: float = 0.15
    poor: float = 0.3
    good: float = 0.8

    is_symptom: ClassVar[bool] = True
    rank: ClassVar[int] = 96

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning, info or clean; not evaluated without a known skill or with fewer than ten readings."""
        outcome = case.outcome
        fall, errors = outcome.late_fall
        if outcome.skill is None or np.isnan(fall) or (case.loss and case.loss.broken_at is not None):
            return no_level(case, "the loss of the best constant prediction, and ten readings of the loss")
        numbers = {"skill": outcome.skill, "late_fall": fall, "errors": errors}
        falling = errors >= self.errors and fall >= self.fall
        if not falling or outcome.skill >= self.good:
            ends = "still falls at the end" if falling else "no longer falls at the end"
            what = f"The loss {ends}; the skill by {outcome.measure} is {percent(outcome.skill)}."
            return Finding(self.name, "clean", what, numbers=numbers)
        early = outcome.skill < self.poor
        on_its_way = fall * (1 - outcome.skill) >= self.gained * outcome.skill
        sure = early and on_its_way and errors >= self.sure and outcome.fell_before
        severity: Severity = "warning" if sure else "info"
        return Finding(
            self.name,
            severity,
            f"The loss was still falling when training ended (by {percent(fall)} from the third quarter to the last), and the "
            f"model was {better(outcome.skill)}.",
            "Training ended while the model was still learning.",
            "Train longer, or raise the learning rate.",
            numbers=numbers,
            value=outcome.skill,
            threshold=self.poor if sure else self.good,
            evidence=(Evidence("loss", "scalars"),),
        )
