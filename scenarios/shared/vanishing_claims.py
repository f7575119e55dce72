"""What ``vanishing_gradient`` claims about the gradient, the plateau of the loss, and equal learning rate × steps."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal

from scenarios.scenario import Claim, Part
from scenarios.shared.parts import CHECK, final

HIDDEN = "hidden_*"
KINDS = {
    "relu": ("ReLU with Glorot", "relu", "glorot_uniform", False),
    "relu-he": ("ReLU with He", "relu", "he_normal", False),
    "relu-bn": ("ReLU with Glorot + batch norm", "relu", "glorot_uniform", True),
    "sigmoid": ("sigmoid", "sigmoid", "glorot_uniform", False),
    "tanh": ("tanh", "tanh", "glorot_uniform", False),
    "selu": ("SELU", "selu", "lecun_normal", False),
}
COURSE, CURE = "relu", "relu-he"
LEARNING = ("relu-he", "relu-bn", "tanh", "selu")
"""The networks whose gradient survives in theory, and which leave the plateau of the loss within a few epochs."""
Rates = tuple[float, float]
Direction = Literal["greater", "less"]


def learns_at_the_large_rate_only(rates: Rates, epochs: int, learned: float) -> Claim:
    """What the course observes.

    Args:
        rates: the two learning rates, the larger first.
        epochs: of the course's network.
        learned: nats below chance that count as learning.
    """
    held: dict[str, Any] = {"measure": "at_best_epoch", "parameters": {"column": "loss", "split": "validation"}}
    held |= {"threshold": math.log(10) - learned, "unit": "nats", "method": "median"}
    return Claim(
        name="learns_at_the_large_rate_only",
        statement=f"A ReLU network with Keras' default initialisation (Glorot) learns at {rates[0]} and does not learn at "
        f"{rates[1]}, in {epochs} epochs.",
        parts=_at_each(rates, ("less", "greater"), **held),
        threshold=f"learned: a validation loss that in its best epoch is more than {learned:g} nats below chance, ln 10 = 2.30",
        outcomes={
            "": "As stated: {supported}. Not as stated: {refuted}. Median lowest validation loss: {low} to {high} nats."
        },
    )


def same_profile(rates: Rates) -> Claim:
    """That the learning rate cannot change the first gradient.

    Args:
        rates: the two learning rates, the larger first.
    """
    return Claim(
        name="same_profile",
        statement="Before the first update the gradient shrinks over the layers in the same way at both learning rates.",
        parts=_against(rates, KINDS, "depth_slope", {"layers": HIDDEN, "step": 0}, **CHECK, unit="decades per layer"),
        threshold="holds by construction; a check of the instrument: at step 0 weights and batch are the same, so the slopes must "
        "be equal to the bit",
        outcomes={
            "": "Equal: {supported}. Not equal: {refuted}. The rate enters only when the gradient has been computed."
        },
    )


def course_network(rates: Rates, epochs: int, vanished: float) -> tuple[Claim, ...]:
    """Whether the gradient of the course's network has vanished at the start, and whether training repairs it.

    Args:
        rates: the two learning rates, the larger first.
        epochs: of the course's network.
        vanished: decades lost over the hidden layers from which a gradient counts as vanished.
    """
    name = KINDS[COURSE][0]
    limit = f"more than {vanished:g} decades lost over the hidden layers, a factor of {10**vanished:g} (depth slope × layers)"
    held: dict[str, Any] = {"measure": "attenuation", "threshold": vanished, "unit": "decades"}
    start = held | {"parameters": {"layers": HIDDEN, "step": 0}}
    return (
        Claim(
            name="vanished_at_start",
            statement=f"Before the first update the gradient of {name} has vanished, at both rates.",
            parts=_at_each(rates, ("greater", "greater"), **start),
            threshold=f"vanished: {limit}, before the first update",
            outcomes={
                "": "Vanished: {supported}. Not: {refuted}. Lost: {low} to {high} decades (a factor of 10 each)."
            },
        ),
        _after_training("repaired_at_the_large_rate", rates[0], "less", epochs, held, limit),
        _after_training("vanished_at_the_small_rate", rates[1], "greater", epochs, held, limit),
    )


def _after_training(name: str, rate: float, expects: Direction, epochs: int, held: dict[str, Any], limit: str) -> Claim:
    """Whether the gradient of the course's network is still vanished after training at one rate."""
    network = KINDS[COURSE][0]
    statement = {
        "less": f"After {epochs} epochs at {rate} training has repaired the gradient of {network}.",
        "greater": f"After {epochs} epochs at {rate} the gradient of {network} is still vanished.",
    }
    end = {"layers": HIDDEN, "step": -3, "until": -1}
    return Claim(
        name=name,
        statement=statement[expects],
        parts=(Part(network, treated=f"{COURSE}-{rate}", expects=expects, parameters=end, **held),),
        threshold=f"vanished: {limit}, in the median of the last three readings",
        outcomes={"": "Lost at the end: {low} decades (a factor of 10 each; negative: it grows)."},
    )


def gradient_at_equal_progress(rates: Rates, epochs: int, shorter: int, same: float) -> Claim:
    """Whether the course's network has repaired as much of its gradient after equal learning rate × steps.

    Args:
        rates: the two learning rates, the larger first.
        epochs: at the smaller rate.
        shorter: at the larger rate.
        same: decades within which the two losses of gradient count as equal.
    """
    held: dict[str, Any] = {"expects": "equal", "margin": same, "unit": "decades"}
    return Claim(
        name="gradient_at_equal_progress",
        statement=f"At equal learning rate × steps {KINDS[COURSE][0]} has lost as much of its gradient at {rates[1]} as at {rates[0]}.",
        parts=(
            Part(
                KINDS[COURSE][0],
                "attenuation",
                {"layers": HIDDEN, "step": -1},
                f"{COURSE}-{rates[1]}",
                f"{COURSE}-short-{rates[0]}",
                **held,
            ),
        ),
        threshold=f"supported when what is lost after {epochs} epochs at {rates[1]} and after {shorter} at {rates[0]} differs by "
        f"less than {same:g} decades, a quarter of what counts as vanished",
        outcomes={"": f"Lost at {rates[1]} minus lost at {rates[0]}: {{low}} decades."},
    )


def vanishes(name: str, rate: float, expects: Direction, vanished: float, early: int) -> Claim:
    """In which networks the gradient vanishes at one rate, over the same first steps in all.

    Args:
        name: of the claim.
        rate: the learning rate.
        expects: ``greater``: the statement is that every gradient vanishes; ``less``: that none does.
        vanished: decades lost from which a gradient counts as vanished.
        early: steps of the window.
    """
    gone, kept = ("{supported}", "{refuted}") if expects == "greater" else ("{refuted}", "{supported}")
    held: dict[str, Any] = {"measure": "attenuation", "parameters": {"layers": HIDDEN, "step": 0, "until": early}}
    held |= {"expects": expects, "threshold": vanished, "unit": "decades"}
    return Claim(
        name=name,
        statement=f"Over the first {early} steps at {rate} {'every' if expects == 'greater' else 'no'} gradient vanishes.",
        parts=tuple(Part(label, treated=f"{kind}-{rate}", **held) for kind, (label, *_) in KINDS.items()),
        threshold=f"vanished: more than {vanished:g} decades lost over the hidden layers, a factor of {10**vanished:g} (depth "
        f"slope × layers; of each layer the median over the first {early} steps)",
        outcomes={
            "": f"Vanishes: {gone}. Survives: {kept}. Lost: {{low}} to {{high}} decades (a factor of 10 each; negative: it grows)."
        },
    )


def cured_at_the_small_rate(rate: float, epochs: int, course_epochs: int, learned: float) -> Claim:
    """Whether the course's network learns at the small rate with another initialisation.

    Args:
        rate: the small learning rate.
        epochs: of the network with He.
        course_epochs: of the network with Glorot.
        learned: nats that count as learning.
    """
    judged: dict[str, Any] = {"expects": "less", "threshold": -learned, "unit": "nats"}
    return Claim(
        name="cured_at_the_small_rate",
        statement=f"At {rate} the same ReLU network learns in {epochs} epochs once it starts with He, which keeps the gradient's size.",
        parts=(final("He instead of Glorot", "loss", f"{CURE}-{rate}", f"{COURSE}-{rate}", **judged),),
        threshold=f"supported when the test loss with He after {epochs} epochs is lower by more than {learned:g} nats than with "
        f"Glorot after {course_epochs}, at the same rate and from the same random numbers",
        outcomes={"": "Test loss with He minus with Glorot: {low} nats."},
    )


def plateau_is_longer(rates: Rates, epochs: int, left: float) -> Claim:
    """Whether the loss stays longer on its plateau at the small rate.

    Args:
        rates: the two learning rates, the larger first.
        epochs: of the networks compared.
        left: share below chance at which the loss has left its plateau.
    """
    steps = {"level": "chance", "drop": left, "restricted": True}
    return Claim(
        name="plateau_is_longer",
        statement=f"At {rates[1]} the loss stays longer on its initial plateau than at {rates[0]}.",
        parts=_against(rates, LEARNING, "plateau_steps", steps, scale="log10_ratio", unit="decades of steps"),
        threshold=f"the plateau ends when the loss has fallen by {100 * left:g} % of the chance level, ln 10, well beyond the "
        f"noise of batches; {epochs} epochs at both rates; for the networks whose gradient survives in theory; the sign decides",
        outcomes={
            "": "Longer: {supported}. Shorter: {refuted}. By {low} to {high} decades of steps (1 decade: ten times as many). A run "
            "that never leaves the plateau counts with its last step, so these are lower bounds."
        },
    )


def is_only_slow(rates: Rates, same: float) -> Claim:
    """Whether the small rate does as well after equal learning rate × steps.

    Args:
        rates: the two learning rates, the larger first.
        same: nats by which the loss may be higher.
    """
    judged: dict[str, Any] = {"expects": "less", "threshold": same, "unit": "nats"}
    parameters = {"progress": "common", "window": 9}
    return Claim(
        name="is_only_slow",
        statement=f"Training at {rates[1]} is only slower: at equal learning rate × steps its loss is no higher than at {rates[0]}.",
        parts=_against(rates, (COURSE, *LEARNING), "loss_at_progress", parameters, **judged),
        threshold=f"supported when the loss at the end of training at {rates[1]} is less than {same} nats, a tenth of chance "
        f"rounded up, above the loss at {rates[0]} after as much learning rate × steps, {100 * rates[1] / rates[0]:g} % of as "
        "many steps",
        outcomes={
            "": f"No higher: {{supported}}. Higher: {{refuted}}. Loss at {rates[1]} minus loss at {rates[0]}: {{low}} to {{high}} "
            "nats (negative: lower at the small rate)."
        },
    )


def _at_each(rates: Rates, directions: tuple[Direction, Direction], **held: Any) -> tuple[Part, ...]:
    """The course's network at both rates."""
    return tuple(
        Part(f"at {rate}", treated=f"{COURSE}-{rate}", expects=expects, **held)
        for rate, expects in zip(rates, directions, strict=True)
    )


def _against(
    rates: Rates, kinds: Iterable[str], measure: str, parameters: dict[str, Any], **judged: Any
) -> tuple[Part, ...]:
    """The effect of the small learning rate, for each kind."""
    high, low = rates
    return tuple(
        Part(KINDS[kind][0], measure, parameters, f"{kind}-{low}", f"{kind}-{high}", **judged) for kind in kinds
    )
