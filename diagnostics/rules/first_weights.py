"""What is unusual about a layer's first weights and biases, as far as a run measured them at step 0."""

from __future__ import annotations

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.runs.bin_edges import edges_of
from diagnostics.wording.numerals import short

LARGE = 3.0
"""How many times the typical size of the other layers' weights is unusual. Three: usual initialisers differ by less than two."""
FAR = 1.0
"""Size from which on a weight lies far from the usual ones, which are a fraction of 1."""


def unusual(case: Case, path: str) -> str:
    """A sentence about the first weights of a layer; empty where nothing is unusual, or nothing was measured at step 0.

    Args:
        case: the run.
        path: the layer.
    """
    grid, sizes = case.grid("weight_norm"), {one.path: one.parameters for one in case.architecture}
    if grid is None or grid.steps[0] > 0 or path not in grid.layers:
        return ""
    norms = dict(zip(grid.layers, grid.values[0], strict=True))
    typical = {name: norm / np.sqrt(sizes[name]) for name, norm in norms.items() if sizes.get(name)}
    others = [size for name, size in typical.items() if name != path and np.isfinite(size)]
    if path not in typical or not others or not typical[path] > LARGE * np.median(others):
        return ""
    far = _far(case, path)
    return (
        f"The first weights of {path} are unusual: their root mean square is {short(typical[path])}, that of the other layers "
        f"{short(float(np.median(others)))}{far}."
    )


def _far(case: Case, path: str) -> str:
    """Where as many weights as the layer has units lie far below or above 0, which biases would do; empty for any other number."""
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
    for side, sign in ((counts[:bins][::-1], "−"), (counts[bins + 1 : 2 * bins + 1], "")):
        far = side[np.searchsorted(edges, FAR) :]
        filled = np.flatnonzero(far)
        if far.sum() == units and len(filled):
            low = edges[np.searchsorted(edges, FAR) + filled[0]]
            return f"; {units} of them, as many as the layer has biases, lie beyond {sign}{short(float(low))}"
    return ""
