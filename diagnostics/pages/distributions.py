"""How activations, gradients and weights are distributed over the steps, where a run recorded histograms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import pandas as pd

from diagnostics.figures import value_bands
from diagnostics.figures.value_bands import MOST_LAYERS
from diagnostics.pages.page import Exhibit
from diagnostics.runs.bin_edges import edges_of
from diagnostics.wording.numerals import power_of_ten


class Counted(NamedTuple):
    """A column of histograms.

    Args:
        what: what was counted, in words.
        probe: the probe that counts it.
        see: what to see in the figure.
        line: whether the median is drawn.
    """

    what: str
    probe: str
    see: str
    line: bool = True


HISTOGRAMS: Mapping[str, Counted] = {
    "histogram": Counted("activations", "Histogram", "A signal that dies narrows towards 0; one that explodes widens."),
    "gradient_histogram": Counted(
        "gradients of the weights",
        "GradientHistogram",
        "If the bands near the input are narrower by many powers of ten than those near the output, the gradient vanishes.",
        line=False,
    ),
    "weight_histogram": Counted(
        "weights before the update",
        "WeightHistogram",
        "One step changes weights by about 0.1 % of their size, so that level bands are usual. Weights that start at 0, such as "
        "those of adapters, widen in any training; others that widen many-fold within a few steps take too large steps.",
    ),
}
BANDS = "How the values are spread, on a logarithmic scale on both sides of 0; what is too small for it is drawn as 0."
"""How to read all of these figures."""


def distributions(layers: pd.DataFrame, probes: Sequence[str]) -> Iterator[Exhibit]:
    """One figure for each kind of histogram that was recorded.

    Args:
        layers: a run's ``layers``.
        probes: the reprs of its probes, for the edges of the bins.
    """
    for column, one in HISTOGRAMS.items():
        if not has_counts(layers, column):
            continue
        rows = layers.iloc[np.flatnonzero(layers[column].notna().to_numpy())]
        count = rows["layer"].nunique()
        some = (
            f" {MOST_LAYERS} of {count} layers: the first, the last, and those that change most."
            if count > MOST_LAYERS
            else ""
        )
        edges = edges_of(probes, one.probe)
        # The outermost bins have no end, and hold what an exploding signal sends there.
        cut = any(counts[0] or counts[-2] for counts in rows[column])
        beyond = (
            f" What lies beyond ±{power_of_ten(edges[-1])} was not told apart and is drawn at the edge." if cut else ""
        )
        caption = f"{one.see}{beyond}{some}"
        draw = partial(value_bands, rows, column, edges, label=one.what, line=one.line)
        yield Exhibit(
            f"{column}-bands".replace("_", "-"), draw, caption, f"Distribution of {one.what} by layer. {caption}"
        )


def missing_histograms(layers: pd.DataFrame) -> list[tuple[str, str]]:
    """What was not counted, in words, and the probe to add."""
    return [
        (f"distribution of {one.what}", one.probe)
        for column, one in HISTOGRAMS.items()
        if not has_counts(layers, column)
    ]


def has_counts(layers: pd.DataFrame, column: str) -> bool:
    """Whether a run recorded a histogram with at least one entry."""
    return column in layers and any(np.any(counts) for counts in layers[column].dropna())
