"""Measures turn a run into one number. They are chosen by name, so that claims can be stored as data."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from typing import Any

from diagnostics.measures.depth_profile import Attenuation, DepthSlope, LayerMedian, UnevenDepth
from diagnostics.measures.gap import GapPart
from diagnostics.measures.recorded import Recorded
from diagnostics.measures.relative_gap import RelativeGap
from diagnostics.measures.tables import RunLike, profile, readings
from diagnostics.measures.training import (
    FinalScalar,
    FirstNonFiniteStep,
    LossAtProgress,
    PlateauProgress,
    PlateauSteps,
    StepsToLoss,
)
from diagnostics.measures.units import DeadForGood, StepsDead, UnitEvents
from diagnostics.measures.warning import NonFiniteShare, WarningSteps
from diagnostics.statistics.slopes import Slope, attenuation, depth_slope, theil_sen
from probes.errors import unknown_name

__all__ = [
    "MEASURES",
    "Attenuation",
    "DeadForGood",
    "DepthSlope",
    "FinalScalar",
    "FirstNonFiniteStep",
    "GapPart",
    "LayerMedian",
    "LossAtProgress",
    "NonFiniteShare",
    "PlateauProgress",
    "PlateauSteps",
    "Recorded",
    "RelativeGap",
    "RunLike",
    "Slope",
    "StepsDead",
    "StepsToLoss",
    "UnevenDepth",
    "UnitEvents",
    "WarningSteps",
    "attenuation",
    "depth_slope",
    "measure",
    "profile",
    "readings",
    "theil_sen",
]

MEASURES: dict[str, Callable[..., Callable[[RunLike], float]]] = {
    re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(): kind
    for kind in (
        Attenuation,
        DeadForGood,
        DepthSlope,
        FinalScalar,
        FirstNonFiniteStep,
        GapPart,
        LayerMedian,
        LossAtProgress,
        NonFiniteShare,
        PlateauProgress,
        PlateauSteps,
        Recorded,
        StepsDead,
        RelativeGap,
        StepsToLoss,
        UnevenDepth,
        UnitEvents,
        WarningSteps,
    )
}


def measure(name: str, /, **parameters: Any) -> Callable[[RunLike], float]:
    """A measure by name, with its parameters: ``measure("depth_slope", layers="hidden_*")(run)``.

    Args:
        name: snake case of the class: ``depth_slope``, ``attenuation``, ``layer_median``, ``plateau_steps``, ...
        parameters: fields of that class.

    Returns:
        A function of a run; its attribute ``unit`` is the unit of the number.

    Raises:
        UsageError: no such measure, or a measure without such a parameter.
    """
    if name not in MEASURES:
        raise unknown_name("measure", name, MEASURES)
    known = [field.name for field in fields(MEASURES[name])]  # pyright: ignore[reportArgumentType]
    for parameter in parameters:
        if parameter not in known:
            raise unknown_name(f"parameter of {name}", parameter, known)
    return MEASURES[name](**parameters)
