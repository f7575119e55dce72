"""The claims of ``dead_relu`` about deaths and revivals."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from scenarios.scenario import Claim, Part
from scenarios.shared.parts import CHECK

FIRST, DEEP = "hidden_1", "hidden_[!1]"

NEARLY_ALL = 0.9
"""Units stay dead for good when more than this share of them does."""


@dataclass(frozen=True)
class DeadClaims:
    """What is claimed about units that die.

    Args:
        depth: hidden layers.
        at: the step of the spike.
        soon: deaths are counted up to this many steps after it.
        horizon: a longer time spent dead counts as this many steps.
        every: steps between checks.
    """

    depth: int
    at: int
    soon: int
    horizon: int
    every: int

    def claims(self) -> tuple[Claim, ...]:
        """The gradient of dead units, revivals, and the effects of a spike."""
        return (
            self._no_gradient(),
            self._deep_units_return(),
            self._because_layers_before_learn(),
            self._first_layer_never_returns(),
            self._spike_kills(),
            self._dead_for_good(),
            self._return_later(),
        )

    def _no_gradient(self) -> Claim:
        return Claim(
            name="no_gradient",
            statement="A ReLU unit whose input is negative on all data gets no gradient.",
            parts=tuple(
                Part(label, "recorded", {"name": "dead_gradient"}, arm, unit="loss per unit of weight", **CHECK)
                for arm, label in (("killed-0.5", "50 % killed at start"), ("killed-0.7", "70 % killed at start"))
            ),
            threshold="holds by construction, a check of the instrument: supported when every weight into every dead unit has a "
            "gradient of 0",
            outcomes={
                "supported": "The largest gradient of a weight into a dead unit is exactly 0 in all {seeds} replicates.",
                "": "Exactly 0: {supported}. Not 0: {refuted}. No dead unit in some replicate: {open}.",
            },
        )

    def _deep_units_return(self) -> Claim:
        return self._counted(
            "deep_units_return",
            "Behind the first layer dead units recover.",
            {"event": "revival", "layers": DEEP},
            {
                "calm": "calm",
                "spike": "one large step",
                "outlier": "one outlying batch",
                "high": "high rate",
                "momentum": "momentum",
            },
            "existence: one revival from layer 2 on is enough in each set-up; shown is the share of runs with one",
            "Units behind the first layer recover: {supported}. Share of runs with a revival: {low} to {high}.",
            method="exists",
        )

    def _because_layers_before_learn(self) -> Claim:
        last = f"hidden_{self.depth}"
        event = {"measure": "unit_events", "parameters": {"event": "revival", "layers": last}, "unit": "units"}
        return Claim(
            name="because_layers_before_learn",
            statement="They recover because the layers before them go on learning: with those layers frozen, they do not.",
            parts=(
                Part("last hidden layer, those before it frozen", treated="frozen", **event, **CHECK),
                Part("the same layer, nothing frozen, recovers in some run", treated="high", **event, method="exists"),
            ),
            threshold="frozen: holds by construction, a check of the instrument, one revival refutes it, because fixed inputs "
            "leave a dead unit without gradient; nothing frozen: one revival is enough",
            outcomes={"": "As stated: {supported}. Not as stated: {refuted}."},
        )

    def _first_layer_never_returns(self) -> Claim:
        # A unit that is dead on the data may be alive on the outlying batch: count from the first check after it.
        after = self.at + self.every + 1
        claim = self._counted(
            "first_layer_never_returns",
            "In the first layer, whose inputs never change, a dead unit never recovers under plain SGD.",
            {"event": "revival", "layers": FIRST, "first": after},
            {
                "spike": "one large step",
                "outlier": "one outlying batch",
                "high": "high rate",
                "killed-0.5": "50 % killed at start",
            },
            "holds by construction, a check of the instrument: one revival refutes it; counted from the first check after the "
            "spike, while the loss is finite",
            "No unit of the first layer recovered: {supported}, in all {seeds} replicates.",
        )
        return replace(claim, parts=tuple(replace(part, **CHECK) for part in claim.parts))

    def _spike_kills(self) -> Claim:
        claim = self._counted(
            "spike_kills",
            "Units die after a sudden large gradient.",
            {"event": "death", "first": self.at + 1, "until": self.at + self.soon},
            {"spike": "one large step", "outlier": "one outlying batch"},
            f"supported when more units die in the {self.soon} steps after it than in the same steps of calm training, as a ratio "
            "of counts",
            "More deaths than in calm training: {supported}. {low} to {high} times as many.",
            method="counts",
        )
        return replace(
            claim,
            parts=tuple(replace(part, control="calm", threshold=1.0, unit="times as many") for part in claim.parts),
        )

    def _dead_for_good(self) -> Claim:
        window = {"layers": DEEP, "first": self.at + 1, "until": self.at + self.soon}
        return Claim(
            name="dead_for_good",
            statement="Behind the first layer, nine in ten units killed by a sudden large gradient stay dead until training ends.",
            parts=tuple(
                Part(label, "dead_for_good", window, arm, threshold=NEARLY_ALL, unit="share of those killed")
                for arm, label in (("spike", "one large step"), ("outlier", "one outlying batch"))
            ),
            threshold=f"supported when more than {100 * NEARLY_ALL:g} % of them do not recover; one share for each replicate, "
            "since units of one network depend on each other",
            outcomes={
                "": "Nearly all stay dead: {supported}. Many recover: {refuted}. The share that stays dead is {low} to {high}."
            },
        )

    def _return_later(self) -> Claim:
        claim = self._counted(
            "return_later",
            "Behind the first layer, units that died in a spike take longer to recover than units that died in calm training.",
            {"layers": DEEP, "horizon": self.horizon, "first": self.at + 1},
            {"spike": "one large step", "outlier": "one outlying batch"},
            f"supported when the mean time spent dead of the spells that begin after the spike, counted up to {self.horizon} "
            "steps, is longer than that of the spells of calm training that begin in the same steps; one mean for each replicate "
            "in which units die in both",
            "Dead for longer: {supported}. The difference is {low} to {high} steps.",
        )
        change = {"control": "calm", "measure": "steps_dead", "unit": "steps"}
        return replace(claim, parts=tuple(replace(part, **change) for part in claim.parts))

    def _counted(
        self,
        name: str,
        statement: str,
        parameters: dict[str, Any],
        arms: dict[str, str],
        threshold: str,
        outcome: str,
        method: Literal["t", "exists", "counts", "never"] = "t",
    ) -> Claim:
        """A claim that the same count is above 0 in each of several arms."""
        parts = tuple(
            Part(label=label, measure="unit_events", parameters=parameters, treated=arm, unit="units", method=method)
            for arm, label in arms.items()
        )
        return Claim(name=name, statement=statement, parts=parts, threshold=threshold, outcomes={"": outcome})
