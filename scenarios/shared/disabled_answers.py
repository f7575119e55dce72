"""The sentences with which ``dropout_parameters`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "For one example, yes: it gives the weights of the units that it drops a gradient of exactly 0; for a step with 32 "
        "examples, hardly: at a rate of 0.5 only {few_without_gradient.percent} of the active units get no gradient.",
        {"dropped_get_no_gradient": "supported", "few_without_gradient": "supported"},
    ),
    Answer(
        "For one example, yes: it gives the weights of the units that it drops a gradient of exactly 0; for a step with 32 "
        "examples, more than one active unit in ten gets no gradient with {few_without_gradient.refuted}.",
        {"dropped_get_no_gradient": "supported", "few_without_gradient": "mixed|refuted"},
    ),
    Answer(
        "For one example, yes: it gives the weights of the units that it drops a gradient of exactly 0; for a step with 32 "
        "examples, whether fewer than one active unit in ten get none is not settled.",
        {"dropped_get_no_gradient": "supported", "few_without_gradient": "open"},
    ),
    Answer(
        "Not even for one example: a dropped unit's weights did get a gradient with {dropped_get_no_gradient.refuted}.",
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
        "SGD with momentum and Adam go on moving most of these weights ({others_move.percent}), because they remember earlier "
        "gradients.",
        {"others_move": "supported"},
    ),
    Answer(
        "{others_move.supported} goes on moving most of these weights, {others_move.refuted} does not.",
        {"others_move": "mixed"},
    ),
    Answer(
        "{others_move.refuted} was not shown to go on moving most of these weights.",
        {"others_move": "refuted"},
    ),
    Answer(
        "Whether most of these weights go on moving is not settled with {others_move.open}.", {"others_move": "open"}
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
