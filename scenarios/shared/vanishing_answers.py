"""The sentences with which ``vanishing_gradient`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

EQUAL = "after equal learning rate × steps"


def answers(high: float, low: float, epochs: int, shorter: int, early: int) -> tuple[Answer, ...]:
    """Sentences and the verdicts that each one needs, in the order in which a report shows them.

    Args:
        high: the larger learning rate.
        low: the smaller one.
        epochs: passes over the training data of ReLU with Glorot.
        shorter: passes at the larger rate that make equal learning rate × steps.
        early: the first steps over which all networks are compared.
    """
    return (
        *_at_the_start(),
        *_what_training_repairs(high, low, epochs),
        *_is_it_only_slow(high, low, epochs, shorter),
        *_what_is_learned(high, low, epochs),
        Answer(
            f"Over the same first {early} steps it vanishes at {high} in {{survives_at_the_large_rate.refuted}}, and at {low} in "
            "{vanishes_at_the_small_rate.supported}.",
            {"survives_at_the_large_rate": "mixed", "vanishes_at_the_small_rate": "mixed"},
        ),
        Answer(
            f"Over the same first {early} steps it vanishes at {low} in none of the networks.",
            {"vanishes_at_the_small_rate": "refuted"},
        ),
        Answer(
            f"Over the same first {early} steps it vanishes at {low} in all networks.",
            {"vanishes_at_the_small_rate": "supported"},
        ),
    )


def _at_the_start() -> tuple[Answer, ...]:
    """The headline, for every pair of verdicts that can occur."""
    same = {"same_profile": "supported"}
    no = "No: before the first update the gradient is the same at both rates"
    return (
        Answer(
            f"{no}, and in the course's network, ReLU with Glorot, it has vanished at both ({{vanished_at_start.size1}} decades "
            "lost over 20 layers).",
            same | {"vanished_at_start": "supported"},
        ),
        Answer(
            f"{no}; in the course's network, ReLU with Glorot, it has not vanished.",
            same | {"vanished_at_start": "refuted|mixed"},
        ),
        Answer(
            f"{no}; whether it has lost two decades in the course's network, ReLU with Glorot, is not settled.",
            same | {"vanished_at_start": "open"},
        ),
        Answer(
            "This run cannot tell: before the first update the two rates should give the same gradient, and they did not.",
            {"same_profile": "mixed|refuted|open"},
        ),
    )


def _what_training_repairs(high: float, low: float, epochs: int) -> tuple[Answer, ...]:
    """Where the gradient of the course's network survives in the end."""
    large, small = "repaired_at_the_large_rate", "vanished_at_the_small_rate"
    repaired, left = f"{epochs} epochs of training repair it at {high}", f"they leave {{{small}.size1}} decades lost"
    return (
        Answer(f"{repaired}; at {low} {left}.", {large: "supported", small: "supported|open"}),
        Answer(f"{repaired}, and at {low}, too.", {large: "supported", small: "refuted"}),
        Answer(f"{epochs} epochs of training do not repair it at {high}.", {large: "refuted"}),
        Answer(f"{epochs} epochs of training repair it at {low}.", {large: "refuted|open", small: "refuted"}),
    )


def _is_it_only_slow(high: float, low: float, epochs: int, shorter: int) -> tuple[Answer, ...]:
    """Whether the small rate does more than slow training down."""
    gradient, loss = "gradient_at_equal_progress", "is_only_slow"
    worth = f"{epochs} epochs at {low} are worth {shorter} at {high}"
    return (
        Answer(
            f"That is only slow training: {worth}, and these repair no more of it (a difference of {{{gradient}.size1}} decades).",
            {gradient: "supported"},
        ),
        Answer(
            f"Training is slower, too: {worth}. But {EQUAL} what is lost of its gradient still differs by {{{gradient}.size1}} "
            "decades.",
            {gradient: "refuted"},
        ),
        Answer(
            f"In the networks compared, {EQUAL} the loss is no higher at {low} than at {high}.",
            {loss: "supported"},
        ),
        Answer(
            f"{EQUAL.capitalize()} the loss is higher at {low} than at {high} with {{{loss}.refuted}}.",
            {loss: "refuted|mixed"},
        ),
    )


def _what_is_learned(high: float, low: float, epochs: int) -> tuple[Answer, ...]:
    """What the course observes, and its cure."""
    learns, cured = "learns_at_the_large_rate_only", "cured_at_the_small_rate"
    only = f"In {epochs} epochs the course's network does learn at {high} and not at {low}"
    return (
        Answer(
            f"{only}; with He, which keeps the gradient's size, it learns at {low}, too.",
            {learns: "supported", cured: "supported"},
        ),
        Answer(f"{only}.", {learns: "supported", cured: "refuted|open"}),
        Answer(
            f"With He, which keeps the gradient's size, it learns at {low}.",
            {learns: "mixed|refuted|open", cured: "supported"},
        ),
        Answer(f"He instead of Glorot does not make it learn at {low}.", {cured: "refuted"}),
    )
