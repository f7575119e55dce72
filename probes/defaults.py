"""The probes that one gets without choosing."""

from __future__ import annotations

import functools

from probes.activation_gradient import ActivationGradient
from probes.activation_moments import ActivationMoments
from probes.activation_sparsity import ActivationSparsity
from probes.gradient_norm import GradientNorm
from probes.probe import Probe
from probes.update_ratio import UpdateRatio


def default(every: int | None = None) -> list[Probe]:
    """Gradient flow, update ratio, moments and zeros of every layer, at a cost nobody notices.

    They read only what TensorFlow keeps in memory anyway: layer outputs, gradients and weights, nothing in between.

    Args:
        every: cadence of all of them, in steps. By default every tenth step is measured, and steps 1, 2, 4 and 8.

    Returns:
        A list, to be passed on as it is or changed first. Its probes are the same at every call: models of the same
        layers that are measured one after the other are then traced once.
    """
    return [*(_kept if every is None or type(every) is int else _made)(every)]


def _made(every: int | None) -> tuple[Probe, ...]:
    return (
        ActivationGradient(every=every),
        GradientNorm(every=every),
        UpdateRatio(every=every),
        ActivationMoments(every=every),
        ActivationSparsity(every=every, sparseness=False),
    )


_kept = functools.lru_cache(maxsize=4)(_made)
