"""The sentences with which ``residual_order`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "In a network of 20 dense blocks first in the block: no alternative was shown to be more accurate by two points; in a "
        "convolutional network the order may be another one.",
        {"no_worse_first": "supported"},
    ),
    Answer(
        "Not always first in the block: in a network of 20 dense blocks some alternative is more accurate by two points.",
        {"no_worse_first": "mixed|refuted"},
    ),
    Answer(
        "Which place is best is not settled: in a network of 20 dense blocks an alternative may be two points more accurate than first "
        "in the block.",
        {"no_worse_first": "open"},
    ),
    Answer(
        "Inside the branch was not shown to be better by two points than either of the other places.",
        {"better_inside": "refuted"},
    ),
    Answer(
        "Inside the branch is better by two points than one of the other places only.",
        {"better_inside": "mixed"},
    ),
    Answer(
        "Inside the branch is better by two points than first in the block and than after the addition.",
        {"better_inside": "supported"},
    ),
    Answer(
        "Without batch normalisation this network hardly learns: at learning rates from 0.0001 on its loss becomes infinite within an "
        "epoch.",
        {"diverges_without": "supported"},
    ),
    Answer(
        "Inside the branch, the gradient is more even across the depth than with normalisation after the addition or without any.",
        {"most_even_inside": "supported"},
    ),
    Answer(
        "Inside the branch, the gradient is not in all cases more even than with normalisation after the addition or without any.",
        {"most_even_inside": "mixed|refuted"},
    ),
    Answer(
        "But an even gradient is not enough: without addition and normalisation it is more even still, and the network less accurate.",
        {"even_is_not_enough": "supported"},
    ),
)
CONVOLUTIONAL = (
    Answer(
        "In a network of 4 convolutional blocks inside the branch is within three points of every alternative, "
        "also of no normalisation.",
        {"same_in_convolutional": "supported"},
    ),
    Answer(
        "In a network of 4 convolutional blocks, inside the branch differs by more than three points from some alternative.",
        {"same_in_convolutional": "mixed|refuted"},
    ),
    Answer(
        "Whether inside the branch is within three points of every alternative in 4 convolutional blocks is not settled.",
        {"same_in_convolutional": "open"},
    ),
)
"""Only where that network was trained, too."""
