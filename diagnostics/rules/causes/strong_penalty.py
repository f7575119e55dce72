"""Does a penalty on the weights leave nothing of them?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import UNJUDGED, Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.lacking import too_few
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.runs.facts import Component
from diagnostics.wording.numerals import percent, short

PENALTIES = ("L1", "L2", "L1L2")


@dataclass(frozen=True)
class StrongPenalty(Rule):
    """A penalty on the weights, or a weight decay, that training cannot work against.

    Formula: of the layers with an L1 or L2 penalty on their kernel (of all, where the optimizer has a weight decay), the median of
    weight_norm at the end by that at the start, at most ``left``.

    Args:
        left: share of the first norm. Three tenths: what a layer passes on is smaller by as much, and over three layers next to
            nothing is left. Training alone makes weights grow.
    """

    left: float = 0.3

    needs: ClassVar[frozenset[str]] = frozenset({"weight_norm"})
    remedy: ClassVar[str] = "Add probes.GradientNorm() to the probes."
    rank: ClassVar[int] = 48
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "dead_units",
        "vanishing_gradient",
        "constant_signal",
        "weights_do_not_move",
        "update_ratio",
        "learning_rate_too_high",
        "learning_rate_too_low",
        "stopped_early",
        "saturation",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without two readings of the weights' norms."""
        grid = case.grid("weight_norm")
        if grid is None or len(grid) < 2:
            return too_few(case, 2, "readings of weight_norm", 0 if grid is None else len(grid))
        strength = {layer.path: known for layer in case.architecture if (known := _kernel_penalty(layer.regularizers))}
        decay = _number((case.training.optimizer.settings if case.training.optimizer else {}).get("weight_decay"))
        held = [place for place, layer in enumerate(grid.layers) if decay or layer in strength]
        if not held:
            return self._unheld(case)
        with np.errstate(divide="ignore", invalid="ignore"):
            kept = grid.values[-1, held] / grid.values[0, held]
        left = float(np.median(kept[np.isfinite(kept)])) if np.isfinite(kept).any() else 1.0
        what = f"a penalty of {short(max(strength.values()))}" if strength else f"a weight decay of {short(decay)}"
        told = f"With {what}, the weights end at {percent(left)} of their first norm"
        if left > self.left:
            return Finding(self.name, "clean", f"{told}.", value=left, threshold=self.left)
        return Finding(
            self.name,
            "warning",
            f"The penalty on the weights is too strong: {told[0].lower()}{told[1:]}.",
            "Small weights cost the least, whatever they predict, and hardly anything of the input reaches the output.",
            "Divide the penalty by a hundred (1e-4 is common for L2), or leave it out until the model learns.",
            layers=tuple(grid.layers[place] for place in held),
            value=left,
            threshold=self.left,
            confidence=0.92,
            if_harmless=f"The penalty on the weights is strong: {told[0].lower()}{told[1:]}.",
            evidence=(Evidence("weight_norm"), Evidence("loss", "scalars")),
            remedies=(Remedy("penalty", {"factor": 0.01}),),
            reference="Krogh and Hertz 1991, A simple weight decay can improve generalization.",
        )

    def _unheld(self, case: Case) -> Finding:
        """Clean; no pass where a weight decay, or a penalty, could be there unseen."""
        decay = any(_number(one.settings.get("weight_decay")) for one in case.training.optimizers.values())
        if case.architecture and not decay and (case.training.optimizer or case.training.optimizers):
            return Finding(self.name, "clean", "No penalty and no decay holds the weights down.")
        if not case.architecture:
            what = "Penalties on the weights of layers were not recorded."
        elif decay:
            what = "No layer has a penalty on its weights; the weight decay of several optimizers is not judged."
        else:
            what = "No layer has a penalty on its weights; a weight decay of the optimizer was not recorded."
        return Finding(self.name, "clean", what, UNJUDGED)


def _kernel_penalty(regularizers: Mapping[str, Component]) -> float:
    """The strength of a layer's penalty on its weights; 0 without one."""
    known = [one for name, one in regularizers.items() if name.endswith("kernel") and one.class_name in PENALTIES]
    return max((_number(one.settings.get(name)) for one in known for name in ("l1", "l2")), default=0.0)


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
