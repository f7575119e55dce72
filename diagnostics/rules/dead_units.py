"""How many units are dead at the end of training?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.measures.tables import RunLike, readings
from diagnostics.rules.rule import Finding, NotEvaluated, Rule, Severity
from diagnostics.wording.numerals import percent


@dataclass(frozen=True)
class DeadUnits(Rule):
    """Units whose output is 0 on every example of a layer's last check.

    Formula: dead_fraction at the last check of every layer; the worst layer decides.

    Args:
        warning: share of dead units. A tenth: well above a healthy wide layer, and still easy to fix.
        critical: share of dead units. A half: the layer has lost half its width (the CS231n notes report
            40 % of a network dead at a learning rate that is too high).

    References:
        Lu et al. 2019, arXiv 1903.06733.
    """

    warning: float = 0.1
    critical: float = 0.5

    needs: ClassVar[frozenset[str]] = frozenset({"dead_fraction"})
    remedy: ClassVar[str] = "Add probes.DeadUnits() to the probes to enable this check."

    def judge(self, run: RunLike) -> Finding | NotEvaluated:
        """Critical, warning or clean, by the worst layer."""
        last = readings(run, "dead_fraction").drop_duplicates("layer", keep="last").sort_values("depth")
        shares = dict(zip(last["layer"].astype(str), last["value"].astype(float), strict=True))
        worst = max(shares, key=lambda layer: shares[layer])
        concerned = tuple(layer for layer, share in shares.items() if share >= self.warning)
        severity: Severity = "critical" if shares[worst] >= self.critical else "warning" if concerned else "clean"
        clean = severity == "clean"
        return Finding(
            rule=self.name,
            severity=severity,
            what=f"{len(concerned)} of {len(shares)} layers have at least {percent(self.warning)} dead units at the last "
            f"check; the worst is {worst} with {percent(shares[worst])}.",
            means="Nearly every unit still fires on at least one example."
            if clean
            else "A dead unit receives no gradient from these examples and contributes nothing to the output.",
            do=""
            if clean
            else "Try a smaller learning rate, He initialisation, a leaky activation, or gradient clipping.",
            layers=concerned,
            numbers={"layers": len(shares), "concerned": len(concerned), "worst": shares[worst]},
        )
