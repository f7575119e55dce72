"""The sentences with which ``regression_activation`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "Neither, for these data: without activations the network is one matrix, and predicts as well as least squares and as with "
        "ReLU; layers that do not widen are not always better than layers that do.",
        {
            "is_one_matrix": "supported",
            "needs_none": "supported",
            "relu_helps": "refuted",
            "narrowing": "refuted|mixed",
        },
    ),
    Answer(
        "Linear regression needs no activation: without one, the layers multiply out to one matrix, and that matrix predicts "
        "as well as least squares.",
        {"is_one_matrix": "supported", "needs_none": "supported", "relu_helps": "supported|mixed|open"},
    ),
    Answer(
        "Linear regression needs no activation: without one, the layers multiply out to one matrix, and that matrix predicts "
        "as well as least squares. ReLU between the layers does not lower the test error noticeably.",
        {
            "is_one_matrix": "supported",
            "needs_none": "supported",
            "relu_helps": "refuted",
            "narrowing": "supported|open",
        },
    ),
    Answer(
        "Without an activation the layers multiply out to one matrix, but training it does not always find what least squares "
        "finds.",
        {"is_one_matrix": "supported", "needs_none": "refuted|mixed"},
    ),
    Answer(
        "Without an activation the layers multiply out to one matrix; whether it predicts as well as least squares is not "
        "settled.",
        {"is_one_matrix": "supported", "needs_none": "open"},
    ),
    Answer("ReLU between the layers lowers the test error.", {"relu_helps": "supported"}),
    Answer(
        "ReLU does no harm here between the layers, nor in a typical run after the last one, if no value to predict is below 0.",
        {"harmless_between": "supported", "harmless_at_the_end": "supported"},
    ),
    Answer("Between the layers ReLU raises the test error.", {"harmless_between": "refuted"}),
    Answer("Whether ReLU does harm between the layers is not settled.", {"harmless_between": "open"}),
    Answer(
        "After the last layer ReLU raises the test error even when no value to predict is below 0.",
        {"harmless_at_the_end": "refuted"},
    ),
    Answer("Whether ReLU after the last layer does harm is not settled.", {"harmless_at_the_end": "open"}),
    Answer(
        "After the last layer ReLU cannot predict values below 0, and does harm to a target that has some.",
        {"output_below_zero": "supported"},
    ),
    Answer("Layers that do not widen are better than layers that do.", {"narrowing": "supported"}),
    Answer(
        "Layers that do not widen are not always better than layers that do.",
        {"narrowing": "refuted|mixed", "needs_none": "refuted|mixed|open"},
    ),
    Answer(
        "Layers that do not widen are not always better than layers that do.",
        {"narrowing": "refuted|mixed", "needs_none": "supported", "relu_helps": "supported|mixed|open"},
    ),
    Answer("These runs do not show whether layers that widen are worse.", {"narrowing": "open"}),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
