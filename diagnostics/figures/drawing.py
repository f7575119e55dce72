"""A figure that looks in a notebook as it does on the page, and that says what its axes are."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from diagnostics.figures.svg import write_png


@dataclass(frozen=True)
class Followed:
    """What the axes of one panel are, for a page's cursor.

    Args:
        axes: the panel.
        column: the quantity that it shows.
        x: ``"step"``, ``"value"`` or ``"layer"``.
        y: the same for the vertical axis.
        layers: the layers at 0, 1, 2, ... of the axis of layers.
    """

    axes: Axes
    column: str
    x: str
    y: str
    layers: tuple[str, ...] = ()


class Drawing(Figure):
    """A matplotlib figure like any other; notebooks show it as PNG on white paper."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.followed: list[Followed] = []

    def follow(self, axes: Axes, column: str, *, x: str, y: str, layers: Sequence[str] = ()) -> None:
        """Let a page's cursor follow the pointer over a panel.

        Args:
            axes: the panel.
            column: the quantity that it shows.
            x: what its horizontal axis is: ``"step"``, ``"value"`` or ``"layer"``.
            y: what its vertical axis is.
            layers: the layers along the axis of layers.
        """
        self.followed.append(Followed(axes, column, x, y, tuple(layers)))

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        write_png(self, picture)
        return picture.getvalue()
