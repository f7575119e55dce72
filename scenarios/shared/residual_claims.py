"""Claims of ``residual_order`` about networks without a placement to compare, and about theory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scenarios.scenario import Claim, Part
from scenarios.shared.parts import swept

LABELS = {"after": "BN after the addition", "none": "no BN", "plain": "neither addition nor BN"}
SLOPES = {"none": -0.5 * np.log10(2), "after": -0.5 * np.log10(2 / (2 - 1 / np.pi)), "plain": 0.0}
"""Depth slope of the gradient before the first update that mean-field theory predicts, in decades per block."""


def diverges_without(rates: Sequence[float], soon: int) -> Claim:
    """Whether the network without normalisation diverges at each of several rates.

    Args:
        rates: learning rates.
        soon: steps within which it must.
    """
    return Claim(
        name="diverges_without",
        statement="Without batch normalisation the network of 20 residual dense blocks diverges at usual learning rates.",
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
        threshold=f"supported when at rates from {rates[0]:g} to {rates[-1]:g} the training loss becomes NaN or infinite within {soon} "
        "steps, in the median",
        outcomes={"": "Diverges: {supported}. Does not: {refuted}. First step with an infinite loss: {low} to {high}."},
    )


def as_theory_expects(rate: float, same: float) -> Claim:
    """Whether the gradient grows by as much as mean-field theory predicts.

    Args:
        rate: learning rate of the arms that are measured, before the first update.
        same: largest difference that counts as agreement, in decades per block.
    """
    return Claim(
        name="as_theory_expects",
        statement="The gradient grows from block to block as mean-field theory predicts.",
        parts=tuple(
            Part(
                label=f"{LABELS[order]} (theory {slope + 0.0:.3f})".replace("-", "−"),
                measure="depth_slope",
                parameters={"layers": "block_*", "step": 0},
                treated=swept(order, rate),
                expects="equal",
                threshold=float(slope),
                margin=same,
                unit="decades per block",
            )
            for order, slope in SLOPES.items()
        ),
        threshold=f"supported when the measured slope is within {same:g} decades per block of −½ log₁₀ χ: χ is 2 "
        "without normalisation, 2 / (2 − 1/π) with it after the addition, and 1 without addition",
        outcomes={
            "": "As predicted: {supported}. Not: {refuted}. The theory holds for infinite width, the measurement for this one."
        },
    )
