"""Measures turn a run into one number. They are chosen by name, so that claims can be stored as data."""

from __future__ import annotations

import re
from dataclasses import fields
from typing import Any, ClassVar, Protocol

from diagnostics.measures.depth_profile import (
    Attenuation,
    DepthSlope,
    EndToEnd,
    LayerMaximum,
    LayerMedian,
    SteepestLoss,
    UnevenDepth,
)
from diagnostics.measures.equal_loss import AtTrainingLoss
from diagnostics.measures.gap import GapPart
from diagnostics.measures.recorded import Recorded
from diagnostics.measures.relative_gap import RelativeGap
from diagnostics.measures.tables import RunLike, profile, readings
from diagnostics.measures.training import (
    AtBestEpoch,
    FinalScalar,
    FirstNonFiniteStep,
    LossAtProgress,
    PlateauProgress,
    PlateauSteps,
    StepsToLoss,
)
from diagnostics.measures.units import DeadForGood, StepsDead, UnitEvents
from diagnostics.measures.warning import FalseAlarm, NonFiniteShare, WarningSteps, WarnsTooLate
from diagnostics.runs.typed import from_record
from diagnostics.statistics.slopes import Slope, attenuation, depth_slope, theil_sen
from probes.errors import unknown_name

__all__ = [
    "MEASURES",
    "AtBestEpoch",
    "AtTrainingLoss",
    "Attenuation",
    "DeadForGood",
    "DepthSlope",
    "EndToEnd",
    "FalseAlarm",
    "FinalScalar",
    "FirstNonFiniteStep",
    "GapPart",
    "LayerMaximum",
    "LayerMedian",
    "LossAtProgress",
    "NonFiniteShare",
    "PlateauProgress",
    "PlateauSteps",
    "Recorded",
    "RelativeGap",
    "RunLike",
    "Slope",
    "SteepestLoss",
    "StepsDead",
    "StepsToLoss",
    "UnevenDepth",
    "UnitEvents",
    "WarningSteps",
    "WarnsTooLate",
    "attenuation",
    "depth_slope",
    "measure",
    "profile",
    "readings",
    "theil_sen",
]


class Measure(Protocol):
    """A frozen dataclass that turns a run into one number."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __call__(self, run: RunLike) -> float:
        """The number; NaN where the run does not have what it needs."""
        ...


CHANCE, COMMON = "chance", "common"
"""Stand for numbers that only the runs decide, such as ln 10, until these are known."""

MEASURES: dict[str, type[Measure]] = {
    re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower(): kind
    for kind in (
        AtBestEpoch,
        AtTrainingLoss,
        Attenuation,
        DeadForGood,
        DepthSlope,
        EndToEnd,
        FalseAlarm,
        FinalScalar,
        FirstNonFiniteStep,
        GapPart,
        LayerMaximum,
        LayerMedian,
        LossAtProgress,
        NonFiniteShare,
        PlateauProgress,
        PlateauSteps,
        Recorded,
        RelativeGap,
        SteepestLoss,
        StepsDead,
        StepsToLoss,
        UnevenDepth,
        UnitEvents,
        WarningSteps,
        WarnsTooLate,
    )
}


def measure(name: str, /, **parameters: object) -> Measure:
    """A measure by name, with its parameters: ``measure("depth_slope", layers="hidden_*")(run)``.

    Args:
        name: snake case of the class: ``depth_slope``, ``attenuation``, ``layer_median``, ``plateau_steps``, ...
        parameters: fields of that class.

    Returns:
        A function of a run; its attribute ``unit`` is the unit of the number.

    Raises:
        UsageError: no such measure, or a measure without such a parameter, or with one of another type.
    """
    if name not in MEASURES:
        raise unknown_name("measure", name, MEASURES)
    known = [field.name for field in fields(MEASURES[name])]
    for parameter in parameters:
        if parameter not in known:
            raise unknown_name(f"parameter of {name}", parameter, known)
    fixed = {name: 0.5 if value in (CHANCE, COMMON) else value for name, value in parameters.items()}
    from_record(MEASURES[name], fixed, f"measure {name}")  # they may come from somebody else's file
    return MEASURES[name](**parameters)
