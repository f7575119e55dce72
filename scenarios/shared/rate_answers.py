"""The sentences with which ``dropout_rate`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

WRONG = "With three in ten training labels wrong, so that there is something to prevent,"
HELPS = {"some_rate_helps": "supported"}
ANSWERS = (
    Answer(
        "No: it has the most sub-networks, but at every rate tried there are far more of them than training can use.",
        {"most_subnetworks": "supported", "count_is_a_limit": "refuted"},
    ),
    Answer(
        f"{WRONG} dropout raises the test accuracy, and 0.5 is more accurate than every other rate tried by more than two points.",
        HELPS | {"best_accuracy": "supported"},
    ),
    Answer(
        f"{WRONG} dropout raises the test accuracy (at {{some_rate_helps.supported}}). A rate of 0.5 is more accurate by more than "
        "two points than {best_accuracy.supported}, but not than {best_accuracy.refuted}.",
        HELPS | {"best_accuracy": "mixed"},
    ),
    Answer(
        f"{WRONG} dropout raises the test accuracy (at {{some_rate_helps.supported}}), but 0.5 is not more accurate by two points "
        "than {best_accuracy.refuted}.",
        HELPS | {"best_accuracy": "refuted"},
    ),
    Answer(
        f"{WRONG} dropout raises the test accuracy (at {{some_rate_helps.supported}}); whether 0.5 is more accurate by two points "
        "than {best_accuracy.open} is not settled.",
        HELPS | {"best_accuracy": "open"},
    ),
    Answer(
        "Each at its own best learning rate, {another_is_as_good.supported} is as accurate as 0.5, to within two points.",
        HELPS | {"another_is_as_good": "supported"},
    ),
    Answer(
        "No other rate tried is as accurate as 0.5, to within two points.",
        HELPS | {"another_is_as_good": "refuted"},
    ),
    Answer(
        f"{WRONG} no rate was shown to raise the test accuracy here, so that the rates cannot be ranked by it.",
        {"some_rate_helps": "open|refuted"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
