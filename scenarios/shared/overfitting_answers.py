"""The sentences with which ``dropout_regression`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "It reduces over-fitting: at the same learning rate the gap between test and training error is narrower with dropout, "
        "for regression and for classification.",
        {"prevents_overfitting": "supported"},
    ),
    Answer(
        "Not always: the gap between test and training error is narrower with dropout in some cases only.",
        {"prevents_overfitting": "mixed|refuted"},
    ),
    Answer("Whether it narrows the gap is not settled in all cases.", {"prevents_overfitting": "open"}),
    Answer(
        "On new examples it does not make the classifier better by a tenth of a constant's error in all cases, if in any.",
        {"helps_classification": "refuted|mixed"},
    ),
    Answer(
        "On new examples it makes the classifier better by a tenth of a constant's error.",
        {"helps_classification": "supported"},
    ),
    Answer(
        "Where the training error is the same, it does not narrow the gap by a tenth in all cases, if in any.",
        {"narrower_at_equal_loss": "refuted|mixed"},
    ),
    Answer("It is narrower also at equal training error.", {"narrower_at_equal_loss": "supported"}),
    Answer(
        "Each at its own best learning rate, a dropout of 0.5 makes this regression worse.",
        {"hurts_regression": "supported"},
    ),
    Answer(
        "Each at its own best learning rate, a dropout of 0.5 was not shown to make this regression worse by a tenth of a "
        "constant's error.",
        {"hurts_regression": "refuted"},
    ),
    Answer(
        "Whether it makes this regression worse depends on the number of examples.",
        {"hurts_regression": "mixed"},
    ),
    Answer("Whether it makes this regression worse is not settled.", {"hurts_regression": "open"}),
    Answer("It costs regression more than classification.", {"hurts_regression_more": "supported"}),
    Answer(
        "Nor was it shown to cost regression more than classification by that much.",
        {"hurts_regression": "refuted", "hurts_regression_more": "refuted"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
