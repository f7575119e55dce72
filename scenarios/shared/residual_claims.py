"""Claims of ``residual_order`` about accuracy by placement, about networks without one to compare, and about theory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scenarios.scenario import Claim, Part
from scenarios.shared.parts import final, sweep, swept

LABELS = {"after": "BN after the addition", "none": "no BN", "plain": "neither addition nor BN"}
ORDERS = {"inside": "BN inside the branch", "first": "BN first in the block"} | LABELS
CONVOLUTIONAL = ("inside", "first", "after", "none")
CONTROL = "normalisation_helps"
BEST = "each at the rate that does best on the validation part"
SLOPES = {"none": -0.5 * np.log10(2), "after": -0.5 * np.log10(2 / (2 - 1 / np.pi)), "plain": 0.0}
"""Depth slope of the gradient before the first update that mean-field theory predicts, in decades per block."""


def accuracy(treated: str, control: str, kind: str = "", **held: Any) -> Part:
    """The test accuracy of one network compared with that of another.

    Args:
        treated: its order, of ``ORDERS``.
        control: the other's.
        kind: prefix of both arms' names.
        held: further fields of ``Part``; ``label`` names the control unless given.
    """
    label = held.pop("label", f"against {ORDERS[control]}")
    arms = sweep(f"{kind}{treated}"), sweep(f"{kind}{control}")
    return final(label, "accuracy", *arms, **({"unit": "share of test images"} | held))


def normalisation_helps(better: float) -> Claim:
    """The positive control: with batch normalisation at each place the network learns, which it hardly does without.

    Args:
        better: how much more accurate it must be.
    """
    return Claim(
        name=CONTROL,
        statement="Batch normalisation makes a network of 20 residual dense blocks learn, at each of the three places (positive "
        "control).",
        parts=tuple(
            accuracy(order, "none", label=ORDERS[order], threshold=better) for order in ("first", "inside", "after")
        ),
        threshold=f"supported when test accuracy is higher than without it by more than {100 * better:g} points, each network at "
        "its best rate; otherwise places are not ranked",
        outcomes={"": "Learns: {supported}. Does not: {refuted}. Higher by {low} to {high} of the test images."},
    )


def better_first(epochs: int) -> Claim:
    """Whether normalisation first in the block is more accurate than at the other places.

    Args:
        epochs: of training.
    """
    return Claim(
        name="better_first",
        statement="In a network of 20 dense blocks, batch normalisation first in the block is more accurate than at another place.",
        parts=tuple(accuracy("first", other) for other in ("inside", "after")),
        threshold=f"supported when test accuracy after {epochs} epochs is higher, {BEST}; the sign decides, the next statement has "
        "the margin",
        outcomes={"": "Higher: {supported}. Lower: {refuted}. First minus the other place: {low} to {high}."},
        requires=CONTROL,
    )


def no_worse_first(epochs: int, better: float) -> Claim:
    """Whether nothing is clearly better than normalisation first in the block.

    Args:
        epochs: of training.
        better: differences below this do not count.
    """
    return Claim(
        name="no_worse_first",
        statement="In a network of 20 dense blocks, no alternative is more accurate by two points than batch normalisation first "
        "in the block.",
        parts=tuple(accuracy("first", other, threshold=-better) for other in ORDERS if other != "first"),
        threshold=f"supported when test accuracy after {epochs} epochs is at most {100 * better:g} points lower than with every "
        f"alternative, {BEST}; two points: seven test images",
        outcomes={
            "": "As stated: {supported}. Worse: {refuted}. First in the block minus the alternative: {low} to {high}."
        },
        requires=CONTROL,
    )


def better_inside(epochs: int, better: float) -> Claim:
    """Whether normalisation inside the branch is clearly better than at the other places.

    Args:
        epochs: of training.
        better: differences below this do not count.
    """
    return Claim(
        name="better_inside",
        statement="In a network of 20 dense blocks, batch normalisation inside the branch is more accurate by two points than at "
        "another place in the block.",
        parts=tuple(accuracy("inside", other, threshold=better) for other in ("first", "after")),
        threshold=f"supported when test accuracy after {epochs} epochs is more than {100 * better:g} points higher, {BEST}",
        outcomes={
            "": "Better: {supported}. Not by that much: {refuted}. Inside minus the other place: {low} to {high}."
        },
        requires=CONTROL,
    )


def same_in_convolutional(epochs: int, same: float) -> Claim:
    """Whether the place matters in a small convolutional network.

    Args:
        epochs: of training.
        same: differences below this do not count.
    """
    held: dict[str, Any] = {"kind": "conv-", "expects": "equal", "margin": same}
    return Claim(
        name="same_in_convolutional",
        statement="In a network of 4 convolutional blocks no placement differs from inside the branch by two points.",
        parts=tuple(accuracy("inside", other, **held) for other in CONVOLUTIONAL if other != "inside"),
        threshold=f"supported when test accuracy after {epochs} epochs is within {100 * same:g} points, {BEST}",
        outcomes={
            "": "Within two points: {supported}. Not: {refuted}. Inside the branch minus the alternative: {low} to {high}."
        },
    )


def diverges_without(rates: Sequence[float], soon: int) -> Claim:
    """Whether the network without normalisation diverges at each of several rates.

    Args:
        rates: learning rates.
        soon: steps within which it must.
    """
    return Claim(
        name="diverges_without",
        statement="Without batch normalisation the network of 20 residual dense blocks, with He weights that are not scaled down, "
        "diverges at usual learning rates.",
        parts=tuple(
            Part(
                label=f"rate {rate:g}",
                measure="first_non_finite_step",
                parameters={},
                treated=swept("none", rate),
                expects="less",
                threshold=float(soon),
                unit="steps",
                method="median",
            )
            for rate in rates
        ),
        threshold=f"supported when at rates from {rates[0]:g} to {rates[-1]:g} the training loss becomes NaN or infinite within "
        f"{soon} steps, in the median",
        outcomes={"": "Diverges: {supported}. Does not: {refuted}. First step with an infinite loss: {low} to {high}."},
    )


def as_theory_expects(rate: float, share: float) -> Claim:
    """Whether the gradient grows by as much as mean-field theory predicts.

    Args:
        rate: learning rate of the arms that are measured, before the first update.
        share: of the prediction by which a slope may differ; where the prediction is 0, of the largest.
    """
    largest = max(abs(slope) for slope in SLOPES.values())
    return Claim(
        name="as_theory_expects",
        statement=f"The gradient grows from block to block as mean-field theory predicts, within {100 * share:g} %.",
        parts=tuple(
            Part(
                label=f"{LABELS[order]} (theory {slope + 0.0:.3f})".replace("-", "−"),
                measure="depth_slope",
                parameters={"layers": "block_*", "step": 0},
                treated=swept(order, rate),
                expects="equal",
                threshold=float(slope),
                margin=float(share * (abs(slope) or largest)),
                unit="decades per block",
            )
            for order, slope in SLOPES.items()
        ),
        threshold=f"supported when the measured slope is within {100 * share:g} % of −½ log₁₀ χ: χ is 2 without normalisation, 2 / "
        "(2 − 1/π) with it after the addition, and 1 without addition, where the largest prediction sets the margin",
        outcomes={
            "": "As predicted: {supported}. Not: {refuted}. The theory holds for infinite width, the measurement for this one."
        },
    )
