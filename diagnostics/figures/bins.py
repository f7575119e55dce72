"""Counts in bins that are logarithmic on both sides of 0, as ``probes.Histogram`` records them: their axis and their quantiles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diagnostics.wording.numerals import power_of_ten

DECADES = 2.0
"""Decades that an axis resolves below the outermost values of the layer with the smallest; what is smaller is drawn as 0."""
CLOSE = 0.07
"""Least distance of a label from that of 0, as a share of the axis."""


def least_edge(layers: Sequence[np.ndarray], edges: np.ndarray) -> int:
    """The edge below which values are not told from 0: two decades below the outermost bin of the smallest layer's first values.

    The first values count, because later ones may be many decades larger, as where a training explodes, and what it began with
    would be drawn as 0.

    Args:
        layers: each layer's counts, ``[points, 2·K + 1]``.
        edges: e_1 < … < e_K, ``[K]``.

    Returns:
        Its index; 0 if all values are nearer to 0 than e_1.
    """
    size = len(edges)
    seen = []
    for counts in layers:
        apart = counts[:, size:] + counts[:, size::-1]  # by distance from 0
        apart = apart[apart[:, 1:].any(axis=1)]
        seen += [int(np.flatnonzero(apart[0]).max()) - 1] if len(apart) else []
    return int(np.searchsorted(edges, edges[min(seen)] / 10**DECADES * (1 - 1e-9))) if seen else 0


def collapsed(counts: np.ndarray, first: int) -> np.ndarray:
    """The counts with all bins between −e and e, the edge at `first`, as one."""
    size = counts.shape[-1] // 2
    inner = counts[..., size - first : size + first + 1].sum(axis=-1, keepdims=True)
    return np.concatenate([counts[..., : size - first], inner, counts[..., size + first + 1 :]], axis=-1)


def quantiles(counts: np.ndarray, shares: Sequence[float]) -> np.ndarray:
    """Places on the axis below which shares of the entries lie; entries are spread evenly over their bin.

    Args:
        counts: ``[points, 2·K + 1]``.
        shares: between 0 and 1.

    Returns:
        ``[shares, points]``: 0 in the bin around 0, and each further bin is 1 high; NaN for a point without an entry.
    """
    below, total = counts.cumsum(axis=-1), counts.sum(axis=-1)
    found = []
    for share in shares:
        target = share * total
        at = np.minimum((below < target[:, None]).sum(axis=-1), counts.shape[-1] - 1)
        own = np.take_along_axis(counts, at[:, None], axis=-1)[:, 0]
        before = np.take_along_axis(below, at[:, None], axis=-1)[:, 0] - own
        within = np.clip((target - before) / np.maximum(own, 1), 0, 1)
        middle = counts.shape[-1] // 2
        place = np.where(at == middle, 0.0, at - middle - 0.5 + within)
        found.append(np.where(total > 0, place, np.nan))
    return np.array(found)


def ticks(edges: np.ndarray, limits: tuple[float, float], most: int = 5) -> dict[float, str]:
    """Places of 0 and of whole powers of ten, at most about `most` on a side, with their text.

    Args:
        edges: those of the axis.
        limits: the places that are shown.
        most: on each side.
    """
    powers = [(0.5 + at, edge) for at, edge in enumerate(edges) if abs(np.log10(edge) % 1) < 1e-6]
    near = CLOSE * (limits[1] - limits[0])
    shown = [(place, edge) for place, edge in powers if near < place <= max(limits[1], -limits[0])]
    chosen = shown[::-1][:: max(-(-len(shown) // most), 1)]
    texts = {0.0: "0"}
    for place, edge in chosen:
        texts |= {place: power_of_ten(edge)} if place <= limits[1] else {}
        texts |= {-place: f"−{power_of_ten(edge)}"} if -place >= limits[0] else {}
    return texts
