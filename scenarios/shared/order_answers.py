"""The sentences with which ``dropout_batchnorm`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "They do interfere: with dropout before it, batch normalisation (BN) divides by a variance that its input does not have in "
        "inference.",
        {"variance_is_shifted": "supported"},
    ),
    Answer(
        "They were not shown to interfere at every rate: the variance before batch normalisation (BN) is shifted at "
        "{variance_is_shifted.supported}, and not at {variance_is_shifted.refuted}.",
        {"variance_is_shifted": "mixed|refuted"},
    ),
    Answer("Whether they interfere is not settled for {variance_is_shifted.open}.", {"variance_is_shifted": "open"}),
    Answer(
        "The variance is not shifted with dropout {order_removes_the_shift.supported}; it is with dropout "
        "{order_removes_the_shift.refuted}.",
        {"order_removes_the_shift": "mixed"},
    ),
    Answer("With dropout after BN the variance is not shifted.", {"order_removes_the_shift": "supported"}),
    Answer(
        "It is shifted also with dropout {order_removes_the_shift.refuted}.",
        {"order_removes_the_shift": "refuted"},
    ),
    Answer("The wrong statistics cost more than a point of accuracy.", {"shift_costs_accuracy": "supported"}),
    Answer(
        "The wrong statistics cost more than a point of accuracy with dropout {shift_costs_accuracy.supported}, and less with "
        "dropout {shift_costs_accuracy.refuted}.",
        {"shift_costs_accuracy": "mixed"},
    ),
    Answer(
        "The wrong statistics were not shown to cost a point of accuracy in any place: estimating them again changes it by "
        "{shift_costs_accuracy.points} points.",
        {"shift_costs_accuracy": "refuted"},
    ),
    Answer("Whether the wrong statistics cost a point of accuracy is not settled.", {"shift_costs_accuracy": "open"}),
    Answer("Both together cost more than a point, compared with BN alone.", {"together_is_worse": "supported"}),
    Answer(
        "Compared with BN alone, both together cost more than a point of accuracy with dropout {together_is_worse.supported}, and "
        "less with dropout {together_is_worse.refuted}.",
        {"together_is_worse": "mixed"},
    ),
    Answer(
        "Both together were not shown to cost a point of accuracy, compared with BN alone.",
        {"together_is_worse": "refuted"},
    ),
    Answer(
        "With equally many dropout layers, accuracy is higher by more than a point with dropout after BN than before it.",
        {"after_is_better": "supported"},
    ),
    Answer(
        "With equally many dropout layers, dropout after BN is more accurate than before it by more than a point "
        "{after_is_better.supported}, but not {after_is_better.refuted}.",
        {"after_is_better": "mixed"},
    ),
    Answer(
        "With equally many dropout layers, dropout after BN was not shown to be more accurate by a point than before it.",
        {"after_is_better": "refuted"},
    ),
    Answer(
        "Whether dropout after BN is more accurate by a point than before it, with equally many dropout layers, is not settled.",
        {"after_is_better": "open"},
    ),
    Answer(
        "A dropout that keeps the mean and the variance of each unit does not shift the variance.",
        {"even_keeps": "supported"},
    ),
    Answer(
        "A dropout that keeps the mean and the variance of each unit shifts that of deeper blocks all the same.",
        {"even_keeps": "refuted"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
