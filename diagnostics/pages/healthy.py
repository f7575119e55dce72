"""Is that normal? What healthy trainings measured, as a band behind the profile of a statistic over the layers."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from diagnostics.figures.layer_panels import Band
from diagnostics.figures.layer_rows import Rows
from diagnostics.wording.numerals import percent

FILE = Path(__file__).with_name("healthy.json")
"""Made by ``python -m tests.kit.healthy_band`` of the judgement benchmark's healthy trainings."""
LEVELLED = frozenset({"activation_gradient_rms"})
"""Statistics in the loss's own unit: their band is relative to the layer nearest to the output."""
FEWEST_LAYERS = 3


def band_of(column: str, rows: Rows) -> Band | None:
    """Where healthy trainings lie, for the layers of a run; ``None`` for a statistic or a model without a comparison.

    Args:
        column: the statistic.
        rows: its readings.
    """
    if not is_compared(column, len(rows.names)):
        return None
    known = _content()
    found = known["columns"][column]
    level = levels_of(rows) if column in LEVELLED else np.ones(len(rows.names))
    if not np.isfinite(level).all():
        return None
    depths = relative_depths(rows)
    low, high = (level * np.interp(depths, known["depths"], found[end]) for end in ("low", "high"))
    return Band(low, high, f"{_share()} of healthy runs")


def told(column: str) -> str:
    """What the band of a statistic holds, as a sentence for a caption."""
    runs = _content()["columns"][column]["runs"]
    return f"Green: where {_share()} of {runs} small trainings that went well lie (docs/judgement.md)."


def is_compared(column: str, layers: int) -> bool:
    """Whether there is a band for a statistic, and a model of enough layers for it."""
    return column in _content()["columns"] and layers >= FEWEST_LAYERS


def relative_depths(rows: Rows) -> np.ndarray:
    """Where each layer stands in its net, from 0 at the input to 1 at the output, ``[layers]``."""
    nets = rows.nets or ("",) * len(rows.names)
    counts = {net: nets.count(net) for net in nets}
    seen: dict[str, int] = {}
    found = []
    for net in nets:
        found.append(seen.get(net, 0) / max(counts[net] - 1, 1))
        seen[net] = seen.get(net, 0) + 1
    return np.array(found)


def levels_of(rows: Rows) -> np.ndarray:
    """The median reading of the layer of each layer's net that is nearest to the output, ``[layers]``; NaN if it is never above 0."""
    nets = rows.nets or ("",) * len(rows.names)
    last = {net: row for row, net in enumerate(nets)}
    values = np.where(np.isfinite(rows.values) & (rows.values > 0), rows.values, np.nan)
    level = {
        net: np.nan if np.isnan(values[row]).all() else float(np.nanmedian(values[row])) for net, row in last.items()
    }
    return np.array([level[net] for net in nets])


def _share() -> str:
    low, high = _content()["shares"]
    return percent(high - low)


@cache
def _content() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))
