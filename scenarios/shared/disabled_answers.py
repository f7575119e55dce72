"""The sentences with which ``dropout_parameters`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "For one example, yes: it gives the weights of the units that it drops a gradient of exactly 0; for a step with 32 "
        "examples, hardly: fewer than one active unit in ten gets no gradient.",
        {"dropped_get_no_gradient": "supported", "few_without_gradient": "supported"},
    ),
    Answer(
        "For one example, yes: it gives the weights of the units that it drops a gradient of exactly 0; for a step with 32 "
        "examples, more than one active unit in ten gets no gradient in some of the networks.",
        {"dropped_get_no_gradient": "supported", "few_without_gradient": "mixed|refuted"},
    ),
    Answer(
        "For one example, yes: it gives the weights of the units that it drops a gradient of exactly 0; for a step with 32 "
        "examples this is not settled.",
        {"dropped_get_no_gradient": "supported", "few_without_gradient": "open"},
    ),
    Answer(
        "Not even for one example: a dropped unit's weights did get a gradient in some of the networks.",
        {"dropped_get_no_gradient": "mixed|refuted"},
    ),
    Answer(
        "Dropout adds no parameters, and its forward pass changes none.",
        {"layer_has_none": "supported", "forward_leaves_them": "supported"},
    ),
    Answer(
        "After a step with one example, plain SGD leaves the weights of the units that it drops unchanged.",
        {"sgd_leaves_dropped": "supported"},
    ),
    Answer(
        "SGD with momentum and AdamW change most of these weights although their gradient is 0.",
        {"others_move": "supported"},
    ),
    Answer("Not both SGD with momentum and AdamW change most of these weights.", {"others_move": "mixed|refuted"}),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
