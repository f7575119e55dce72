"""The sentences with which ``dropout_rate`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "No: it has the most sub-networks, but at every rate tried there are far more of them than training can use.",
        {"most_subnetworks": "supported", "count_is_a_limit": "refuted"},
    ),
    Answer(
        "It is also more accurate than all other rates tried, by two points or more.",
        {"best_accuracy": "supported"},
    ),
    Answer(
        "Dropout raises the test accuracy here. A rate of 0.5 is more accurate than some of the other rates, by two "
        "points or more, but not than all.",
        {"some_rate_helps": "supported", "best_accuracy": "mixed"},
    ),
    Answer(
        "Dropout raises the test accuracy here, but 0.5 does not stand out by two points: at least one other rate comes closer, "
        "or does better.",
        {"some_rate_helps": "supported", "best_accuracy": "refuted"},
    ),
    Answer(
        "Dropout raises the test accuracy here, but whether 0.5 is the most accurate rate is not settled.",
        {"some_rate_helps": "supported", "best_accuracy": "open"},
    ),
    Answer(
        "Each at its own best learning rate, some other rate is as accurate as 0.5, to within two points.",
        {"another_is_as_good": "supported"},
    ),
    Answer(
        "Here no rate was shown to raise the test accuracy, so that the rates cannot be ranked by it.",
        {"some_rate_helps": "open|refuted"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
