"""The sentences with which ``dropout_regression`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

NARROWER = (
    "At the same learning rate dropout narrows the gap between test and training error, by {prevents_overfitting.size} of the "
    "error of a constant (always the mean, or the class shares)"
)
NOT_SUPPORTED = "mixed|refuted|open"
ANSWERS = (
    Answer(
        f"{NARROWER}, mostly by fitting the training examples less: where the training error is the same, the gap is not narrower "
        f"by a "
        "tenth of a constant's error for {narrower_at_equal_loss.refuted}.",
        {"prevents_overfitting": "supported", "narrower_at_equal_loss": "refuted"},
    ),
    Answer(
        f"{NARROWER}; where the training error is the same, by more than a tenth of a constant's error.",
        {"prevents_overfitting": "supported", "narrower_at_equal_loss": "supported"},
    ),
    Answer(
        f"{NARROWER}; where the training error is the same, by a tenth of a constant's error for "
        f"{{narrower_at_equal_loss.supported}}, but "
        "not for {narrower_at_equal_loss.refuted}.",
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
        "On new examples a dropout of 0.5 makes the classifier better, by {helps_classification.size} of a constant's error: not "
        "by a tenth with {helps_by_a_tenth.refuted}.",
        {"helps_classification": "supported", "helps_by_a_tenth": "refuted"},
    ),
    Answer(
        "On new examples a dropout of 0.5 makes the classifier better, by {helps_classification.size} of a constant's error.",
        {"helps_classification": "supported", "helps_by_a_tenth": "supported|mixed|open"},
    ),
    Answer(
        "On new examples a dropout of 0.5 does not make the classifier better by a tenth of a constant's error with "
        "{helps_by_a_tenth.refuted}.",
        {"helps_classification": NOT_SUPPORTED, "helps_by_a_tenth": "refuted"},
    ),
    Answer(
        "Whether a dropout of 0.5 makes the classifier better on new examples is not settled with {helps_classification.open}.",
        {"helps_classification": "open"},
    ),
    Answer(
        "A dropout of 0.5 makes the classifier better on new examples with {helps_classification.supported}, but not with "
        "{helps_classification.refuted}.",
        {"helps_classification": "mixed"},
    ),
    Answer("It makes regression worse, by {hurts_regression.size}.", {"hurts_regression": "supported"}),
    Answer(
        "It makes regression worse with {hurts_regression.supported}, but not with {hurts_regression.refuted}.",
        {"hurts_regression": "mixed"},
    ),
    Answer("It does not make regression worse with {hurts_regression.refuted}.", {"hurts_regression": "refuted"}),
    Answer(
        "Whether it makes regression worse is not settled with {hurts_regression.open}.", {"hurts_regression": "open"}
    ),
    Answer(
        "By a tenth it was not shown to, at either rate, with or without early stopping.",
        {"hurts_by_a_tenth": "refuted", "hurts_regression": NOT_SUPPORTED},
    ),
    Answer(
        "It costs regression more than classification, by {hurts_regression_more.size}.",
        {"hurts_regression_more": "supported"},
    ),
    Answer(
        "It costs regression more than classification with {hurts_regression_more.supported}, but not with "
        "{hurts_regression_more.refuted}.",
        {"hurts_regression_more": "mixed"},
    ),
    Answer(
        "It does not cost regression more than classification with {hurts_regression_more.refuted}.",
        {"hurts_regression_more": "refuted"},
    ),
    Answer(
        "Whether it costs regression more than classification is not settled with {hurts_regression_more.open}.",
        {"hurts_regression_more": "open"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
