"""One layer as the table of readings names it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """The columns that precede the statistics in each row of ``layers``, and the number of units where it is known."""

    layer: str
    depth: int
    kind: str
    units: int | None = None
