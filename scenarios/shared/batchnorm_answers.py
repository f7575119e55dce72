"""The sentences with which ``batchnorm`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

COUNTED = {"four_for_each_unit": "supported", "second_pair_is_trained": "refuted"}
KEPT = {"keeps_activations": "supported"} | COUNTED
KEEPS = "It keeps activations within a factor of 2 of one size over 20 layers"
PARAMETERS = "it has 400 parameters for 100 units, of which 200 are trained."
ANSWERS = (
    Answer(
        f"{KEEPS}; in a network of that depth it is more accurate before ReLU than after it; and {PARAMETERS}",
        KEPT | {"before_is_better": "supported"},
    ),
    Answer(
        f"{KEEPS}; whether it is more accurate before ReLU than after it in a network of that depth is not settled; and {PARAMETERS}",
        KEPT | {"before_is_better": "open"},
    ),
    Answer(
        f"{KEEPS}; in networks of that depth it is not more accurate before ReLU than after it; and {PARAMETERS}",
        KEPT | {"before_is_better": "refuted"},
    ),
    Answer(
        "It was not shown to keep activations within a factor of 2 of one size over 20 layers in every case.",
        {"keeps_activations": "mixed|refuted|open"},
    ),
    Answer(
        "Without it He keeps that size, too, and Glorot does not.",
        {"keeps_activations": "supported", "without_it": "supported"},
    ),
    Answer(
        "Before ReLU it makes gradients more even with Glorot, where they shrink on the way back, and less even with He, where "
        "they already keep their size.",
        {"eases_gradients_glorot": "supported", "eases_gradients_he": "refuted"},
    ),
    Answer(
        "Before ReLU it makes gradients more even, with Glorot and with He.",
        {"eases_gradients_glorot": "supported", "eases_gradients_he": "supported"},
    ),
    Answer(
        "In three epochs, each network at its best learning rate, it makes 20 layers with Glorot learn faster in both places, and "
        "20 layers with He in at least one of them.",
        {"learns_faster_deep_glorot": "supported", "learns_faster_deep_he": "supported"},
    ),
    Answer(
        "In three epochs, each network at its best learning rate, it makes 20 layers with Glorot learn faster; with He this is not "
        "settled.",
        {"learns_faster_deep_glorot": "supported", "learns_faster_deep_he": "open"},
    ),
    Answer(
        "It does not make 5 layers with He learn faster by 0.1 nats, before ReLU or after it.",
        {"learns_faster_shallow_he": "refuted"},
    ),
    Answer(
        "Whether it makes 5 layers with Glorot learn faster in both places is not settled.",
        {"learns_faster_shallow_glorot": "open"},
    ),
    Answer(
        "With 5 layers its place changes test accuracy by less than three points.",
        {"can_be_exchanged": "supported"},
    ),
    Answer(
        "With 5 layers, too, its place changes test accuracy by more than three points in some case.",
        {"can_be_exchanged": "mixed|refuted"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
