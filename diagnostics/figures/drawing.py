"""A figure that looks in a notebook as it does on the page, with any matplotlib backend."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

from diagnostics.figures.svg import write_png


class Drawing(Figure):
    """A matplotlib figure like any other; notebooks show it as PNG on white paper."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        write_png(self, picture)
        return picture.getvalue()
