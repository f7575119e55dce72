"""Is there a non-linearity between the layers?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.model import BETWEEN, LINEAR_MAPS, activation_of
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.runs.facts import Layer

POOLS = ("AveragePooling1D", "AveragePooling2D", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "ZeroPadding2D")


@dataclass(frozen=True)
class LinearStack(Rule):
    """Layers that follow each other without an activation, so that together they are one linear map.

    Formula: the model consists of at least ``fewest`` dense or convolutional layers and of layers that are linear themselves, and
    none but the last has an activation. One layer alone is linear or logistic regression, which is often chosen knowingly: it is
    told, after all other faults, only where little was learned.

    Args:
        fewest: layers with weights from which on it is sure that more was wanted. Two.
        poor: skill below which little was learned, as in ``SlowLoss``.
    """

    fewest: int = 2
    poor: float = 0.3

    rank: ClassVar[int] = 42
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {"stopped_early", "learning_rate_too_low"}

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the architecture."""
        if not case.architecture:
            return NotEvaluated(("a record of the architecture",), (), ALL_FACTS)
        maps = [layer for layer in case.architecture if layer.class_name in LINEAR_MAPS]
        others = [layer for layer in case.architecture if layer.class_name not in LINEAR_MAPS]
        linear = all(map(_is_linear, others)) and all(activation_of(layer) == "linear" for layer in maps[:-1])
        skill = case.outcome.skill
        chosen = len(maps) < self.fewest and (skill is None or skill >= self.poor)
        if not maps or not linear or chosen:
            return Finding(self.name, "clean", "The model is not a stack of linear layers.")
        if len(maps) < self.fewest:
            return self._single(maps[0])
        return Finding(
            self.name,
            "warning",
            f"None of the {len(maps) - 1} hidden layers has an activation.",
            f"The {len(maps)} layers together compute what a single one could: a linear function of the input.",
            'Give the hidden layers an activation, such as activation="relu".',
            layers=tuple(layer.path for layer in maps[:-1]),
            confidence=0.95 if len(maps) > self.fewest else 0.9,  # two may be meant, as a factorisation
            remedies=(Remedy("activation", {"activation": "relu"}),),
        )

    def _single(self, layer: Layer) -> Finding:
        return Finding(
            self.name,
            "warning",
            f"The model is a single layer, {layer.path}, without a hidden one.",
            "It computes a linear function of its input, and cannot learn what depends on features together, such as XOR.",
            'Add one or two hidden layers with an activation, such as Dense(32, activation="relu").',
            layers=(layer.path,),
            confidence=0.75,
        )


def _is_linear(layer: Layer) -> bool:
    return layer.class_name in (*BETWEEN, *POOLS) and (layer.is_output or activation_of(layer) == "linear")
