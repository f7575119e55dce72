"""The sentences with which ``residual_order`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

DENSE = "In a network of 20 dense blocks"
FIRST = {"no_worse_first": "supported"}
ANSWERS = (
    Answer(
        f"{DENSE}, first in the block: after three epochs it is more accurate there than inside the branch or after the addition, "
        "by {better_first.points} points.",
        FIRST | {"better_first": "supported"},
    ),
    Answer(
        f"{DENSE}, first in the block is a safe place: no alternative is more accurate by two points after three epochs, but that "
        "it is the best place is not settled.",
        FIRST | {"better_first": "open"},
    ),
    Answer(
        f"{DENSE} the place matters little: first in the block is not the best one, but no alternative is more accurate by two points.",
        FIRST | {"better_first": "refuted|mixed"},
    ),
    Answer(
        f"Not first in the block: {DENSE.lower()} it is less accurate by two points {{no_worse_first.refuted}}.",
        {"no_worse_first": "mixed|refuted"},
    ),
    Answer(
        f"{DENSE}, first in the block is more accurate than inside the branch or after the addition, by {{better_first.points}} "
        "points; whether it is within two points of every alternative is not settled.",
        {"no_worse_first": "open", "better_first": "supported"},
    ),
    Answer(
        f"Which place is best is not settled by two points: {DENSE.lower()} an alternative may be that much more accurate than "
        "first in the block.",
        {"no_worse_first": "open", "better_first": "open|refuted|mixed"},
    ),
    Answer(
        "Inside the branch is not better by two points {better_inside.refuted}.",
        {"better_inside": "refuted", "better_first": "open|refuted|mixed"},
    ),
    Answer(
        "Inside the branch is better by two points {better_inside.supported}, but not {better_inside.refuted}.",
        {"better_inside": "mixed"},
    ),
    Answer(
        "Inside the branch is better by two points than first in the block and than after the addition.",
        {"better_inside": "supported"},
    ),
    Answer(
        "Without batch normalisation, and with He weights that are not scaled down, the loss becomes infinite at every learning "
        "rate from 0.0001 on (at step {diverges_without.size}).",
        {"diverges_without": "supported"},
    ),
    Answer(
        "Inside the branch, the gradient is more even across the depth than with normalisation after the addition or without any.",
        {"most_even_inside": "supported"},
    ),
    Answer(
        "Inside the branch, the gradient is not more even {most_even_inside.refuted}.",
        {"most_even_inside": "mixed|refuted"},
    ),
    Answer(
        "But an even gradient is not enough: without addition and normalisation it is more even still, and the network less accurate.",
        {"even_is_not_enough": "supported"},
    ),
)
BLOCKS, SPAN = (
    "In a network of 4 convolutional blocks",
    "(inside minus the alternative: {same_in_convolutional.points} points)",
)
CONVOLUTIONAL = (
    Answer(
        f"{BLOCKS} the place matters less: inside the branch is within two points of every alternative, including no normalisation "
        f"{SPAN}.",
        {"same_in_convolutional": "supported"},
    ),
    Answer(
        f"{BLOCKS} inside the branch differs by more than two points {{same_in_convolutional.refuted}} {SPAN}.",
        {"same_in_convolutional": "mixed|refuted"},
    ),
    Answer(
        f"{BLOCKS} it is not settled for every alternative that inside the branch is within two points of it {SPAN}.",
        {"same_in_convolutional": "open"},
    ),
)
"""Only where that network was trained, too."""
