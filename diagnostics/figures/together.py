"""Many arms that differ in one setting only, such as the learning rate: a line each in one panel, rather than a panel each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.lines import Line2D

from diagnostics.figures import marks, style
from diagnostics.figures.arrangement import SEPARATOR

MANY = 12
"""From more arms on, a panel each is more than anybody compares."""
BAND = 0.09
"""Opacity of a band where several lie on each other."""
_NUMBER = re.compile(r"[-+]?\d[\d.]*(?:e[-+]?\d+)?$")


class Line(NamedTuple):
    """One arm's line in a panel: the arm and the colour of its setting."""

    arm: str
    colour: str


class Together(NamedTuple):
    """The arms by panel, and the settings that distinguish the lines of a panel."""

    panels: Mapping[str, Sequence[Line]]
    settings: Mapping[str, str]

    def legend(self, **looks) -> list[Line2D]:
        """One entry for each setting."""
        return [marks.swatch(setting, colour, **looks) for setting, colour in self.settings.items()]


def together(names: Sequence[str]) -> Together | None:
    """The panels of arms whose labels end in a setting, such as ``"ReLU, He, 0.01"``; None where a panel each is better.

    Args:
        names: labels of the arms, in order.
    """
    parts = {name: name.rpartition(SEPARATOR) for name in names}
    panels: dict[str, list[str]] = {}
    for name, (rest, _, _) in parts.items():
        panels.setdefault(rest, []).append(name)
    settings = sorted({last for *_, last in parts.values()}, key=_size)
    alone = any(len(own) == 1 for own in panels.values())
    if len(names) <= MANY or "" in panels or alone or len(settings) > style.LEVELS:
        return None
    colours = dict(zip(settings, map(style.colour, _levels(len(settings))), strict=True))
    return Together(
        {rest: [Line(name, colours[parts[name][2]]) for name in own] for rest, own in panels.items()}, colours
    )


def _levels(count: int) -> list[str]:
    """Names of `count` colours that are as far apart as the palette allows."""
    return [f"level-{1 + round(index * (style.LEVELS - 1) / max(count - 1, 1))}" for index in range(count)]


def _size(setting: str) -> tuple[float, str]:
    found = _NUMBER.search(setting)
    return (float(found[0]) if found else 0.0), setting
