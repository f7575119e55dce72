"""Would more steps have helped?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.lacking import LONGER, lost
from diagnostics.rules.outcome import better
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import percent

NOTHING = 1e-3
"""A share of the loss that is no fall and no rise."""


@dataclass(frozen=True)
class StoppedEarly(Rule):
    """A training that ended while its loss was falling.

    Formula: the mean loss of the last quarter lies below that of the quarter before by at least ``errors`` standard errors and by
    the share ``fall``. Or at most ``part`` of the epochs asked for were done, and the skill is below ``poor``.

    Args:
        errors: standard errors, as in ``SlowLoss``.
        fall: share of the loss. One per cent in a quarter of the run: less would not pay.
        short: steps that are too few to conclude anything, if nothing else explains that the model learned nothing. A hundred:
            Adam at its default rate then moves a weight by a tenth at most.
        poor: skill below which little was learned, as in ``SlowLoss``.
        part: share of the epochs asked for, below which something stopped the training early. A quarter.
    """

    errors: float = 3.0
    fall: float = 0.01
    short: int = 100
    poor: float = 0.3
    part: float = 0.25

    rank: ClassVar[int] = 69
    explains: ClassVar[frozenset[str]] = frozenset({"no_learning", "slow_loss", "stuck_loss", "constant_predictions"})

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated with fewer than ten readings of the loss."""
        fall, errors = case.outcome.late_fall
        if found := self._cut_short(case):
            return found
        if np.isnan(fall):
            return NotEvaluated(("ten finite readings of the loss",), (), lost(case) or LONGER)
        if errors < self.errors or fall < self.fall:
            if self._is_short(case):
                return self._short(case.steps)
            return Finding(self.name, "clean", f"When training ended, {self._stands(fall)}.")
        return self._falling(case, fall, errors)

    def _stands(self, fall: float) -> str:
        """How the loss went on at the end, where it did not fall for certain."""
        quarters = "from the third quarter of training to the last"
        if abs(fall) < NOTHING:
            return f"the loss no longer fell {quarters}"
        if fall < 0:
            return f"the loss was not falling: it rose by {percent(-fall)} {quarters}"
        if fall < self.fall:
            return f"the loss was hardly falling any more: by {percent(fall)} {quarters}"
        return f"the loss had fallen by no more than its noise: {percent(fall)} {quarters}"

    def _cut_short(self, case: Case) -> Finding | None:
        """A warning where a callback ended training after a small part of its epochs, with little learned."""
        asked, ended = case.training.epochs, case.metadata.get("status") == "finished"
        skill, done = case.outcome.skill, case.epochs
        if not asked or not ended or not 0 < done <= self.part * asked or skill is None or skill >= self.poor:
            return None
        return Finding(
            self.name,
            "warning",
            f"Training was stopped after {done} of {asked} epochs, when the model was {better(skill)}.",
            "A callback, such as EarlyStopping, ended it before the model had learned.",
            "Check what EarlyStopping monitors, its mode, min_delta and patience; or leave it out and compare.",
            value=done / asked,
            threshold=self.part,
            confidence=0.85,
            evidence=(Evidence("loss", "scalars"),),
            remedies=(Remedy("epochs", {"factor": 4.0}),),
        )

    def _is_short(self, case: Case) -> bool:
        """Whether there were too few steps to conclude anything: a single short epoch, or several in which little was learned."""
        skill = case.outcome.skill
        little = skill is not None and skill < self.poor
        return case.steps <= self.short and (little or case.training.epochs == 1)

    def _short(self, steps: int) -> Finding:
        return Finding(
            self.name,
            "warning",
            f"Training ended after {steps:,} steps.",
            "So few steps show neither that the model can learn nor that it cannot.",
            "Train for ten times as many epochs (smaller batches give more steps, too), and judge then.",
            value=steps,
            threshold=self.short,
            confidence=0.7,
            evidence=(Evidence("loss", "scalars"),),
            remedies=(Remedy("epochs", {"factor": 10.0}),),
        )

    def _falling(self, case: Case, fall: float, errors: float) -> Finding:
        told = (
            f"after {case.steps:,} steps, the training loss was still falling (by {percent(fall)} from the third quarter of training "
            "to the last)"
        )
        promise, beside = self._promise(case)
        return Finding(
            self.name,
            "warning",
            f"Training ended too early: {told}.",
            "The model had not finished learning.",
            "Train for several times as many epochs.",
            if_harmless=f"{promise}: {told}{beside}.",
            numbers={"fall": fall, "errors": errors},
            value=fall,
            threshold=self.fall,
            confidence=0.85,
            evidence=(Evidence("loss", "scalars"),),
            remedies=(Remedy("epochs", {"factor": 4.0}),),
        )

    def _promise(self, case: Case) -> tuple[str, str]:
        """What more epochs would do, and what the validation loss did meanwhile; empty where it has no course."""
        change = _late_change(case)
        if change is None:
            return "More epochs may still improve the model", ""
        if change < -self.fall:
            return (
                "More epochs would still improve the model",
                f", and so was the validation loss (by {percent(-change)})",
            )
        how = f"rose by {percent(change)}" if change > self.fall else "hardly moved"
        return (
            "More epochs would lower the training loss, but not the validation loss",
            f", while the validation loss {how}",
        )


def _late_change(case: Case) -> float | None:
    """The share by which the validation loss changed from the third quarter of its readings to the last; ``None`` if unknown."""
    values = case.validation_loss.finite if case.validation_loss is not None else np.empty(0)
    quarter = len(values) // 4
    if not quarter:
        return None
    before = float(values[-2 * quarter : -quarter].mean())
    return float(values[-quarter:].mean()) / before - 1 if before > 0 else None
