"""The parameters of a scenario's figure, with their types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NotRequired, TypedDict


class Parameters(TypedDict):
    """A figure's parameters; ``diagnostics.runs.figure_kinds`` has checked that those its kind requires are there.

    Args:
        column: what the figure shows.
        title: heading above the figure.
        options: keyword arguments of the figure's function.
        layers: a shell pattern of layers.
        split: ``train`` or ``validation``.
        guide: ``chance``, or a reference value and its name.
        theory: whether theory is drawn.
        measure: name of a measure, with its parameters ``of``.
        unit: the measure's unit.
        references: a reference value by arm label.
        pairs: label, treated arm and control of each comparison.
        arms: a shell pattern of arms.
        setting: a number in the arms' settings.
        series: the setting with one line per value.
    """

    column: str
    title: NotRequired[str]
    options: NotRequired[Mapping[str, object]]
    layers: str
    split: NotRequired[str]
    guide: NotRequired[str | tuple[float, str]]
    theory: NotRequired[bool]
    measure: str
    of: Mapping[str, object]
    unit: NotRequired[str]
    references: NotRequired[Mapping[str, float]]
    pairs: Sequence[tuple[str, str, str]]
    arms: str
    setting: str
    series: str
