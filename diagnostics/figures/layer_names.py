"""Labels for an axis of layers: every name where there is room, otherwise the names at block borders."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

SEPARATORS = "/_"
COVERED = 0.8
"""Share of the layers that must be in blocks of several; finer divisions would name parts, not blocks."""
BOTH_ENDS = 12
"""Fewest characters in which both ends of a name can be read."""
LARGE = 0.25
"""Share of the layers above which a block gets names between its borders, too."""


class Block(NamedTuple):
    """Consecutive layers whose names begin alike.

    Args:
        name: what they have in common; for a single layer its whole name.
        first: index of the first layer.
        last: index of the last layer.
    """

    name: str
    first: int
    last: int


def blocks(names: Sequence[str], most: int) -> list[Block]:
    """The finest division into blocks that has at most `most` of them, most layers being in a block with others.

    Names are compared part by part, where a part ends at a slash or an underscore: ``stage_2/block_1/conv`` and
    ``stage2_block1_conv`` both belong to a block within a stage.

    Args:
        names: the layers from input to output.
        most: the most blocks wanted.

    Returns:
        Blocks from input to output; a single one if even the first parts of the names are too many.
    """
    found = [Block(_common(names), 0, len(names) - 1)] if names else []
    for level in range(1, max((len(_ends(name)) for name in names), default=0) + 1):
        finer = _divided(names, level)
        if len(finer) > most:
            break
        if sum(block.last - block.first + 1 for block in finer if block.first < block.last) >= COVERED * len(names):
            found = finer
    return found


def ticks(names: Sequence[str], height: float, least: float = 13.0) -> dict[int, str]:
    """The labels of an axis: layers that begin a block, and others between them where there is room.

    Args:
        names: the layers from input to output.
        height: length of the axis in CSS pixels.
        least: least distance between two labels.

    Returns:
        Index of the layer to its label.
    """
    room = max(int(height / least), 1)
    if len(names) <= room:
        return dict(enumerate(names))
    rows, chosen, alone = height / len(names), {}, {}
    for block in blocks(names, room):
        size = block.last - block.first + 1
        inner = range(block.first, block.last, max(int(3 * least / rows), 1)) if size > LARGE * len(names) else ()
        chosen |= {place: names[place] for place in inner}
        if block.name and not inner:
            (chosen if size > 1 else alone)[block.first] = block.name
    return dict(sorted(_apart(chosen, alone, least=least / rows).items()))


def shortened(name: str, longest: int) -> str:
    """A name cut to `longest` characters; its end distinguishes siblings, its start blocks, where there is room for both."""
    if len(name) <= longest:
        return name
    tail = longest // 2 if longest >= BOTH_ENDS else longest - 1
    return f"{name[: longest - 1 - tail]}…{name[-tail:]}"


def told_apart(names: Sequence[str], longest: int) -> list[str]:
    """Names cut to `longest` characters; where one is longer, an ending that all of them share is left out first."""
    ends = (
        {name[place:] for name in names[:1] for place in _ends(name)[:-1]}
        if max(map(len, names), default=0) > longest
        else set()
    )
    # The separator belongs to what is left out: "block_0_relu" and "block_1_relu" become "block_0" and "block_1".
    shared = [
        name for name in ends if len(names) > 1 and all(other.endswith(name) and other != name for other in names)
    ]
    cut = len(max(shared, key=len, default=""))
    return [shortened(name[: len(name) - cut], longest) for name in names]


def _apart(*chosen: dict[int, str], least: float) -> dict[int, str]:
    """Labels that keep their distance from all others, the first mapping's before the second's."""
    kept: dict[int, str] = {}
    for labels in chosen:
        for place, name in labels.items():
            if all(abs(place - other) >= least for other in kept):
                kept[place] = name
    return kept


def _divided(names: Sequence[str], level: int) -> list[Block]:
    found = []
    for name, members in groupby(enumerate(names), key=lambda item: _prefix(item[1], level)):
        places = [place for place, _ in members]
        found.append(Block(name if len(places) > 1 else names[places[0]], places[0], places[-1]))
    return found


def _prefix(name: str, level: int) -> str:
    ends = _ends(name)
    return name[: ends[min(level, len(ends)) - 1]]


def _ends(name: str) -> list[int]:
    """Where the parts of a name end."""
    return [place for place, letter in enumerate(name) if letter in SEPARATORS and place] + [len(name)]


def _common(names: Sequence[str]) -> str:
    first, last = min(names), max(names)
    same = next(
        (place for place, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    return first[:same].rstrip(SEPARATORS)
