"""What is unusual about a layer's first weights and biases, as far as a run measured them at step 0."""

from __future__ import annotations

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.runs.bin_edges import edges_of
from diagnostics.wording.numerals import short

LARGE = 3.0
"""How many times the norm that would match the other layers is unusual. Three: usual initialisers differ by less than two."""
FAR = 1.0
"""Size from which on a weight lies far from the usual ones, which are a fraction of 1."""


def unusual(case: Case, path: str) -> str:
    """A sentence about the first weights of a layer; empty where nothing is unusual, or nothing was measured at step 0.

    Args:
        case: the run.
        path: the layer.
    """
    grid, units = case.grid("weight_norm"), {one.path: one.units for one in case.architecture if one.units}
    if grid is None or grid.steps[0] > 0 or path not in grid.layers or path not in units:
        return ""
    # Initialisers that keep the signal's size give a layer the norm √units, times a gain that hardly differs between layers.
    gains = {
        name: norm / np.sqrt(units[name])
        for name, norm in zip(grid.layers, grid.values[0], strict=True)
        if name in units
    }
    others = [gain for name, gain in gains.items() if name != path and np.isfinite(gain)]
    if not others or not gains[path] > LARGE * np.median(others):
        return ""
    scale = np.sqrt(units[path])
    norm, matching = short(float(scale * gains[path])), short(float(scale * np.median(others)))
    return (
        f"The first weights and biases of {path} are unusual: their norm is {norm}, where {matching} would match the other layers"
        f"{far_biases(case, path)}."
    )


def far_biases(case: Case, path: str) -> str:
    """Where as many weights as the layer has units lie far below or above 0, which biases would do; empty for any other number.

    Args:
        case: the run.
        path: the layer.
    """
    units = next((one.units for one in case.architecture if one.path == path), None)
    layers = case.layers
    if "weight_histogram" not in layers or not units:
        return ""
    first = layers.loc[(layers["step"] == 0).to_numpy() & (layers["layer"].astype(str) == path).to_numpy()]
    counts = next(iter(first["weight_histogram"].dropna()), None)
    edges = edges_of(getattr(case.run, "probes", ()), "WeightHistogram")
    if counts is None or len(counts) != 2 * len(edges) + 2:
        return ""
    return _told(np.asarray(counts, float), np.asarray(edges), units)


def _told(counts: np.ndarray, edges: np.ndarray, units: int) -> str:
    bins = len(edges)
    for side, side_of, sign in ((counts[:bins][::-1], "below", "−"), (counts[bins + 1 : 2 * bins + 1], "above", "")):
        far = side[np.searchsorted(edges, FAR) :]
        filled = np.flatnonzero(far)
        if far.sum() == units and len(filled):
            low = edges[np.searchsorted(edges, FAR) + filled[0]]
            return f"; {units} values, as many as the layer has biases, are {side_of} {sign}{short(float(low))}"
    return ""
