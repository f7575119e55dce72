"""The sentences with which ``input_scaling`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "Yes, for plain SGD: on raw inputs every network tried is less accurate by more than a point ({must_be_scaled.points} "
        "points), even at its own best learning rate.",
        {"must_be_scaled": "supported"},
    ),
    Answer(
        "Not always: each at its own best learning rate, raw inputs do not cost a point of accuracy for {must_be_scaled.refuted}.",
        {"must_be_scaled": "refuted"},
    ),
    Answer(
        "Each at its own best learning rate, raw inputs cost more than a point of accuracy for {must_be_scaled.supported}, but not "
        "for {must_be_scaled.refuted}.",
        {"must_be_scaled": "mixed"},
    ),
    Answer(
        "Each at its own best learning rate, raw inputs change accuracy by {must_be_scaled.points} points; whether they cost more "
        "than a point is not settled for {must_be_scaled.open}.",
        {"must_be_scaled": "open"},
    ),
    Answer(
        "Min-max is less accurate than the z-score, by {min_max_is_worse.points} points.",
        {"min_max_is_worse": "supported"},
    ),
    Answer(
        "Min-max is more accurate than the z-score, by {min_max_is_worse.points} points.",
        {"min_max_is_worse": "refuted"},
    ),
    Answer(
        "Whether min-max or the z-score is more accurate is not settled: they differ by {min_max_is_worse.points} points.",
        {"min_max_is_worse": "open"},
    ),
    Answer(
        "At one and the same learning rate raw inputs are not always worse by a point: their scale acts like a larger rate, so "
        "that both must be chosen together.",
        {"scale_reaches_gradient": "supported", "scale_is_a_rate": "mixed|refuted"},
    ),
    Answer(
        "At every learning rate tried, raw inputs cost more than a point of accuracy.",
        {"scale_reaches_gradient": "supported", "scale_is_a_rate": "supported"},
    ),
    Answer(
        "Each at its best rate, the dense network needs more steps on raw inputs, by {gets_going_sooner.size} decades (0.1 is a "
        "quarter more).",
        {"gets_going_sooner": "supported"},
    ),
    Answer(
        "Each at its best rate, the dense network does not need more steps on raw inputs.",
        {"gets_going_sooner": "refuted"},
    ),
    Answer(
        "Whether the dense network needs more steps on raw inputs, each at its best rate, is not settled.",
        {"gets_going_sooner": "open"},
    ),
    Answer(
        "More ReLU units of the dense network are dead on raw inputs, also at the best rate: by {raw_kills_units.percent} of all.",
        {"raw_kills_units": "supported"},
    ),
    Answer(
        "For images, one mean and deviation for all pixels works better than separate ones for each pixel, by more than a point.",
        {"global_for_images": "supported"},
    ),
    Answer(
        "One mean and deviation for all pixels was not shown to be better by a point than separate ones for each pixel, which "
        "change accuracy by {global_for_images.points} points.",
        {"global_for_images": "refuted"},
    ),
    Answer(
        "One mean and deviation for all pixels is better by a point than separate ones for each pixel for "
        "{global_for_images.supported}, but not for {global_for_images.refuted}.",
        {"global_for_images": "mixed"},
    ),
    Answer(
        "Whether one mean and deviation for all pixels is better by a point than separate ones for each pixel is not settled for "
        "{global_for_images.open}.",
        {"global_for_images": "open"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
