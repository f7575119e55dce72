"""Does the loss swing instead of settling?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy, Severity
from diagnostics.rules.lacking import LONGER, no_level, too_few
from diagnostics.rules.rule import Rule
from diagnostics.runs.data_facts import Target
from diagnostics.wording.numerals import percent, short


@dataclass(frozen=True)
class OscillatingLoss(Rule):
    """A loss that keeps jumping above that of a constant prediction after the model has learned.

    Formula: in the second half of training, the share of groups of steps, each of at least ``examples`` examples, whose mean loss
    exceeds ``margin`` × the best constant's, and that by ``deviations`` standard errors; at least ``share``, while the median step
    is below ``learned`` × the constant's loss.

    Args:
        examples: examples in a group. At 64, the mean of a learned model's loss varies by an eighth of the examples' spread.
        margin: factor. A quarter more: what a constant prediction of normal targets has varies by a sixth from group to group.
        deviations: standard errors that the mean of a group must lie above the constant's, where classes are rare: at 3 % positives the
            loss of a constant itself varies by half from group to group, by how many positives happen to be in it.
        share: share of the groups. A tenth: a single bad batch is none.
        learned: share of the constant's loss.
        good: skill at the end from which on the swings did no harm.
        groups: fewest groups in the second half.
        tail: standard deviations by which a target of a regression may lie from the mean. Six, which normal
            targets never reach: a group of examples that holds
            such a target has a large loss whatever the model says.
    """

    examples: int = 64
    margin: float = 1.25
    deviations: float = 3.0
    share: float = 0.1
    learned: float = 0.9
    good: float = 0.7
    groups: int = 10
    tail: float = 6.0

    is_symptom: ClassVar[bool] = True
    rank: ClassVar[int] = 93

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning, info where the model is good in the end, or clean."""
        outcome = case.outcome
        if outcome.loss is None or outcome.constant is None or outcome.penalised:
            return no_level(case, "the loss of the best constant prediction")
        size = int(np.ceil(self.examples / max(case.training.batch_size or 32, 1)))
        late = outcome.loss.finite[len(outcome.loss.finite) // 2 :]
        groups = late[: len(late) // size * size].reshape(-1, size).mean(axis=1)
        if len(groups) < self.groups:
            what = f"groups of {self.examples} examples in the second half of training"
            return too_few(case, self.groups, what, len(groups), LONGER)
        examples = size * (case.training.batch_size or 32)
        error = max((_spread(one) for one in case.data.targets), default=0.0) / np.sqrt(examples)
        bound = outcome.constant * max(self.margin, 1 + self.deviations * error)
        above, middle = float(np.mean(groups > bound)), float(np.median(late))
        skill = outcome.skill or 0.0
        numbers = {"share": above, "median": middle, "constant": outcome.constant, "skill": skill}
        if above < self.share or middle >= self.learned * outcome.constant:
            far = middle < self.learned * outcome.constant
            told = "does not swing" if far else "does not fall far enough to swing back"
            what = f"The loss {told} above that of a constant prediction, {short(outcome.constant)}."
            return Finding(self.name, "clean", what, numbers=numbers)
        rare = any(_farthest(one) > self.tail for one in case.data.targets)
        severity: Severity = "info" if skill >= self.good or rare else "warning"
        return Finding(
            self.name,
            severity,
            f"The loss swings: in the second half of training its median is {short(middle)}, but its mean over {size} steps is well "
            f"above {short(outcome.constant)}, what a constant prediction would have, in {percent(above)} of such stretches.",
            "Steps keep destroying what was learned.",
            "Try a learning rate a tenth as large, or a larger batch.",
            numbers=numbers,
            value=above,
            threshold=self.share,
            evidence=(Evidence("loss", "scalars"),),
            remedies=(Remedy("learning_rate", {"factor": 0.1}),),
        )


def _spread(target: Target) -> float:
    """Standard deviation of −ln p over examples, p the share of an example's class, by its mean; 0 where shares are unknown."""
    shares = np.array([share for share in target.shares or () if share > 0])
    if len(shares) < 2:
        return 0.0
    surprise = -np.log(shares / shares.sum())
    mean = float(shares @ surprise / shares.sum())
    return float(np.sqrt(shares @ (surprise - mean) ** 2 / shares.sum())) / mean


def _farthest(target: Target) -> float:
    """How many standard deviations the farthest target lies from the mean; 0 for classes, or where it is unknown."""
    low, high, mean, std = target.minimum, target.maximum, target.mean, target.std
    if target.classes or not std or low is None or high is None or mean is None:
        return 0.0
    return max(high - mean, mean - low) / std
