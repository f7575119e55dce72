"""Does every step see the same batch?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated
from diagnostics.rules.rule import LEARNS_LITTLE, Rule


@dataclass(frozen=True)
class RepeatedBatches(Rule):
    """Batches that are all the same, as from a generator that never moves on.

    Formula: 1 distinct batch among ``batches`` or more of steps that follow one another, told apart by mean and deviation of inputs
    and targets. Where each epoch is one batch, as in training on all data at once, this is as it should be.

    Args:
        batches: fewest batches that are compared. Four: fewer may be alike in tiny data.
    """

    batches: int = 4

    rank: ClassVar[int] = 12
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "over_fitting",
        "stopped_early",
        "unrelated_targets",
        "oscillating_loss",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated where the length of an epoch is not known, or is one batch."""
        compared, distinct = case.data.compared_batches, case.data.distinct_batches
        epoch = case.training.steps_per_epoch
        if distinct is None or not epoch or min(compared, epoch) < self.batches:
            return self._unknown(epoch)
        if distinct > 1 or all(one.constant_features == (one.features or 1) for one in case.data.inputs):
            return Finding(self.name, "clean", f"{distinct} of {compared} batches are distinct.")
        return self._repeated(case, distinct, compared)

    def _unknown(self, epoch: int | None) -> NotEvaluated:
        """What is missing: in a short epoch nothing, else a record of batches that follow each other."""
        if epoch and epoch < self.batches:
            few = f"an epoch of at least {self.batches} batches (this run's have {epoch})"
            return NotEvaluated((few,), (), "Nothing to add: so few batches may be alike.")
        return NotEvaluated((f"a record of {self.batches} consecutive batches of one epoch",), (), ALL_FACTS)

    def _repeated(self, case: Case, distinct: int, compared: int) -> Finding:
        return Finding(
            self.name,
            "warning",
            f"All of {compared} batches that were compared hold the same examples.",
            "The model learns one batch by heart and sees nothing of the other data.",
            "Let each call of the generator yield the next batch: move the index on inside its loop, or pass arrays to fit.",
            value=float(distinct),
            threshold=1.0,
            confidence=0.97,
            # Without validation data it may be meant: learning one batch by heart shows that a model can learn.
            stands=case.validation_loss is not None,
        )
