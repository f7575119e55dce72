"""The edges of the bins that a run's histograms were counted in."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence


def _half_decades(lowest: int, highest: int) -> tuple[float, ...]:
    return (*(float(f"{digit}e{power}") for power in range(lowest, highest) for digit in (1, 3)), float(f"1e{highest}"))


EDGES: Mapping[str, tuple[float, ...]] = {
    "Histogram": _half_decades(-6, 3),
    "GradientHistogram": _half_decades(-12, 2),
    "WeightHistogram": _half_decades(-6, 3),
}
"""The edges of each probe where its repr is missing; a test compares them with the probes."""


def edges_of(probes: Sequence[str], name: str = "Histogram") -> tuple[float, ...]:
    """The bin edges of a histogram among a run's probes.

    Args:
        probes: their reprs, as ``run.json`` has them.
        name: the probe's class.

    Returns:
        e_1 < … < e_K; the default edges without such a probe.
    """
    texts = [re.search(r"edges=(\([^)]*\))", probe) for probe in probes if probe.startswith(f"{name}(")]
    found = [tuple(ast.literal_eval(text[1])) for text in texts if text]
    return found[0] if found else EDGES[name]
