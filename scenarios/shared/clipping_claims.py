"""What ``exploding_gradient`` claims about clipping: the loss stays finite, and the network learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scenarios.scenario import Claim, Part

FINAL = {"window": 15}


def of_both(
    measure: str, parameters: Mapping[str, Any], clipped: str = "", what: str = "", **judged: Any
) -> tuple[Part, ...]:
    """The same measure in both kinds of explosion.

    Args:
        measure: as in ``Part``.
        parameters: as in ``Part``.
        clipped: what to append to the arms' names.
        what: what to append to their labels.
        judged: further fields of ``Part``.
    """
    kinds = (("weights", "large weights"), ("rate", "large learning rate"))
    labels = {arm: f"{label}: {what}" if what else label for arm, label in kinds}
    return tuple(Part(label, measure, parameters, f"{arm}{clipped}", **judged) for arm, label in labels.items())


def clipping_claims(clip: float, tolerated: float, learned: float) -> tuple[Claim, ...]:
    """That clipping keeps the loss finite; that the healthy network learns, the control; that a clipped one learns like it.

    Args:
        clip: largest norm of all gradients together in the clipped arms.
        tolerated: largest share of clipped runs that may diverge.
        learned: the smallest drop of the loss that counts as learning, in nats.
    """
    return (_saves(clip, tolerated), _healthy_learns(learned), _learns(learned))


def _saves(clip: float, tolerated: float) -> Claim:
    return Claim(
        name="clipping_saves",
        statement=f"With a clipping norm of {clip:g} the loss stays finite.",
        parts=of_both(
            "non_finite_share",
            {},
            clipped="-clipped",
            what="loss not finite",
            expects="less",
            threshold=tolerated,
            unit="share of steps",
            method="never",
        ),
        threshold=f"universal: one loss that is NaN or infinite refutes it; supported when fewer than {100 * tolerated:g} % "
        "of runs can have one (if none of 6 has one, half of all runs still may)",
        outcomes={
            "": "Finite in every run: {supported}. Not finite: {refuted}. Share of runs that failed: {low} to {high}."
        },
        requires="explodes",
    )


def _healthy_learns(learned: float) -> Claim:
    chance = float(np.log(10))
    return Claim(
        name="healthy_learns",
        statement="The healthy network learns in these two epochs (positive control).",
        parts=(
            Part(
                "healthy (He)",
                "final_scalar",
                FINAL,
                "sound",
                expects="less",
                threshold=chance - learned,
                unit="nats",
            ),
        ),
        threshold=f"supported when its final loss is more than {learned:g} nats below that of guessing, ln 10 = {chance:.2f}",
        outcomes={"": "Its final loss is {low} nats; guessing has 2.30."},
    )


def _learns(learned: float) -> Claim:
    return Claim(
        name="clipping_learns",
        statement="With clipping by norm a network that would explode learns like the healthy one, at the same learning rate.",
        parts=of_both(
            "final_scalar",
            FINAL,
            clipped="-clipped",
            control="sound",
            expects="less",
            threshold=learned,
            unit="nats",
        ),
        threshold=f"supported when the final loss is less than {learned:g} nats above the healthy network's, about half of what that "
        "one gains over guessing",
        outcomes={
            "": "Learns: {supported}. Does not: {refuted}. The final loss is higher than the healthy network's by {low} to {high} nats."
        },
        requires="healthy_learns",
    )
