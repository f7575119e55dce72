"""The probes that one gets without choosing."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from probes.activation_gradient import ActivationGradient
from probes.activation_moments import ActivationMoments
from probes.activation_sparsity import ActivationSparsity
from probes.dead_units import DeadUnits
from probes.dropout_variance import DropoutVariance
from probes.gradient_norm import GradientNorm
from probes.non_finite import NonFinite
from probes.probe import DEFAULT_CADENCE, Probe
from probes.update_ratio import UpdateRatio

DEAD_WINDOW = 5
"""Measured steps in a check for dead units: 160 examples at a batch size of 32, and a check every 50 steps by default."""


def default(every: int | None = None) -> list[Probe]:
    """Gradient flow, update ratio, moments, zeros, dead units, dropout and NaN of every layer, at a cost nobody notices.

    They read only what TensorFlow keeps in memory anyway: layer outputs, gradients and weights, nothing in between. Dead
    units are those silent in ``DEAD_WINDOW`` measured steps together.

    Args:
        every: cadence of all of them, in steps. By default every tenth step is measured, and steps 1, 2, 4 and 8.

    Returns:
        A list, to be passed on as it is or changed first. A probe of your own beside them takes the place of the default
        one of its kind: ``[*probes.default(), probes.DeadUnits(window=100)]``. The probes are the same at every call:
        models of the same layers that are measured one after the other are then traced once.
    """
    return [*(_kept if every is None or type(every) is int else _made)(every)]


def without_replaced(probes: Iterable[object]) -> list[object]:
    """The probes without each default one that another probe of its class replaces."""
    given = list(probes)
    own = {type(one) for one in given if not _is_default(one)}
    return [one for one in given if not (_is_default(one) and type(one) in own)]


def _is_default(probe: object) -> bool:
    """Whether the probe came from ``default``, whose probes are kept; one of the same settings made by hand did not."""
    return isinstance(probe, Probe) and any(probe is one for one in (*default(), *default(probe.every)))


def _made(every: int | None) -> tuple[Probe, ...]:
    return (
        ActivationGradient(every=every),
        GradientNorm(every=every),
        UpdateRatio(every=every),
        ActivationMoments(every=every),
        ActivationSparsity(every=every, sparseness=False),
        DeadUnits(every=every or DEFAULT_CADENCE, window=DEAD_WINDOW * (every or DEFAULT_CADENCE)),
        DropoutVariance(every=every),
        NonFinite(every=every),
    )


_kept = functools.lru_cache(maxsize=4)(_made)
