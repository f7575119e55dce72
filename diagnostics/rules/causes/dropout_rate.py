"""Does dropout leave enough of the signal?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.model import RECURRENT
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.runs.facts import Layer
from diagnostics.wording.numerals import percent

DROPS = ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout", "GaussianDropout")


@dataclass(frozen=True)
class DropoutRate(Rule):
    """Dropout that removes most of what a layer says.

    Formula: a layer's drop rate at least ``high``, be it a dropout layer or the ``dropout`` and ``recurrent_dropout`` of a
    recurrent one; or the shares kept by all dropouts multiplied, at most ``kept``.

    Args:
        high: rate. 0.7; Srivastava et al. recommend 0.2 for inputs and 0.5 for hidden layers.
        kept: share. Five per cent of the paths: as after five dropouts of 0.45.

    References:
        Srivastava et al. 2014, Dropout, JMLR 15:1929.
    """

    high: float = 0.7
    kept: float = 0.05

    rank: ClassVar[int] = 56
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {"oscillating_loss", "stopped_early", "dead_units"}

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the architecture."""
        if not case.architecture:
            return NotEvaluated(("a record of the architecture",), (), ALL_FACTS)
        drops = [(layer, rate) for layer in case.architecture if (rate := _rate(layer))]
        if not drops:
            return Finding(self.name, "clean", "The model has no dropout.")
        worst, rate = max(drops, key=lambda each: each[1])
        left = 1.0
        for _, each in drops:
            left *= 1 - each
        if rate < self.high and left > self.kept:
            return Finding(self.name, "clean", f"The largest dropout rate is {rate}.")
        what = (
            f"{worst.path} drops {percent(rate)} of its input"
            if rate >= self.high
            else f"{len(drops)} dropouts in a row leave {percent(left)} of the paths through the model"
        )
        return Finding(
            self.name,
            "warning",
            f"{what}.",
            "Too little of the signal is left in each step to learn from.",
            "Try a rate of 0.2 to 0.5, or fewer dropouts.",
            layers=tuple(layer.path for layer, each in drops if each >= self.high)
            or tuple(layer.path for layer, _ in drops),
            value=rate,
            threshold=self.high,
            confidence=0.9,
            remedies=(Remedy("dropout", {"rate": 0.3}),),
            reference="Srivastava et al. 2014, JMLR 15:1929.",
        )


def _rate(layer: Layer) -> float:
    """The share of its input that a layer drops; of a recurrent layer's two rates the larger."""
    if layer.class_name in DROPS:
        return layer.rate or 0.0
    if layer.class_name not in RECURRENT:
        return 0.0
    return max(float(layer.settings.get(name) or 0.0) for name in ("dropout", "recurrent_dropout"))
