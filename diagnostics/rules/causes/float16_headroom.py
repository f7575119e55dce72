"""Do activations stay within what float16 can hold?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import Rule
from diagnostics.wording.numerals import short

LARGEST = 65504.0
"""The largest finite float16."""


@dataclass(frozen=True)
class Float16Headroom(Rule):
    """Activations in float16 that come near its largest number.

    Formula: |activation_mean| + ``deviations`` × activation_std, the largest of all layers and steps, above 65,504.

    Args:
        deviations: standard deviations. Eight: among millions of entries some lie that far out.
    """

    deviations: float = 8.0

    rank: ClassVar[int] = 66
    explains: ClassVar[frozenset[str]] = frozenset({"diverging_loss", "non_finite", "no_learning"})

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; clean in other precisions; not evaluated without moments."""
        precision = case.training.precision
        if precision is None:
            return NotEvaluated(("a record of the precision",), (), ALL_FACTS)
        if "float16" not in precision.replace("bfloat16", ""):
            return Finding(self.name, "clean", f"The precision is {precision}.")
        mean, std = case.grid("activation_mean"), case.grid("activation_std")
        if mean is None or std is None:
            return NotEvaluated(
                ("activation_mean and activation_std",), (), "Add probes.ActivationMoments() to the probes."
            )
        reach = np.nanmax(np.abs(mean.values), axis=0) + self.deviations * np.nanmax(std.values, axis=0)
        worst = int(reach.argmax())
        told = f"Activations of {mean.layers[worst]} reach about {short(float(reach[worst]))}; float16 ends at {short(LARGEST)}"
        if reach[worst] <= LARGEST:
            return Finding(self.name, "clean", f"{told}.")
        return Finding(
            self.name,
            "warning",
            f"{told}.",
            "Values beyond it become infinite.",
            "Use mixed_bfloat16, scale the inputs, or normalise before this layer.",
            layers=(mean.layers[worst],),
            value=float(reach[worst]),
            threshold=LARGEST,
            confidence=0.9,
            evidence=(Evidence("activation_std"),),
            remedies=(Remedy("precision", {"policy": "mixed_bfloat16"}),),
        )
