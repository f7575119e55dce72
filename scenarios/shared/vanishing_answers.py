"""The sentences with which ``vanishing_gradient`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer


def answers(high: float, low: float, epochs: int) -> tuple[Answer, ...]:
    """Sentences and the verdicts that each one needs, in the order in which a report shows them.

    Args:
        high: the larger learning rate.
        low: the smaller one.
        epochs: passes over the training data of ReLU with Glorot.
    """
    return (
        *_does_it_vanish(low),
        Answer(
            f"So it does at {high}: activation, initialisation and batch normalisation make the difference.",
            {"survives_at_the_large_rate": "mixed", "vanishes_at_the_small_rate": "mixed"},
        ),
        Answer(
            f"ReLU with Keras' default initialisation (Glorot) does learn at {high} and not at {low}, in {epochs} epochs.",
            {"learns_at_the_large_rate_only": "supported"},
        ),
        Answer(
            f"For this network the rate does matter after the start: at {low} training repairs less of the gradient that its depth "
            f"loses than at {high}.",
            {"rate_matters_later": "supported"},
        ),
        Answer(
            f"At {low}, too, it learns once it starts with He, which keeps the gradient's size: the small rate alone does not stop "
            "it.",
            {"cured_at_the_small_rate": "supported"},
        ),
        Answer(
            f"He instead of Glorot does not make it learn at {low}.",
            {"cured_at_the_small_rate": "refuted"},
        ),
        Answer(
            f"In the networks compared whose gradient survives, {low} makes training slower; after equal learning rate × steps the "
            "loss is no higher than at the larger rate.",
            {"plateau_is_longer": "supported", "is_only_slow": "supported"},
        ),
    )


def _does_it_vanish(low: float) -> tuple[Answer, ...]:
    """The headline, for every pair of verdicts that can occur."""
    start = "before the first update the rate changes nothing about the gradient"
    return (
        Answer(
            f"No, not by itself: {start}, and at {low} it vanishes in some networks and survives in others.",
            {"same_profile": "supported", "vanishes_at_the_small_rate": "mixed"},
        ),
        Answer(
            f"No, not by itself: {start}, and at {low} it does not vanish in all networks.",
            {"same_profile": "supported", "vanishes_at_the_small_rate": "refuted"},
        ),
        Answer(
            f"Not at the start: {start}. Later, at {low}, it vanishes in every network tried.",
            {"same_profile": "supported", "vanishes_at_the_small_rate": "supported"},
        ),
        Answer(
            f"Not at the start: {start}. Whether it vanishes later is not settled.",
            {"same_profile": "supported", "vanishes_at_the_small_rate": "open"},
        ),
        Answer(
            "This run cannot tell: before the first update the two rates should give the same gradient, and they did not.",
            {"same_profile": "mixed|refuted|open"},
        ),
    )
