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
    if not is_compared(column, len(rows.names), len(set(rows.nets)) or 1):
        return None
    known = _content()
    found = known["columns"][column]
    level = levels_of(rows) if column in LEVELLED else np.ones(len(rows.names))
    if not np.isfinite(level).all():
        return None
    depths = relative_depths(rows)
    low, high = (level * np.interp(depths, known["depths"], found[end]) for end in ("low", "high"))
    return Band(low, high, f"healthy runs ({_share()})")


def told(column: str) -> str:
    """What the band of a statistic holds, as a sentence for a caption."""
    found = _content()["columns"][column]
    outside = percent(1 - found["whole"])
    return (
        f"Green: where {_share()} of {found['runs']} small trainings that went well lie at each depth. {outside} of them leave it "
        "somewhere, so that being outside is no fault by itself (docs/judgement.md)."
    )


def is_compared(column: str, layers: int, nets: int = 1) -> bool:
    """Whether there is a band for a statistic, and a model like those behind it: no deeper, and no other net beside it."""
    known = _content()
    return column in known["columns"] and FEWEST_LAYERS <= layers <= known["deepest"] and nets == 1


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
