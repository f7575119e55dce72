"""What a flight record says, and what its replay finds, as data."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diagnostics.runs import record
from diagnostics.runs.confined import own
from probes.errors import UsageError

FOLDER, RECORD, MODEL = "flight", "flight.json", "model.keras"
SCHEMA_VERSION = 1
NAMED = re.compile(r"step-(\d{8})\Z")


@dataclass(frozen=True)
class Values:
    """What went into an operation: one tensor.

    Attributes:
        name: what it is.
        shape: its shape and type.
        low: its smallest finite value; NaN if there is none.
        high: its largest finite value.
        bad: how many of its values are not finite.
        worst: the entries behind what is not finite, as place and value.
        examples: numbers of the examples in the batch that these entries belong to; empty where that cannot be told.
    """

    name: str
    shape: str
    low: float
    high: float
    bad: int
    worst: tuple[tuple[str, float], ...] = ()
    examples: tuple[int, ...] = ()


@dataclass(frozen=True)
class Origin:
    """Where the first value that is not finite was made.

    Attributes:
        phase: ``"forward"``, ``"backward"``, ``"update"`` or ``"input"``.
        layer: path of the layer; empty outside of all layers.
        part: what it belongs to outside of layers: ``"loss"``, ``"loss scale"``, ``"weight penalty"``, ``"batch"``, …
        operation: TensorFlow's name of the operation; in the backward pass, of the one whose gradient it is.
        computing: in the backward pass, the operation inside that gradient.
        code: file and line of the user's code, where there is any.
        inputs: what went in.
        outputs: what came out.
        message: what TensorFlow said, if it raised.
    """

    phase: str
    layer: str
    part: str
    operation: str
    computing: str = ""
    code: str = ""
    inputs: tuple[Values, ...] = ()
    outputs: tuple[Values, ...] = ()
    message: str = ""

    @property
    def place(self) -> str:
        """The layer, or what else it belongs to."""
        return (
            f"layer {self.layer}" if self.layer else f"the {self.part}" if self.part else "code outside of all layers"
        )

    @property
    def sentence(self) -> str:
        """Phase, place and operation in one clause."""
        if self.phase == "input":
            return f"the batch itself holds values that are not finite ({self.operation})"
        gradient = f"the gradient of {self.operation}" if self.phase == "backward" else self.operation
        inside = f", in {self.computing}" if self.computing and self.computing != self.operation else ""
        return (
            f"{gradient}{inside}, {self.phase} pass, {self.place}"
            if self.phase != "update"
            else (f"{self.operation}, in the update of the weights")
        )


@dataclass(frozen=True)
class Repeated:
    """One repeated step beside the recorded one.

    Attributes:
        step: its number.
        recorded: loss and gradient norm as recorded; NaN where they are unknown.
        repeated: the same as repeated.
        finite: whether loss and all gradients of the repeat are finite.
    """

    step: int
    recorded: tuple[float, float]
    repeated: tuple[float, float]
    finite: bool

    @property
    def is_equal(self) -> bool:
        """Whether both numbers came back bit by bit."""
        pairs = zip(self.recorded, self.repeated, strict=True)
        return all(first == second or (math.isnan(first) and math.isnan(second)) for first, second in pairs)


@dataclass(frozen=True)
class Parting:
    """How far one layer's output, or one gradient, differs between ways to run the step.

    Attributes:
        name: the layer, or the gradient.
        difference: by way (``"graph"``, ``"XLA"``), the largest difference from eager, relative to the largest value.
        limit: what rounding explains.
    """

    name: str
    difference: Mapping[str, float]
    limit: float

    @property
    def parts(self) -> bool:
        """Whether one of the ways differs by more than rounding; NaN does."""
        return any(not value <= self.limit for value in self.difference.values())


def records(run: Path) -> list[Path]:
    """The folders of a run's flight records, oldest step first.

    Raises:
        UsageError: there is none.
    """
    home = own(run, FOLDER)
    found = sorted(place for place in home.glob("step-*") if NAMED.match(place.name)) if home.is_dir() else []
    if not found:
        raise UsageError(
            what="there is no flight record to replay",
            where=str(home),
            got="no folder, or an empty one",
            do="train with flight_recorder=True; a record is written when a loss or gradient is not finite",
        )
    return found


def content(folder: Path) -> dict[str, Any]:
    """The content of a record's ``flight.json``, with the types that are relied on.

    Raises:
        UsageError: missing, damaged, or of a newer version.
    """
    path = own(folder.parent, folder.name, RECORD)
    try:
        found = record.parsed(path)
    except (OSError, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    version = found.get("schema_version")
    if not isinstance(version, int) or version > SCHEMA_VERSION:
        raise _unreadable(path, f"schema version {version!r:.50}; this version reads up to {SCHEMA_VERSION}")
    kinds = {"step": int, "kind": str, "detail": str, "spec": str, "stretches": list, "steps": list, "loop": str}
    kinds |= {"environment": dict, "saved": dict, "parts": dict, "jit_compile": bool, "run_eagerly": bool}
    for name, kind in kinds.items():
        if not isinstance(found.get(name), kind):
            raise _unreadable(path, f"{name} is {found.get(name)!r:.50}, not {kind.__name__}")
    if not all(isinstance(each, int) for each in found["stretches"]) or not found["stretches"]:
        raise _unreadable(path, f"stretches are {found['stretches']!r:.50}")
    if not all(isinstance(each, dict) and isinstance(each.get("step"), int) for each in found["steps"]):
        raise _unreadable(path, "steps are no list of records")
    return found


def _unreadable(path: Path, got: str) -> UsageError:
    return UsageError(
        what="this flight record cannot be read",
        where=str(path),
        got=got,
        do="restore it, or record the training again",
    )
