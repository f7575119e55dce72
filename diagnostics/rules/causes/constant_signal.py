"""Is there a layer from which on nothing depends on the example?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.grid import Grid
from diagnostics.measures.missing import layer_names
from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import LEARNS_LITTLE, Rule

NORMALISES = "Normalization"
CERTAIN, SUSPECT, FOLLOWS = 0.95, 0.85, 0.6
"""How sure the layer itself is at fault: one without weights did it alone, one with weights may have been trained to it, and one
behind dead or equal units passes on what it gets."""


@dataclass(frozen=True)
class ConstantSignal(Rule):
    """A layer whose output is the same for every example of the batch.

    Formula: median over the run of constant_fraction, the share of the layer's units that are constant over the batch, at least
    ``share``; or of activation_std exactly 0. The first such layer is named. Batches of one example say nothing.

    Args:
        share: of the units. 99 %: what is left could not carry much.
        vary: standard deviation of the inputs, below which they are to blame rather than the layer.
    """

    share: float = 0.99
    vary: float = 0.01

    rank: ClassVar[int] = 28
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "dead_units",
        "vanishing_gradient",
        "weights_do_not_move",
        "update_ratio",
        "stopped_early",
        "saturation",
        "unscaled_inputs",
        "learning_rate_too_low",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without either statistic."""
        constant, spread = case.grid("constant_fraction"), case.grid("activation_std")
        if (constant is None and spread is None) or case.training.batch_size == 1:
            return NotEvaluated(
                ("constant_fraction, in batches of more than one example",),
                (),
                "Add probes.ActivationMoments() to the probes.",
            )
        flat = [] if constant is None else _layers(constant, constant.typical() >= self.share)
        flat += [] if spread is None else _layers(spread, spread.typical() == 0)
        order = {layer: place for place, layer in enumerate(layer_names(case.layers))}
        dead = _dead(case, self.share)
        flat = sorted(set(flat) - dead, key=lambda layer: order[layer])
        if not flat:
            return Finding(
                self.name, "clean", f"Every layer's output varies from example to example{case.while_finite}."
            )
        weightless = flat[0] not in _weighty(case) and all((one.std or 1.0) > self.vary for one in case.data.inputs)
        followed = any(order[layer] < order[flat[0]] for layer in dead | _alike(case, self.share) if layer in order)
        return Finding(
            self.name,
            "warning",
            f"{_which(flat)} the same for every example.",
            "What comes after it cannot tell examples apart.",
            f"Look at the input and output of {flat[0]} for one batch; an integer dtype that rounds to 0 is a common reason.",
            layers=tuple(flat),
            value=1.0,
            threshold=self.share,
            confidence=FOLLOWS if followed else CERTAIN if weightless else SUSPECT,
            evidence=(Evidence("activation_std"),),
            remedies=(Remedy("inputs"),),
        )


def _which(flat: list[str]) -> str:
    if len(flat) == 1:
        return f"The layer {flat[0]} puts out"
    return f"From {flat[0]} on, {len(flat)} layers put out"


def _weighty(case: Case) -> set[str]:
    """Layers with weights: their output may be constant because of what training did to them."""
    known = {
        layer.path for layer in case.architecture if layer.parameters and not layer.class_name.endswith(NORMALISES)
    }
    return known or {str(record["layer"]) for record in case.layer_table if record.get("parameters")}


def _layers(grid: Grid, chosen: np.ndarray) -> list[str]:
    return [layer for layer, is_chosen in zip(grid.layers, chosen, strict=True) if is_chosen]


def _alike(case: Case, share: float) -> set[str]:
    """Layers whose units begin with the same weights, which a normalisation behind them turns into zeros."""
    return {layer for layer, alike in case.data.alike_weights.items() if alike >= share}


def _dead(case: Case, share: float) -> set[str]:
    """Layers that are constant because their units are dead, which is told by another rule."""
    grid = case.grid("dead_fraction")
    return set() if grid is None else set(_layers(grid, grid.typical(0.8) >= share))
