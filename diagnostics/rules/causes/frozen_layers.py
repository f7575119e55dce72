"""Are too many layers kept from training?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.runs.facts import Layer
from diagnostics.wording.numerals import percent


@dataclass(frozen=True)
class FrozenLayers(Rule):
    """Layers with weights that are not trained.

    Formula: layers with ``trainable=False`` / layers with weights, at least ``share``.

    Args:
        share: of the layers with weights. A third: what is frozen then decides what the model can learn.
    """

    share: float = 1 / 3

    rank: ClassVar[int] = 46
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "weights_do_not_move",
        "update_ratio",
        "stopped_early",
        "learning_rate_too_low",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the architecture."""
        weighty = [layer for layer in case.architecture if layer.parameters]
        if not weighty:
            return NotEvaluated(("a record of the architecture",), (), ALL_FACTS)
        frozen = [layer for layer in weighty if not layer.trainable or not layer.trainable_parameters]
        frozen = [
            layer for layer in frozen if layer.class_name not in ("Normalization", "IntegerLookup", "StringLookup")
        ]
        share = len(frozen) / len(weighty)
        if share < self.share:
            return Finding(self.name, "clean", _told(weighty, len(frozen)))
        if len(frozen) == len(weighty):
            return self._nothing_trains(frozen)
        return Finding(
            self.name,
            "warning",
            f"{len(frozen)} of {len(weighty)} layers with weights ({percent(share)}) are frozen.",
            "They keep their first weights, which is right for a pretrained extractor and wrong for random ones.",
            "Set trainable=True for the layers that are to learn, before compile().",
            layers=tuple(layer.path for layer in frozen),
            value=share,
            threshold=self.share,
            confidence=0.8,
            remedies=(Remedy("unfreeze"),),
        )

    def _nothing_trains(self, frozen: Sequence[Layer]) -> Finding:
        """What needs no bad outcome: a training of nothing."""
        return Finding(
            self.name,
            "warning",
            f"Every layer with weights is frozen ({len(frozen)} of {len(frozen)}), the output layer as well.",
            "Nothing of the model is trained: its loss changes only with the data.",
            "Set trainable=True at least for the output layer, before compile().",
            layers=tuple(layer.path for layer in frozen),
            value=1.0,
            threshold=self.share,
            confidence=0.99,
            remedies=(Remedy("unfreeze"),),
            stands=True,
        )


def _told(weighty: Sequence[Layer], frozen: int) -> str:
    """How much is frozen: layers as a whole, or a part of their weights, as beside adapters."""
    # What a normalisation does not train are its moving averages.
    partly = [one for one in weighty if one.trainable_parameters and not one.class_name.endswith("Normalization")]
    kept = sum(one.parameters - one.trainable_parameters for one in partly)
    if not kept:
        return f"{frozen or 'None'} of {len(weighty)} layers with weights {'is' if frozen < 2 else 'are'} frozen."
    layers = sum(one.parameters > one.trainable_parameters for one in partly)
    whole = f"{frozen or 'No'} layer{'s' * (frozen > 1)} {'are' if frozen > 1 else 'is'} frozen as a whole"
    total = sum(one.parameters for one in weighty)
    return f"{whole}; {kept:,} of {total:,} parameters are, inside {layers} layers that train the others."
