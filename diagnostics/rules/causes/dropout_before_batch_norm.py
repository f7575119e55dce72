"""Does batch normalisation learn its statistics from activations that dropout has changed?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.causes.dropout_rate import DROPS
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.outcome import LAST_READINGS
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import short

CONFIRMED, POSSIBLE = 0.92, 0.8
"""How sure it is that the order harms: with a validation loss that shows it, and without."""


@dataclass(frozen=True)
class DropoutBeforeBatchNorm(Rule):
    """Dropout before batch normalisation: the moving variance is that of training, and inference has another.

    Formula: a dropout with a rate of at least ``rate`` comes before a batch normalisation in the order of the layers.

    Args:
        rate: below a tenth, the shift is below what batches differ by.
        worse: factor by which the validation loss at the end exceeds the training loss. A tenth more: dropout makes the training
            loss the larger one of the two, unless the model is shifted, or knows its examples by heart.

    References:
        Li et al. 2019, arXiv 1801.05134.
    """

    rate: float = 0.1
    worse: float = 1.1

    rank: ClassVar[int] = 70
    explains: ClassVar[frozenset[str]] = frozenset({"over_fitting", "stuck_loss", "no_learning", "slow_loss"})

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the architecture."""
        if not case.architecture:
            return NotEvaluated(("a record of the architecture",), (), ALL_FACTS)
        order = list(case.architecture)
        drops = [place for place, one in enumerate(order) if one.class_name in DROPS and (one.rate or 0) >= self.rate]
        norms = [
            place
            for place, one in enumerate(order)
            if one.class_name == "BatchNormalization" and drops and place > drops[0]
        ]
        if not norms:
            return Finding(self.name, "clean", "No dropout comes before a batch normalisation.")
        first, norm = order[drops[0]], order[norms[0]]
        told = _variance(case, first.path)
        return Finding(
            self.name,
            "warning",
            f"{_counted(len(norms))} after a dropout layer, such as {norm.path!r} after {first.path!r}{told}.",
            "In training they see a larger variance than in inference, and shift what they pass on.",
            "Move dropout behind the last batch normalisation, or leave it out.",
            layers=(first.path, *(order[place].path for place in norms)),
            value=first.rate,
            threshold=self.rate,
            confidence=CONFIRMED if self._shifted(case) else POSSIBLE,
            remedies=(Remedy("dropout", {"after": "batch_normalization"}),),
            reference="Li et al. 2019, arXiv 1801.05134.",
        )

    def _shifted(self, case: Case) -> bool:
        """Whether inference does worse than training although it still improves, so that nothing is learned by heart."""
        validation, loss = case.validation_loss, case.outcome.loss
        if validation is None or loss is None or len(validation.finite) <= LAST_READINGS:
            return False
        end = float(validation.finite[-LAST_READINGS:].mean())
        return end > self.worse * loss.end.mean and end <= validation.finite[:-LAST_READINGS].min()


def _variance(case: Case, path: str) -> str:
    """By which factor the dropout multiplies the variance, as a clause; empty if it was not measured."""
    grid = case.grid("variance_ratio")
    if grid is None or path not in grid.layers:
        return ""
    return f"; that dropout multiplies the variance by {short(float(grid.of([path]).typical()[0]))}, in training only"


def _counted(norms: int) -> str:
    return f"{norms} batch normalisations come" if norms > 1 else "A batch normalisation comes"
