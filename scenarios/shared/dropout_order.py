"""The claims of ``dropout_batchnorm`` about the variance shift and the order of dropout and normalisation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scenarios.scenario import Claim, Part
from scenarios.shared.parts import final, recorded, sweep, swept

ORDERS = {
    "before": "before each BN",
    "after": "after each BN",
    "last-before": "before the last BN",
    "last-after": "after the last BN",
    "even": "variance-preserving, before each BN",
}
EQUAL_DOSE = (("after", "before", "in each block"), ("last-after", "last-before", "in the last block"))
SHIFTED = "Not shifted: {supported}. Shifted: {refuted}. Ratio of the variances: {low} to {high}."
HIGHER = "Higher by a point: {supported}. Not by a point: {refuted}. Accuracy changes by {low} to {high}."
POINT = "a percentage point, less than four of 360 test images"


@dataclass(frozen=True)
class OrderClaims:
    """What is claimed about dropout and batch normalisation together.

    Args:
        rates: shares of units that are dropped.
        learning_rate: the one at which the shift of the variance is measured.
        same_variance: variances whose ratio is within this of 1 are not shifted.
        cost: the smallest difference of accuracy that counts.
    """

    rates: tuple[float, ...]
    learning_rate: float
    same_variance: float
    cost: float

    def claims(self) -> tuple[Claim, ...]:
        """The shift, its cost, the order with equally many dropout layers, and the dropout that keeps the variance."""
        return (
            self._variance_is_shifted(),
            self._order_removes_the_shift(),
            self._shift_costs_accuracy(),
            self._together_is_worse(),
            self._after_is_better(),
            self._even_keeps(),
            self._even_is_better(),
        )

    def _variance_is_shifted(self) -> Claim:
        held: dict[str, Any] = {"expects": "less", "threshold": -self.same_variance, "unit": "inference / training"}
        control = swept("bn", self.learning_rate)
        return Claim(
            name="variance_is_shifted",
            statement="With dropout before it, batch normalisation divides by a variance that its input does not have in inference.",
            parts=tuple(
                recorded(f"rate {rate:g}", "shift", self._fixed("before", rate), control, **held) for rate in self.rates
            ),
            threshold="supported when the ratio of the variance in inference to that in training, in the block where it is "
            f"farthest from 1, is more than {self.same_variance:g} lower than with BN alone, the control; Adam "
            f"{self.learning_rate:g}",
            outcomes={
                "": "Compared with batch normalisation alone, the ratio of the variances changes by {low} to {high}."
            },
        )

    def _order_removes_the_shift(self) -> Claim:
        return Claim(
            name="order_removes_the_shift",
            statement="Dropout after batch normalisation does not shift the variance.",
            parts=self._unshifted("after", "last-after"),
            threshold=self._not_shifted,
            outcomes={
                "mixed": "Not shifted: {supported}. Dropout after one block's normalisation comes before the next one's (shifted: "
                "{refuted}).",
                "": SHIFTED,
            },
        )

    def _even_keeps(self) -> Claim:
        return Claim(
            name="even_keeps",
            statement="A dropout that keeps each unit's mean and variance can stand before batch normalisation without a shift.",
            parts=self._unshifted("even"),
            threshold=self._not_shifted,
            outcomes={
                "refuted": "It shifts the variance further on (ratio {low} to {high}): a likely reason is that its noise makes "
                "units less correlated, and so changes the variance of their sums.",
                "": SHIFTED,
            },
        )

    def _even_is_better(self) -> Claim:
        return Claim(
            name="even_is_better",
            statement="Before batch normalisation, a dropout that keeps the variance gives a test accuracy that is higher by a "
            "point than with ordinary dropout.",
            parts=tuple(
                self._accuracy(f"rate {rate:g}", f"even-{rate:g}", f"before-{rate:g}", threshold=self.cost)
                for rate in self.rates
            ),
            threshold=f"supported when it is higher by more than {self.cost:g} in the same places at the same rate, each at its "
            "best learning rate",
            outcomes={"": HIGHER},
        )

    def _shift_costs_accuracy(self) -> Claim:
        return Claim(
            name="shift_costs_accuracy",
            statement="The wrong statistics in inference cost a point of accuracy.",
            parts=tuple(
                recorded(
                    f"{ORDERS[order]} at rate {rate:g}",
                    "regained",
                    sweep(f"{order}-{rate:g}"),
                    threshold=self.cost,
                    unit="share of test images",
                )
                for order in ("before", "after")
                for rate in self.rates
            ),
            threshold="supported when estimating the moving statistics (momentum 0.9) again with dropout off raises test accuracy "
            f"by more than {self.cost:g}: {POINT}",
            outcomes={
                "": "A point or more: {supported}. Less: {refuted}. Estimating the statistics again changes accuracy by {low} to "
                "{high}."
            },
        )

    def _together_is_worse(self) -> Claim:
        held: dict[str, Any] = {"expects": "less", "threshold": -self.cost}
        return Claim(
            name="together_is_worse",
            statement="Test accuracy is lower by a point with dropout and batch normalisation together than with batch "
            "normalisation alone.",
            parts=tuple(
                self._accuracy(f"{ORDERS[order]} at rate {rate:g}", f"{order}-{rate:g}", "bn", **held)
                for order in ("before", "after", "last-after")
                for rate in self.rates
            ),
            threshold=f"supported when it is lower by more than {self.cost:g} in every order and at every rate, each at its best "
            "learning rate",
            outcomes={
                "": "Lower by a point: {supported}. Not by a point: {refuted}. Dropout changes accuracy by {low} to {high}."
            },
        )

    def _after_is_better(self) -> Claim:
        return Claim(
            name="after_is_better",
            statement="With equally many dropout layers at the same rate, test accuracy is higher by a point with dropout after "
            "batch normalisation than before it.",
            parts=tuple(
                self._accuracy(
                    f"{where} at rate {rate:g}", f"{after}-{rate:g}", f"{before}-{rate:g}", threshold=self.cost
                )
                for after, before, where in EQUAL_DOSE
                for rate in self.rates
            ),
            threshold=f"supported when it is higher by more than {self.cost:g} with the same number of dropout layers at the same "
            "rate, each at its best learning rate",
            outcomes={"": HIGHER},
        )

    def _accuracy(self, label: str, treated: str, control: str, **held: Any) -> Part:
        return final(label, "accuracy", sweep(treated), sweep(control), unit="share of test images", **held)

    def _unshifted(self, *orders: str) -> tuple[Part, ...]:
        held: dict[str, Any] = {"expects": "equal", "threshold": 1.0, "margin": self.same_variance}
        return tuple(
            recorded(
                f"{ORDERS[order]} at rate {rate:g}",
                "shift",
                self._fixed(order, rate),
                unit="inference / training",
                **held,
            )
            for order in orders
            for rate in self.rates
        )

    @property
    def _not_shifted(self) -> str:
        return (
            f"not shifted when inference and training differ by less than {100 * self.same_variance:g} % in every block; Adam "
            f"{self.learning_rate:g}"
        )

    def _fixed(self, order: str, rate: float) -> str:
        return swept(f"{order}-{rate:g}", self.learning_rate)
