"""Which panels share a row: arms that differ in one setting stand together, and no panel is left alone where that can be helped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

SEPARATOR = ", "
"""Between the settings in an arm's label."""
USUAL = 4
"""Panels side by side that are large enough to read and few enough to compare."""
TALL = 8
"""Rows from which on smaller panels are better than a longer page."""
FEWEST = 3
"""Columns below which panels are stacked as they come: a phone has no room for groups."""

Rows = list[list[str]]


def arranged(names: Sequence[str], fit: int) -> Rows:
    """Panels row by row; each row has at most `fit`.

    Args:
        names: the panels in order, such as ``["ReLU, 0.1", "tanh, 0.1", "ReLU, 0.5", "tanh, 0.5"]``.
        fit: how many panels the width allows side by side.
    """
    if len(names) <= min(fit, USUAL):
        return [[*names]]
    if fit < FEWEST:
        return _filled(names, fit)
    groups = _groups(names)
    return min((_rows(groups, columns) for columns in range(min(FEWEST, fit - 1), fit + 1)), key=_price)


def _price(rows: Rows) -> tuple[int, bool, int]:
    columns = max(map(len, rows))
    return len(rows) * columns - sum(map(len, rows)), len(rows) > TALL, abs(columns - USUAL)


def _rows(groups: Rows, columns: int) -> Rows:
    """Several groups in a row where all have one size that divides it; otherwise each group begins a row."""
    size = len(groups[0])
    if len(groups) == 1 or (columns % size == 0 and {*map(len, groups)} == {size}):
        return _filled([name for group in groups for name in group], columns)
    return [row for group in groups for row in _filled(group, columns)]


def _filled(names: Sequence[str], columns: int) -> Rows:
    return [[*names[start : start + columns]] for start in range(0, len(names), columns)]


def _groups(names: Sequence[str]) -> Rows:
    """Neighbours that share their first or their last settings: the smallest groups in which none is alone."""
    found = (groups for groups in _groupings(names) if min(map(len, groups)) > 1)
    return max(found, key=len, default=[[*names]])


def _groupings(names: Sequence[str]) -> Iterator[Rows]:
    settings = {name: name.split(SEPARATOR) for name in names}
    most = max(map(len, settings.values()))
    for part in [
        slice(-1),
        *(slice(kept) for kept in range(1, most)),
        *(slice(-kept, None) for kept in range(1, most)),
    ]:
        shared = {name: all_of[part] for name, all_of in settings.items()}
        yield [[*group] for _, group in groupby(names, shared.__getitem__)]
