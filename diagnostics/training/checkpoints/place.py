"""Where a training was when its checkpoint was taken, beside the state of model and optimizer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from diagnostics.runs.typed import from_record
from probes.errors import UsageError

ABOUT, PENDING, LOSSES = "about", "pending/", "losses"


@dataclass(frozen=True)
class Place:
    """A place between two steps.

    Attributes:
        step: how many steps have been made.
        epoch: the epoch of the next step; the last epoch until its end was reported.
        in_epoch: how many steps of this epoch have been made.
        rows: how many rows of each table were on disk.
        seconds: how long training had taken.
        first_steps: the first step of each epoch.
        logs: what callbacks were told at the end of each epoch before.
        shuffle_seed: the seed with which arrays are shuffled, where it was drawn.
        splits: whether steps that are not measured run in a function of their own, once that is known.
        probes: the probes' reprs.
    """

    step: int = 0
    epoch: int = 0
    in_epoch: int = 0
    rows: Mapping[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    first_steps: Mapping[str, int] = field(default_factory=dict)
    logs: tuple[Mapping[str, float], ...] = ()
    shuffle_seed: int | None = None
    splits: bool | None = None
    probes: tuple[str, ...] = ()


Pending = Sequence[Mapping[str, Any]]
"""Rows of scalars that wait for the end of their epoch: each maps columns to arrays ``[n]``, or to one value for all."""


def packed(place: Place, pending: Pending, losses: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """A place as named arrays.

    Args:
        place: the place.
        pending: rows that are not on disk.
        losses: the losses of the epoch so far, as arrays ``[n]``.
    """
    arrays = {ABOUT: np.array(json.dumps(asdict(place)))}
    for number, rows in enumerate(pending):
        arrays |= {f"{PENDING}{number}/{column}": np.asarray(values) for column, values in rows.items()}
    return arrays | ({LOSSES: np.concatenate(losses)} if losses else {})


def unpacked(arrays: Mapping[str, np.ndarray], where: str) -> tuple[Place, list[dict[str, Any]], list[np.ndarray]]:
    """The place, the pending rows and the losses.

    Args:
        arrays: what `packed` returned, among others.
        where: the file, named in errors.

    Raises:
        UsageError: it is no JSON, or a field has the wrong type.
    """
    try:
        about = json.loads(str(arrays.get(ABOUT, "{}")))
    except (ValueError, RecursionError) as error:
        do = "remove this checkpoint; training then goes on from the one before"
        raise UsageError(what="this checkpoint cannot be read", where=where, got=f"{error!s:.200}", do=do) from error
    place = from_record(Place, about, where)
    pending: dict[str, dict[str, Any]] = {}
    for name, values in arrays.items():
        if name.startswith(PENDING):
            number, _, column = name.removeprefix(PENDING).partition("/")
            pending.setdefault(number, {})[column] = values if values.ndim else values.item()
    return place, list(pending.values()), [arrays[LOSSES]] if LOSSES in arrays else []
