"""The sentences with which ``dropout_rate`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "No: it has the most sub-networks, but at every rate tried there are far more of them than training can use.",
        {"most_subnetworks": "supported", "count_is_a_limit": "refuted"},
    ),
    Answer(
        "It is also more accurate than all other rates tried, by a point or more.",
        {"best_accuracy": "supported"},
    ),
    Answer(
        "Dropout raises the test accuracy here. A rate of 0.5 is more accurate than some of the other rates, but not than all: at "
        "least one of them comes within a point, or does better.",
        {"some_rate_helps": "supported", "best_accuracy": "mixed"},
    ),
    Answer(
        "Dropout raises the test accuracy here, but 0.5 is not the one best rate: at least one other comes within a point, or "
        "does better.",
        {"some_rate_helps": "supported", "best_accuracy": "refuted"},
    ),
    Answer(
        "Dropout raises the test accuracy here, but whether 0.5 is the most accurate rate is not settled.",
        {"some_rate_helps": "supported", "best_accuracy": "open"},
    ),
    Answer(
        "Each at its own best learning rate, all rates above 0 reach the same test accuracy to within a point.",
        {"same_accuracy": "supported"},
    ),
    Answer(
        "Here no rate was shown to raise the test accuracy, so that the rates cannot be ranked by it.",
        {"some_rate_helps": "open|refuted"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
