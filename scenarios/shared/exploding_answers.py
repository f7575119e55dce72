"""The sentences with which ``exploding_gradient`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

WARNED = (
    "in every run that was lost the update ratio warned before the loss became NaN or infinite, by {warning_time.size} steps on "
    "average"
)
FINITE = "with a clipping norm of 1 the loss stayed finite in every run"
AFTER = "after two epochs at the same learning rate"
SEEN = (
    Answer(
        f"Seen, yes: {WARNED}. But it warned in runs that were not lost as well: it tells of steps that are too large, not of the end.",
        {"warns_early": "supported", "warns_in_runs_not_lost": "supported|open"},
    ),
    Answer(f"Seen, yes: {WARNED}.", {"warns_early": "supported", "warns_in_runs_not_lost": "refuted|mixed"}),
    Answer(
        "Seen, not always: some run was lost without a warning of the update ratio at least one step before.",
        {"warns_early": "mixed|refuted"},
    ),
    Answer(
        "The runs are too few to say whether the update ratio always warns in time.",
        {"explodes": "supported", "warns_early": "open"},
    ),
    Answer(
        "In healthy trainings it never warned, not at a larger learning rate either.", {"no_false_alarm": "supported"}
    ),
    Answer("It also warns in healthy trainings.", {"no_false_alarm": "refuted"}),
    Answer("It also warns in some healthy trainings.", {"no_false_alarm": "mixed"}),
)
PREVENTED = (
    Answer(
        f"Prevented, only the infinity: {FINITE}, but {AFTER} neither network was shown to have learned like the healthy one, from "
        "whose loss theirs differ by {clipping_learns.size} nats.",
        {"clipping_saves": "supported", "clipping_learns": "refuted"},
    ),
    Answer(
        f"Prevented, yes: {FINITE}, and {AFTER} both networks have learned like the healthy one.",
        {"clipping_saves": "supported", "clipping_learns": "supported"},
    ),
    Answer(
        f"Prevented, in part: {FINITE}; {AFTER} the network with {{clipping_learns.supported}} has learned like the healthy one, "
        "that with {clipping_learns.refuted} has not.",
        {"clipping_saves": "supported", "clipping_learns": "mixed"},
    ),
    Answer(
        f"Prevented, at least the infinity: {FINITE}; whether the networks learn like the healthy one is not settled.",
        {"clipping_saves": "supported", "clipping_learns": "open"},
    ),
    Answer(
        "Prevented, not always: a clipping norm of 1 does not always keep the loss finite.",
        {"clipping_saves": "refuted|mixed"},
    ),
    Answer(
        "The runs are too few to say whether a clipping norm of 1 always keeps the loss finite.",
        {"explodes": "supported", "clipping_saves": "open"},
    ),
)
PROFILE = (
    Answer(
        "Before the first update the depth profile of the gradient shows it with {shows_before_the_first_update.supported}, and "
        "not with {shows_before_the_first_update.refuted}, where the gradient is normal at the start.",
        {"shows_before_the_first_update": "mixed"},
    ),
    Answer(
        "The depth profile of the gradient shows both explosions before the first update.",
        {"shows_before_the_first_update": "supported"},
    ),
    Answer(
        "The depth profile of the gradient does not show an explosion before the first update with "
        "{shows_before_the_first_update.refuted}.",
        {"shows_before_the_first_update": "refuted"},
    ),
    Answer(
        "Whether the depth profile shows an explosion before the first update is not settled.",
        {"shows_before_the_first_update": "open"},
    ),
)
ANSWERS = (*SEEN, *PREVENTED, *PROFILE)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
