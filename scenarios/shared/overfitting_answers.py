"""The sentences with which ``dropout_regression`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

NARROWER = (
    "At the same learning rate dropout narrows the gap between test and training error, by {prevents_overfitting.size} of the "
    "error of a constant (always the mean, or the class shares)"
)
ANSWERS = (
    Answer(
        f"{NARROWER}, largely by fitting the training examples less: where the training error is the same, the gap is not narrower "
        "by a tenth of a constant's error for {narrower_at_equal_loss.refuted}.",
        {"prevents_overfitting": "supported", "narrower_at_equal_loss": "refuted"},
    ),
    Answer(
        f"{NARROWER}; where the training error is the same, by more than a tenth of a constant's error.",
        {"prevents_overfitting": "supported", "narrower_at_equal_loss": "supported"},
    ),
    Answer(
        f"{NARROWER}; where the training error is the same, by a tenth of a constant's error for "
        "{narrower_at_equal_loss.supported}, but not for {narrower_at_equal_loss.refuted}.",
        {"prevents_overfitting": "supported", "narrower_at_equal_loss": "mixed"},
    ),
    Answer(
        f"{NARROWER}; whether by a tenth of a constant's error where the training error is the same is not settled.",
        {"prevents_overfitting": "supported", "narrower_at_equal_loss": "open"},
    ),
    Answer(
        "At the same learning rate dropout narrows the gap between test and training error for {prevents_overfitting.supported}, "
        "but not for {prevents_overfitting.refuted}.",
        {"prevents_overfitting": "mixed"},
    ),
    Answer(
        "At the same learning rate dropout does not narrow the gap between test and training error for "
        "{prevents_overfitting.refuted}.",
        {"prevents_overfitting": "refuted"},
    ),
    Answer(
        "Whether dropout narrows the gap between test and training error at the same learning rate is not settled for "
        "{prevents_overfitting.open}.",
        {"prevents_overfitting": "open"},
    ),
    Answer(
        "On new examples a dropout of 0.5 makes the classifier better by {helps_classification.size} of a constant's error.",
        {"helps_classification": "supported"},
    ),
    Answer(
        "On new examples a dropout of 0.5 makes the classifier better by less than a tenth of a constant's error, if at all "
        "({helps_classification.refuted}).",
        {"helps_classification": "refuted"},
    ),
    Answer(
        "On new examples a dropout of 0.5 makes the classifier better by a tenth of a constant's error with "
        "{helps_classification.supported}, but not with {helps_classification.refuted}.",
        {"helps_classification": "mixed"},
    ),
    Answer(
        "Whether a dropout of 0.5 makes the classifier better by a tenth of a constant's error is not settled.",
        {"helps_classification": "open"},
    ),
    Answer("It makes regression worse, by {hurts_regression.size}.", {"hurts_regression": "supported"}),
    Answer(
        "It makes regression worse by a tenth in some cases ({hurts_regression.supported}).",
        {"hurts_regression": "mixed"},
    ),
    Answer(
        "It was not shown to make regression worse by a tenth: not at a rate of 0.5, not at 0.1, and not with training stopped early.",
        {"hurts_regression": "refuted"},
    ),
    Answer("Whether it makes regression worse by a tenth is not settled.", {"hurts_regression": "open"}),
    Answer(
        "It costs regression more than classification, by {hurts_regression_more.size}.",
        {"hurts_regression_more": "supported"},
    ),
    Answer(
        "It costs regression more than classification by a tenth with {hurts_regression_more.supported}, but not with "
        "{hurts_regression_more.refuted}.",
        {"hurts_regression_more": "mixed"},
    ),
    Answer(
        "Nor was it shown to cost regression more than classification by a tenth.",
        {"hurts_regression": "refuted", "hurts_regression_more": "refuted"},
    ),
    Answer(
        "Whether it costs regression more than classification by a tenth is not settled.",
        {"hurts_regression_more": "open"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
