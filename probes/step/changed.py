"""Which variables a step has changed, and by which of its updates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from probes.seams.graph import key_of
from probes.snapshot.gradient_parts import Gradient
from probes.snapshot.weights import Variable

Updates = Mapping[int, int]
"""For variables, by their keys, the number of the update in the step that changed them."""
NO_UPDATES: Updates = MappingProxyType({})


def changed(variables: Sequence[Variable], gradients: Sequence[Gradient], updates: Updates) -> Updates:
    """The variables that have a gradient, with the update that used it; the first one where that is not known."""
    pairs = zip(map(key_of, variables), gradients, strict=True)
    return {key: updates.get(key, 0) for key, gradient in pairs if gradient is not None}
