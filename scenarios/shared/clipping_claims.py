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


def clipping_claims(clip: float, tolerated: float, learned: float, rates: tuple[float, float]) -> tuple[Claim, ...]:
    """That clipping keeps the loss finite; that the healthy network learns, the control; that a clipped one learns like it.

    Args:
        clip: largest norm of all gradients together in the clipped arms.
        tolerated: largest share of clipped runs that may diverge.
        learned: the smallest drop of the loss that counts as learning, in nats.
        rates: learning rates of the healthy networks.
    """
    return (_saves(clip, tolerated), _healthy_learns(learned, rates), _learns(learned))


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
        threshold=f"universal: one loss that is NaN or infinite refutes it; supported when fewer than {100 * tolerated:g} % of "
        "runs can have one: none in 24 shows that, none in 6 does not",
        outcomes={
            "": "Finite in every run: {supported}. Not finite: {refuted}. Share of runs that failed: {low} to {high}."
        },
        requires="explodes",
    )


def _healthy_learns(learned: float, rates: tuple[float, float]) -> Claim:
    chance = float(np.log(10))
    return Claim(
        name="healthy_learns",
        statement="The healthy network learns in these two epochs, at both rates (positive control).",
        parts=tuple(
            Part(label, "final_scalar", FINAL, arm, expects="less", threshold=chance - learned, unit="nats")
            for arm, label in _healthy(rates).items()
        ),
        threshold=f"supported when its final loss is more than {learned:g} nats below that of guessing, ln 10 = {chance:.2f}",
        outcomes={"": "Learns: {supported}. Does not: {refuted}. Final loss: {low} to {high} nats; guessing has 2.30."},
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
        threshold=f"supported when the final loss is less than {learned:g} nats above the healthy network's, about half of what "
        "that one gains over guessing",
        outcomes={
            "": "Learns: {supported}. Does not: {refuted}. The final loss is higher than the healthy network's by {low} to {high} nats."
        },
        requires="healthy_learns",
    )


def warns_in_runs_not_lost(warning: Mapping[str, Any]) -> Claim:
    """That a warning does not tell which runs will be lost.

    Args:
        warning: parameters of the measures of a warning.
    """
    return Claim(
        name="warns_in_runs_not_lost",
        statement="The update ratio warns in runs of the same settings that are not lost, too.",
        parts=of_both(
            "false_alarm", warning, what="not lost, with a warning", method="exists", unit="share of these runs"
        ),
        threshold="existence: one such run is enough; shown is their share among the runs whose loss stayed finite",
        outcomes={"": "It does: {supported}. It does not: {refuted}. Share of the runs not lost: {low} to {high}."},
    )


def no_false_alarm(warning: Mapping[str, Any], tolerated: float, rates: tuple[float, float]) -> Claim:
    """That a healthy training gets no warning, also at a large learning rate.

    Args:
        warning: parameters of the measures of a warning.
        tolerated: largest share of healthy runs that may get one.
        rates: learning rates of the healthy networks.
    """
    return Claim(
        name="no_false_alarm",
        statement="In a healthy training the update ratio gives no warning, at the usual rate or at a large one.",
        parts=tuple(
            Part(
                f"{label}: with a warning",
                "false_alarm",
                warning,
                treated=arm,
                expects="less",
                threshold=tolerated,
                unit="share of runs",
                method="never",
            )
            for arm, label in _healthy(rates).items()
        ),
        threshold=f"universal: one run with an update ratio above {warning['bound']:g} refutes it; supported when fewer than "
        f"{100 * tolerated:g} % of runs can have one",
        outcomes={
            "": "Without a warning: {supported}. With one: {refuted}. Share of runs with a warning: {low} to {high}."
        },
        requires="healthy_learns",
    )


def _healthy(rates: tuple[float, float]) -> dict[str, str]:
    """The labels of the healthy arms."""
    return {arm: f"healthy at {rate:g}" for arm, rate in zip(("sound", "fast"), rates, strict=True)}
