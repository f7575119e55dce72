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
        "ReLU does no harm here, neither between the layers nor after the last one if no value to predict is below 0.",
        {"relu_is_harmless": "supported"},
    ),
    Answer(
        "Whether ReLU does harm depends on its place: between the layers or after the last one, even when no value to predict "
        "is below 0.",
        {"relu_is_harmless": "mixed"},
    ),
    Answer(
        "ReLU is not always harmless: between the layers, or after the last one, it raises the test error.",
        {"relu_is_harmless": "refuted"},
    ),
    Answer("These runs do not show whether ReLU is harmless everywhere.", {"relu_is_harmless": "open"}),
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
