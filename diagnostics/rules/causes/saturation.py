"""Do bounded activations work where they are flat?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.numerals import percent


@dataclass(frozen=True)
class Saturation(Rule):
    """Hidden layers with a sigmoid or tanh whose outputs lie where the activation hardly changes.

    Formula: median of saturated_fraction over the run, the output layer left out; the worst layer decides.

    Args:
        warning: share of outputs. A half: half of the layer's gradient is lost.
        severe: share of outputs. Nine tenths.

    References:
        Glorot and Bengio 2010, section 3.
    """

    warning: float = 0.5
    severe: float = 0.9

    needs: ClassVar[frozenset[str]] = frozenset({"saturated_fraction"})
    remedy: ClassVar[str] = "Add probes.Saturation() to the probes."
    rank: ClassVar[int] = 63
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "vanishing_gradient",
        "weights_do_not_move",
        "update_ratio",
        "stopped_early",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean, by the worst hidden layer."""
        grid = case.grid("saturated_fraction")
        outputs = {layer.path for layer in case.architecture if layer.is_output}
        hidden = [] if grid is None else [layer for layer in grid.layers if layer not in outputs]
        if grid is None or not hidden:
            return NotEvaluated(("a hidden layer with a bounded activation",))
        shares = grid.of(hidden).typical()
        worst = int(np.nanargmax(shares))
        concerned = tuple(layer for layer, share in zip(hidden, shares, strict=True) if share >= self.warning)
        if not concerned:
            what = f"At most {percent(float(shares[worst]))} of the outputs of {len(hidden)} layers are saturated."
            return Finding(self.name, "clean", what)
        return Finding(
            self.name,
            "warning",
            f"In {len(concerned)} of {len(hidden)} layers with a bounded activation, at least {percent(self.warning)} of the outputs "
            f"are saturated; the worst is {hidden[worst]} with {percent(float(shares[worst]))}.",
            "Where an activation is flat, no gradient passes.",
            "Try smaller first weights, scaled inputs, batch normalisation, or ReLU.",
            layers=concerned,
            value=float(shares[worst]),
            threshold=self.warning,
            confidence=0.9 if shares[worst] >= self.severe else 0.7,
            evidence=(Evidence("saturated_fraction"),),
            remedies=(Remedy("initialization"), Remedy("activation", {"activation": "relu"}), Remedy("scale_inputs")),
            reference="Glorot and Bengio 2010.",
        )
