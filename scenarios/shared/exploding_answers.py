"""The sentences with which ``exploding_gradient`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "Yes, and yes: in every run that was lost the update ratio warned at least one step before the loss became NaN or infinite, "
        "and with a clipping norm of 1 the loss stayed finite in every run.",
        {"warns_early": "supported", "clipping_saves": "supported"},
    ),
    Answer(
        "When the weights are too large, the depth profile of the gradient shows it before the first update; when the "
        "learning rate is too large, the gradient is normal at the start.",
        {"shows_before_the_first_update": "mixed"},
    ),
    Answer(
        "The depth profile of the gradient shows both explosions before the first update.",
        {"shows_before_the_first_update": "supported"},
    ),
    Answer(
        "The depth profile of the gradient does not always show an explosion before the first update.",
        {"shows_before_the_first_update": "refuted"},
    ),
    Answer(
        "Whether the depth profile shows an explosion before the first update is not settled.",
        {"shows_before_the_first_update": "open"},
    ),
    Answer(
        "The update ratio warned in every run that was lost, at least one step before.",
        {"warns_early": "supported", "clipping_saves": "refuted|mixed|open"},
    ),
    Answer("The update ratio does not always warn in time.", {"warns_early": "mixed|refuted"}),
    Answer(
        "The runs are too few to say whether the update ratio always warns in time.",
        {"explodes": "supported", "warns_early": "open"},
    ),
    Answer("The update ratio never warned in a healthy training.", {"no_false_alarm": "supported"}),
    Answer("The update ratio also warns in healthy trainings.", {"no_false_alarm": "refuted"}),
    Answer(
        "With a clipping norm of 1 the loss stayed finite in every run.",
        {"warns_early": "refuted|mixed|open", "clipping_saves": "supported"},
    ),
    Answer("A clipping norm of 1 does not always keep the loss finite.", {"clipping_saves": "refuted|mixed"}),
    Answer(
        "The runs are too few to say whether a clipping norm of 1 always keeps the loss finite.",
        {"explodes": "supported", "clipping_saves": "open"},
    ),
    Answer(
        "At the same learning rate and within two epochs, clipping alone made both networks learn like the healthy one.",
        {"clipping_learns": "supported"},
    ),
    Answer(
        "A finite loss is not yet learning: at the same learning rate and within two epochs, clipping alone was not shown to make "
        "either network learn like the healthy one.",
        {"clipping_learns": "refuted"},
    ),
    Answer(
        "At the same learning rate and within two epochs, clipping alone makes only one of the two networks learn like the healthy "
        "one.",
        {"clipping_learns": "mixed"},
    ),
    Answer(
        "Whether clipping alone makes a network learn like the healthy one is not settled.", {"clipping_learns": "open"}
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
