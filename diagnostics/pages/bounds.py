"""What a check measured, in its own unit, and which side of its bound is the good one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from diagnostics.figures.columns import quantity
from diagnostics.rules import Finding
from diagnostics.wording.numerals import factor, percent, short

Side = Literal["below", "at least", "more than"]
NORM = "the weights' norm"
MANY = 10.0
"""A share from which on it is told as a multiple."""


@dataclass(frozen=True)
class Gauge:
    """What a rule's number is.

    Args:
        what: what follows the number, such as ``"of the layers are frozen"``, or what stands around it, with ``{}`` in its place.
        side: where a good value lies; empty where the finding's own severity tells it.
        unit: how value and bound are written.
    """

    what: str = ""
    side: Side | Literal[""] = ""
    unit: Callable[[float], str] = short


def _share(value: float) -> str:
    return f"{short(value)} times" if value >= MANY else f"{percent(value)} of"


def _fall(value: float) -> str:
    return f"the loss {'rose' if value < 0 else 'fell'} by {percent(abs(value))}"


def _skill(where: str) -> Gauge:
    return Gauge(f"better than the best constant prediction{where}", "at least", percent)


GAUGES = {
    "constant_signal": Gauge("of the layer's units are constant", "below", percent),
    "dead_units": Gauge("of the worst layer's units are dead", "below", percent),
    "diverging_loss": Gauge("a loss of {} at the end", "below"),
    "dropout_before_batch_norm": Gauge("dropped", "below", percent),
    "dropout_rate": Gauge("dropped", "below", percent),
    "ended": Gauge("readings of the loss", "at least"),
    "frozen_layers": Gauge("of the layers are frozen", "below", percent),
    "learning_rate_too_low": Gauge(f"{NORM} in the fastest layer, all steps together", "at least", _share),
    "narrow_layer": Gauge("units in the narrowest layer", "more than"),
    "no_learning": _skill(""),
    "not_connected": Gauge("of the layers get no gradient", "below", percent),
    "oscillating_loss": Gauge("of late steps are worse than a constant prediction", "below", percent),
    "repeated_batches": Gauge("distinct batch", "more than"),
    "saturation": Gauge("in the worst layer", "below", percent),
    "slow_loss": _skill(""),
    "strong_penalty": Gauge("of the first norm is left", "at least", percent),
    "stuck_loss": _skill(""),
    "tiny_batches": Gauge("examples in a batch", "more than"),
    "unrelated_targets": _skill(" on validation data, by loss"),
    "unshuffled_data": Gauge("a correlation of {} between consecutive targets", "below"),
    "weights_do_not_move": Gauge("of the layers stand still", "below", percent),
}
"""What the rules measure that measure one thing."""
FOLDS = {"vanishing_gradient": ("shrinks", "grows"), "exploding_gradient": ("grows", "shrinks")}
"""What the gradient does on its way back where a rule's number of decades is above 0, and below."""


def bound_of(finding: Finding) -> str:
    """What was measured and which bound it was held against, such as ``"62 % of the layers stand still (should be below 25 %)"``.

    Empty if the finding has neither, or its value is not known.
    """
    value, threshold = finding.value, finding.threshold
    if value is None or threshold is None or np.isnan(value):
        return ""
    if finding.rule in FOLDS:
        return _folds(finding.rule, value, threshold)
    gauge = _gauge(finding)
    if finding.is_loud and gauge.side and _is_good(gauge.side, value, threshold):
        return ""  # another number decided
    number = gauge.unit(value)
    told = gauge.what.format(number) if "{}" in gauge.what else f"{number} {gauge.what}".rstrip()
    if gauge.what.startswith("better than") and value <= 0:
        told = f"no {gauge.what}"
    return f"{told} ({_limit(finding, gauge, value, threshold)})"


def _folds(rule: str, value: float, threshold: float) -> str:
    fault, opposite = FOLDS[rule]
    if value < 0:
        return f"the gradient {opposite} {factor(-value)}-fold (a fault: it {fault} {factor(threshold)}-fold)"
    return f"the gradient {fault} {factor(value)}-fold (should be less than {factor(threshold)}-fold)"


def _limit(finding: Finding, gauge: Gauge, value: float, threshold: float) -> str:
    """The bound in words: what should be, and for an oddity from where on it is noted, or would be a warning."""
    side: Side = gauge.side or ("below" if (value < threshold) is (finding.severity == "clean") else "at least")
    bound = gauge.unit(threshold).removesuffix(" of")
    if finding.severity != "info":
        return f"should be {side} {bound}"
    word = "a warning" if _is_good(side, value, threshold) else "noted"
    if gauge.unit is _fall and word == "noted":
        return f"noted unless it fell by {percent(threshold)}"
    return f"{word} {'from' if side == 'below' else 'below'} {bound}"


def _is_good(side: Side, value: float, threshold: float) -> bool:
    if side == "more than":
        return value > threshold
    return value < threshold if side == "below" else value >= threshold


def _gauge(finding: Finding) -> Gauge:
    """What the number is; where a rule compares one of several, the finding's own facts tell which."""
    if finding.rule in SEVERAL:
        return SEVERAL[finding.rule](finding)
    if finding.rule in GAUGES:
        return GAUGES[finding.rule]
    is_share = bool(finding.evidence) and quantity(finding.evidence[0].column).label.endswith("(share)")
    return Gauge(unit=percent if is_share else short)


def _of_updates(finding: Finding) -> Gauge:
    fast = finding.severity != "clean" and (finding.value or 0.0) > (finding.threshold or 0.0)
    return Gauge(f"of {NORM} per step in the {'fastest' if fast else 'slowest'} layer", "below" if fast else "at least")


def _of_rates(finding: Finding) -> Gauge:
    if "norm" in finding.what:
        return Gauge(f"{NORM} in an early step", "below", _share)
    return Gauge(
        "{} times the stable learning rate" if "sharpness" in finding.what else "a learning rate of {}", "below"
    )


def _of_ends(finding: Finding) -> Gauge:
    if "fall" in finding.numbers:
        return Gauge("lower loss in the last quarter than in the third", "below", percent)
    few = (finding.threshold or 0.0) <= 1
    return Gauge("of the planned epochs", "more than", percent) if few else Gauge("steps", "more than")


def _of_falls(finding: Finding) -> Gauge:
    fell = finding.severity == "info" and "fall" in finding.numbers
    return Gauge("", "at least", _fall) if fell else GAUGES[finding.rule]


def _of_validation(finding: Finding) -> Gauge:
    if "validated" in finding.numbers:
        measure = "accuracy" if "by accuracy" in finding.what else "loss"
        return _skill(f" on validation data, by {measure}")
    return Gauge(
        "{} times the lowest validation loss" if "best_step" in finding.numbers else "a validation loss of {}", "below"
    )


def _of_order(finding: Finding) -> Gauge:
    return _skill(" on validation data") if "skill" in finding.what else GAUGES[finding.rule]


SEVERAL: dict[str, Callable[[Finding], Gauge]] = {
    "learning_rate_too_high": _of_rates,
    "no_learning": _of_falls,
    "over_fitting": _of_validation,
    "stopped_early": _of_ends,
    "unshuffled_data": _of_order,
    "update_ratio": _of_updates,
}
"""The rules that hold one of several numbers against a bound."""
