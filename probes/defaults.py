"""The probes that one gets without choosing."""

from __future__ import annotations

from probes.activation_gradient import ActivationGradient
from probes.activation_moments import ActivationMoments
from probes.activation_sparsity import ActivationSparsity
from probes.gradient_norm import GradientNorm
from probes.probe import DEFAULT_CADENCE, Probe
from probes.update_ratio import UpdateRatio


def default(every: int = DEFAULT_CADENCE) -> list[Probe]:
    """Gradient flow, update ratio, moments and zeros of every layer, at a cost nobody notices.

    They read only what TensorFlow keeps in memory anyway: layer outputs, gradients and weights, nothing in between.

    Args:
        every: cadence of all of them, in steps.

    Returns:
        A list, to be passed on as it is or changed first.
    """
    return [
        ActivationGradient(every=every),
        GradientNorm(every=every),
        UpdateRatio(every=every),
        ActivationMoments(every=every),
        ActivationSparsity(every=every, sparseness=False),
    ]
