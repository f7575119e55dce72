"""Do activations stay within what float16 can hold?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.numerals import short

LARGEST = 65504.0
"""The largest finite float16."""


@dataclass(frozen=True)
class Float16Headroom(Rule):
    """Activations in float16 that come near its largest number, or an optimizer whose epsilon is next to 0 in float16.

    Formula: |activation_mean| + ``deviations`` × activation_std, the largest of all layers and steps, above 65,504; or weights in
    float16, and the epsilon of an optimizer that divides by a root of squared gradients below ``smallest``.

    Args:
        deviations: standard deviations. Eight: among millions of entries some lie that far out.
        smallest: float16's smallest normal number, 2⁻¹⁴. Gradients below 10⁻³ have squares that round to 0, and the step is
            then divided by epsilon alone, which rounds to 0 below 2⁻²⁵.

    References:
        IEEE 754, Standard for Floating-Point Arithmetic, 2019; Micikevicius et al. 2018, arXiv 1710.03740.
    """

    deviations: float = 8.0
    smallest: float = 2.0**-14

    rank: ClassVar[int] = 38
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "diverging_loss",
        "non_finite",
        "learning_rate_too_high",
        "update_ratio",
        "oscillating_loss",
        "dead_units",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; clean in other precisions; not evaluated without precision or moments."""
        precision = case.training.precision
        if precision is None:
            return NotEvaluated(("a record of the precision",), (), ALL_FACTS)
        if "float16" not in precision.replace("bfloat16", ""):
            return Finding(self.name, "clean", f"The precision is {precision}.")
        if precision == "float16" and (found := self._divides_by_nothing(case)):
            return found
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

    def _divides_by_nothing(self, case: Case) -> Finding | None:
        optimizer = case.training.optimizer
        epsilon = optimizer.settings.get("epsilon") if optimizer else None
        if optimizer is None or not isinstance(epsilon, float) or not 0 <= epsilon < self.smallest:
            return None
        return Finding(
            self.name,
            "warning",
            f"{optimizer.class_name} uses an epsilon of {short(epsilon)} in float16, whose smallest normal number is "
            f"{short(self.smallest)}.",
            "Squares of small gradients round to 0, so that steps are divided by next to nothing and become huge.",
            "Use the policy mixed_float16, which keeps the weights in float32, or set epsilon to 0.001.",
            value=epsilon,
            threshold=self.smallest,
            confidence=0.95,
            evidence=(Evidence("update_ratio"),),
            remedies=(Remedy("precision", {"policy": "mixed_float16"}), Remedy("epsilon", {"value": 1e-3})),
            reference="Micikevicius et al. 2018, arXiv 1710.03740.",
        )
