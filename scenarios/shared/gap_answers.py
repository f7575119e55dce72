"""The sentences with which ``train_validation_gap`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ABOVE = {"above_at_first": "supported"}
ANSWERS = (
    Answer(
        "It is above because the reported training accuracy averages over an epoch of improving weights, and below later because "
        "the network fits its training examples better than others.",
        ABOVE | dict.fromkeys(("because_of_lag", "turns_round", "because_of_data"), "supported"),
    ),
    Answer(
        "It is above because the reported training accuracy averages over an epoch of improving weights; why it is below later is "
        "not settled for {because_of_data.open}.",
        ABOVE | dict.fromkeys(("because_of_lag", "turns_round"), "supported") | {"because_of_data": "open"},
    ),
    Answer(
        "It is above because the reported training accuracy averages over an epoch of improving weights. That it is below later is "
        "not due by a point to fitting the training examples better with {because_of_data.refuted}.",
        ABOVE | dict.fromkeys(("because_of_lag", "turns_round"), "supported") | {"because_of_data": "mixed|refuted"},
    ),
    Answer(
        "It is above because the reported training accuracy averages over an epoch of improving weights; it was not shown to be "
        "below later by a point with every network.",
        ABOVE | {"because_of_lag": "supported", "turns_round": "mixed|refuted|open"},
    ),
    Answer(
        "Validation accuracy is above at first, but the average over an epoch of improving weights was not shown to be a reason in "
        "every network.",
        ABOVE | {"because_of_lag": "mixed|refuted|open"},
    ),
    Answer(
        "Validation accuracy was not shown to be above training accuracy at first in every network.",
        {"above_at_first": "mixed|refuted|open"},
    ),
    Answer(
        "With dropout and with batch normalisation, training mode lowers the reported accuracy, too.",
        {"because_of_mode": "supported"},
    ),
    Answer(
        "With dropout, validation accuracy stays above, because training accuracy is taken with units missing; but this network, "
        "too, fits its training examples better than others.",
        {"stays_above_with_dropout": "supported"},
    ),
    Answer(
        "Where the training losses are equal, dropout narrows the gap between the losses by {dropout_narrows_at_equal_loss.size} "
        "nats.",
        {"dropout_narrows_at_equal_loss": "supported"},
    ),
    Answer(
        "Where the training losses are equal, dropout widens the gap between the losses by {dropout_narrows_at_equal_loss.size} "
        "nats.",
        {"dropout_narrows_at_equal_loss": "refuted"},
    ),
    Answer(
        "Whether dropout narrows the gap between the losses where the training losses are equal is not settled.",
        {"dropout_narrows_at_equal_loss": "open"},
    ),
    Answer(
        "Batch normalisation then widens the gap between the losses, by {batchnorm_widens_at_equal_loss.size} nats.",
        {"dropout_narrows_at_equal_loss": "supported|refuted|open", "batchnorm_widens_at_equal_loss": "supported"},
    ),
    Answer(
        "Batch normalisation then narrows the gap between the losses, by {batchnorm_widens_at_equal_loss.size} nats.",
        {"dropout_narrows_at_equal_loss": "supported|refuted|open", "batchnorm_widens_at_equal_loss": "refuted"},
    ),
    Answer(
        "Without dropout and batch normalisation, and on all examples, the two accuracies agree in the end, to within a point.",
        {"agrees": "supported"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
