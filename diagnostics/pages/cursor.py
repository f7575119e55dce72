"""What the page's script needs to follow a pointer: where the panels of a figure are, and the numbers that they show."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from diagnostics.figures.columns import quantity
from diagnostics.figures.drawing import Drawing, Followed
from diagnostics.figures.layer_rows import Rows, has_readings, thinned
from diagnostics.pages.model_picture import colour_limits

POINTS = 72
"""Units of an SVG view box per inch."""
MOST_STEPS = 120
"""Most steps of a quantity in the page."""
MOST_NUMBERS = 150_000
"""Most numbers of all quantities together: 0.8 MB of the page. A run with very many layers keeps fewer steps."""


def panels(figure: Figure) -> str:
    """The panels that a cursor follows, as JSON for an attribute; empty if there are none.

    Args:
        figure: a drawn figure.

    Returns:
        A list of panels: ``column``, ``x`` and ``y`` (what the axes are), ``box`` (left, top, width, height in the SVG's units),
        ``limits`` of x and y, whether they are logarithmic (``log``), and the ``layers`` along an axis of layers.
    """
    followed = figure.followed if isinstance(figure, Drawing) else []
    return json.dumps([_panel(figure, one) for one in followed], ensure_ascii=False) if followed else ""


def briefly(both: tuple[str, str], data: Mapping[str, object]) -> tuple[str, str]:
    """What :func:`panels` gave for two drawings, without names of layers that the page's numbers hold in the same order.

    Args:
        both: JSON; a panel's ``layers`` become true where ``data.layers[column].layers`` are the same.
        data: what :func:`numbers` gave.
    """
    known = data.get("layers")
    first, second = (_briefly(text, known) if text and isinstance(known, Mapping) else text for text in both)
    return first, second


def _briefly(text: str, known: Mapping[str, Mapping[str, object]]) -> str:
    found = json.loads(text)
    for panel in found:
        names = known.get(panel["column"], {}).get("layers", ())
        if panel["layers"] and isinstance(names, tuple) and panel["layers"] == list(names):
            panel["layers"] = True
    return json.dumps(found, ensure_ascii=False)


def _panel(figure: Figure, one: Followed) -> dict[str, object]:
    width, height = (side * POINTS for side in figure.get_size_inches())
    place = one.axes.get_position()
    box = (place.x0 * width, (1 - place.y1) * height, place.width * width, place.height * height)
    return {
        "column": one.column,
        "x": one.x,
        "y": one.y,
        "box": [round(side, 2) for side in box],
        "limits": [_ends(one.axes.get_xlim()), _ends(one.axes.get_ylim())],
        "log": [one.axes.get_xscale() == "log", one.axes.get_yscale() == "log"],
        "layers": one.layers,
    }


def _ends(limits: tuple[float, float]) -> list[float]:
    return [float(f"{end:.6g}") for end in limits]


def numbers(layers: pd.DataFrame, scalars: pd.DataFrame, columns: Sequence[str]) -> dict[str, object]:
    """The readings behind a run's figures.

    Args:
        layers: the run's ``layers``.
        scalars: the run's ``scalars``.
        columns: the quantities of ``layers`` to include.

    Returns:
        ``layers``: by column its label, scale, limits, layers, steps and values; ``scalars``: by column and split its steps
        and values. Values are little-endian 32-bit numbers in base64, layer by layer: exact, and a third the size of text.
    """
    known = [column for column in columns if has_readings(layers, column)]
    count = max(len(known) * layers["layer"].nunique(), 1) if known else 1
    most = int(np.clip(MOST_NUMBERS / count, 12, MOST_STEPS))
    return {
        "layers": {column: _of_layers(layers, column, most) for column in known},
        "scalars": {column: dict(_of_scalars(scalars, column)) for column in _measured(scalars)},
    }


def _of_layers(layers: pd.DataFrame, column: str, most: int) -> dict[str, object]:
    rows, axis = Rows.of(layers, column), quantity(column)
    log = axis.scale.name == "log"
    steps, values = thinned(rows, log=log, most=most)
    return {
        "label": axis.label,
        "log": log,
        "limits": _ends(colour_limits(axis.scale, rows.values.ravel())),
        "layers": rows.names,
        "steps": np.round(steps).astype(int).tolist(),
        "values": _packed(values),
    }


def _of_scalars(scalars: pd.DataFrame, column: str) -> Iterator[tuple[str, dict[str, object]]]:
    for split, rows in scalars.loc[scalars[column].notna()].groupby("split", observed=True):
        kept = np.unique(np.linspace(0, len(rows) - 1, min(len(rows), 4 * MOST_STEPS)).astype(int))
        part = rows.iloc[kept]
        yield str(split), {"steps": part["step"].astype(int).tolist(), "values": _packed(part[column].to_numpy())}


def _measured(scalars: pd.DataFrame) -> list[str]:
    skipped = {"step", "epoch", "split", "seconds"}
    numeric = scalars.select_dtypes("number").columns if len(scalars) else []
    return [str(name) for name in numeric if name not in skipped and has_readings(scalars, str(name))]


def _packed(values: np.ndarray) -> str:
    with np.errstate(
        over="ignore"
    ):  # what is beyond 32-bit numbers becomes infinite, as it would in the training itself
        return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()
