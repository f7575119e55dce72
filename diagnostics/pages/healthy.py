"""Is that normal? What healthy trainings measured, as a band behind the profile of a statistic over the layers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from diagnostics.figures.layer_panels import Band
from diagnostics.figures.layer_rows import Rows, around, has_readings
from diagnostics.figures.seeds import moments
from diagnostics.wording.findings import listed, marked
from diagnostics.wording.numerals import percent

FILE = Path(__file__).with_name("healthy.json")
"""Made by ``python -m tests.kit.healthy_band`` of the judgement benchmark's healthy trainings."""
LEVELLED = frozenset({"activation_gradient_rms"})
"""Statistics in the loss's own unit: their band is relative to the layer nearest to the output."""
FEWEST_LAYERS = 3
WORDS = {
    "activation_gradient_rms": "gradients",
    "update_ratio": "step sizes",
    "activation_std": "activations",
    "dead_fraction": "dead units",
}
"""What is compared in the sentence at the top, in a word."""
SOME = 2
"""Layers named of more than can be."""
MOST_NAMED = 5
"""Most layers that this sentence names for each quantity."""


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
    """What the band of a statistic holds, for the first figure that has one."""
    found = _content()["columns"][column]
    return (
        f"Green: the usual range of this quantity at each depth, from {found['runs']} small runs that trained well. At any one layer "
        f"only {percent(1 - _width())} of them lie outside, but {percent(1 - found['whole'])} do so at one layer or another: "
        "a layer outside is worth a look, and no fault by itself."
    )


def compared(layers: pd.DataFrame) -> str:
    """How a run lies against healthy ones, in a sentence; empty without a comparison.

    Args:
        layers: a run's ``layers``.
    """
    usual, unusual = [], []
    for column, word in WORDS.items():
        if not has_readings(layers, column):
            continue
        rows = Rows.of(layers, column)
        band = band_of(column, rows)
        if band is None:
            continue
        out = [name for name, beyond in zip(rows.names, _outside(rows, band), strict=True) if beyond]
        usual += [] if out else [word]
        unusual += [f"the {word} of {_listed(out, len(rows.names))}"] if out else []
    inside = f"Compared with healthy runs, {_joined(usual)} are in the usual range in every layer." if usual else ""
    if not unusual:
        return inside
    lead = (
        "Outside it lie, at one time at least,"
        if usual
        else "Outside the usual range of healthy runs lie, at one time at least,"
    )
    return f"{inside} {lead} {_joined(unusual)}. That alone is no fault.".strip()


def _outside(rows: Rows, band: Band) -> np.ndarray:
    """Which layers lie outside the band at the start, in the middle or at the end, as the profile shows them, ``[layers]``."""
    values = np.stack([around(rows, step) for step in moments(rows.steps).values()])
    with np.errstate(invalid="ignore"):
        return np.asarray(((values < band.low) | (values > band.high)).any(axis=0))


def _listed(names: Sequence[str], count: int) -> str:
    if len(names) <= MOST_NAMED:
        return listed([marked(name) for name in names])
    return f"{len(names)} of {count} layers, such as {listed([marked(name) for name in names[:SOME]])}"


def _joined(words: Sequence[str]) -> str:
    """Words, or phrases that list layers themselves, which semicolons keep apart."""
    if not any(" and " in word for word in words):
        return listed(words)
    *first, last = words
    if len(first) < 2:
        return f"{first[0]}, and {last}" if first else last
    return f"{'; '.join(first)}; and {last}"


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


def _width() -> float:
    low, high = _content()["shares"]
    return high - low


def _share() -> str:
    return percent(_width())


@cache
def _content() -> dict[str, Any]:
    return json.loads(FILE.read_text(encoding="utf-8"))
