"""The sentences with which ``input_scaling`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "Yes, for plain SGD: on inputs that are not normalised every network tried is less accurate, by half a point or more, even at "
        "its own best learning rate.",
        {"must_be_scaled": "supported"},
    ),
    Answer(
        "Not always: some network loses less than half a point of accuracy without normalisation, each at its own best learning rate.",
        {"must_be_scaled": "refuted"},
    ),
    Answer(
        "Whether normalisation gains half a point of accuracy, each at its own best learning rate, depends on the network and the "
        "images.",
        {"must_be_scaled": "mixed"},
    ),
    Answer(
        "Whether normalisation gains half a point of accuracy, each at its own best learning rate, is not settled.",
        {"must_be_scaled": "open"},
    ),
    Answer(
        "Min-max and z-score are not equally good here: at each one's best rate, test accuracy differs by more than two points.",
        {"either_formula": "refuted"},
    ),
    Answer("Min-max and z-score do equally well, to within two points.", {"either_formula": "supported"}),
    Answer("Whether min-max and z-score do equally well is not settled.", {"either_formula": "open"}),
    Answer(
        "At one and the same learning rate raw inputs are not always worse: their scale acts like a larger rate, so that both must be "
        "chosen together.",
        {"scale_reaches_gradient": "supported", "scale_is_a_rate": "mixed|refuted"},
    ),
    Answer(
        "At every learning rate tried, raw inputs cost more than half a point of accuracy.",
        {"scale_reaches_gradient": "supported", "scale_is_a_rate": "supported"},
    ),
    Answer(
        "Whether raw or normalised inputs learn faster depends on the learning rate.",
        {"gets_going_sooner": "mixed"},
    ),
    Answer("Normalised inputs learn faster, also at each one's best rate.", {"gets_going_sooner": "supported"}),
    Answer("Normalised inputs do not always learn faster.", {"gets_going_sooner": "refuted"}),
    Answer(
        "At equal learning rates, raw inputs kill more ReLU units of the dense network.",
        {"raw_kills_units": "supported"},
    ),
    Answer(
        "For images, one mean and standard deviation for all pixels works better than separate ones for each pixel, by a point.",
        {"global_for_images": "supported"},
    ),
    Answer(
        "On some network or images, separate means and deviations for each pixel do as well as one for all, to within a point.",
        {"global_for_images": "refuted|mixed"},
    ),
    Answer(
        "Whether one mean and standard deviation for all pixels is better than separate ones is not settled.",
        {"global_for_images": "open"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
