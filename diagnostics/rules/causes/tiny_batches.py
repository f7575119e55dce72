"""Are batches large enough for what is computed over them?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import LEARNS_LITTLE, Rule


@dataclass(frozen=True)
class TinyBatches(Rule):
    """Batch normalisation over a handful of examples.

    Formula: a trained batch normalisation, and a batch size of at most ``few``.

    Args:
        few: examples. Four: the standard deviation of four examples is itself off by 40 %.

    References:
        Wu and He 2018, Group normalization, arXiv 1803.08494, figure 1.
    """

    few: int = 4

    rank: ClassVar[int] = 45
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "oscillating_loss",
        "over_fitting",
        "stopped_early",
        "constant_signal",
        "vanishing_gradient",
        "dead_units",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without architecture and batch size."""
        size = case.training.batch_size
        if not case.architecture or size is None:
            return NotEvaluated(("a record of architecture and batch size",), (), ALL_FACTS)
        norms = tuple(
            layer.path for layer in case.architecture if layer.class_name == "BatchNormalization" and layer.trainable
        )
        if not norms or size > self.few:
            return Finding(self.name, "clean", f"Batches of {size} examples suit the model.")
        return Finding(
            self.name,
            "warning",
            f"Batches of {size} example{'s' * (size > 1)} are too small for batch normalisation ({len(norms)} layers).",
            "Mean and variance of so few examples are mostly noise; of a single one nothing is left.",
            "Use batches of 16 or more, or layer or group normalisation.",
            layers=norms,
            value=size,
            threshold=self.few,
            confidence=0.9,
            remedies=(Remedy("batch_size", {"size": 32}), Remedy("normalization", {"class": "GroupNormalization"})),
            reference="Wu and He 2018, arXiv 1803.08494.",
        )
