"""One layer as the table of readings names it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """The columns that precede the statistics in each row of ``layers``, and the number of units where it is known.

    Args:
        layer: the layer's path.
        depth: counted from 1 at the input of its net.
        kind: the layer's class.
        units: how many it has, where that is known.
        model: the net, where the model consists of several; empty otherwise.
    """

    layer: str
    depth: int
    kind: str
    units: int | None = None
    model: str = ""
