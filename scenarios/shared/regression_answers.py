"""The sentences with which ``regression_activation`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "Neither, for these data: a network without activations is one matrix, and predicts as well as least squares and as a ReLU "
        "network, within 0.03 standard deviations of the target; and no order of widths was shown to be better than another by "
        "that much.",
        {
            "is_one_matrix": "supported",
            "needs_none": "supported",
            "relu_helps": "refuted",
            "narrowing": "refuted",
        },
    ),
    Answer(
        "Not for these data: a network without activations is one matrix, and predicts as well as least squares and as a ReLU "
        "network, within 0.03 standard deviations of the target; layers that do not widen are better {narrowing.supported}, but "
        "not {narrowing.refuted}.",
        {
            "is_one_matrix": "supported",
            "needs_none": "supported",
            "relu_helps": "refuted",
            "narrowing": "mixed",
        },
    ),
    Answer(
        "Linear regression needs no activation: without one, the layers multiply out to one matrix, and that matrix predicts as "
        "well as least squares.",
        {"is_one_matrix": "supported", "needs_none": "supported", "relu_helps": "supported|mixed|open"},
    ),
    Answer(
        "Linear regression needs no activation: without one, the layers multiply out to one matrix, and that matrix predicts as "
        "well as least squares. ReLU between the layers does not lower the test error noticeably.",
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
        "Without an activation the layers multiply out to one matrix; whether it predicts as well as least squares is not settled.",
        {"is_one_matrix": "supported", "needs_none": "open"},
    ),
    Answer("ReLU between the layers lowers the test error.", {"relu_helps": "supported"}),
    Answer("ReLU between the layers does no harm here.", {"harmless_between": "supported"}),
    Answer(
        "After the last layer, if no value to predict is below 0, it does none in the typical run, but {sometimes_lost.percent} of "
        "the runs never learn at any rate; the mean error changes by {harmless_on_average.size} standard deviations of the target.",
        {"harmless_at_the_end": "supported", "sometimes_lost": "supported"},
    ),
    Answer(
        "After the last layer, if no value to predict is below 0, it does none in the typical run, and none of the runs was lost.",
        {"harmless_at_the_end": "supported", "sometimes_lost": "open|refuted"},
    ),
    Answer(
        "After the last layer, too, {sometimes_lost.percent} of the runs never learn at any rate.",
        {"harmless_at_the_end": "refuted|mixed|open", "sometimes_lost": "supported"},
    ),
    Answer("Between the layers ReLU raises the test error.", {"harmless_between": "refuted"}),
    Answer(
        "Whether ReLU between the layers raises the test error by 0.03 is not settled.", {"harmless_between": "open"}
    ),
    Answer(
        "After the last layer ReLU raises the test error even when no value to predict is below 0.",
        {"harmless_at_the_end": "refuted"},
    ),
    Answer(
        "Whether ReLU after the last layer raises the typical test error by 0.03 is not settled.",
        {"harmless_at_the_end": "open"},
    ),
    Answer(
        "After the last layer ReLU cannot predict values below 0, and does harm to a target that has some.",
        {"output_below_zero": "supported"},
    ),
    Answer("Layers that do not widen are better than layers that do.", {"narrowing": "supported"}),
    Answer(
        "No order of widths was shown to be better than another by 0.03 standard deviations of the target.",
        {"narrowing": "refuted", "needs_none": "refuted|mixed|open"},
    ),
    Answer(
        "No order of widths was shown to be better than another by 0.03 standard deviations of the target.",
        {"narrowing": "refuted", "needs_none": "supported", "relu_helps": "supported|mixed|open"},
    ),
    Answer("Whether layers that widen are worse by 0.03 is not settled.", {"narrowing": "open"}),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
