"""Reads a flight record: states before steps, and the batches of the steps."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from diagnostics.runs import flight
from diagnostics.runs.confined import own
from diagnostics.training.flight.signs import Signs
from diagnostics.training.state.files import load
from probes.errors import UsageError
from probes.seams.nest import Nest
from probes.seams.structures import structure_of


class Record:
    """One folder ``flight/step-…``.

    Args:
        folder: the record's folder.

    Raises:
        UsageError: missing or damaged.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.content = folder, flight.content(folder)

    @property
    def step(self) -> int:
        """The step of the fault."""
        return self.content["step"]

    @cached_property
    def spec(self) -> Nest:
        """The structure of a batch."""
        try:
            return structure_of(base64.b64decode(self.content["spec"]))
        except ValueError as error:
            raise self._damaged(str(error)) from error

    @cached_property
    def signs(self) -> dict[int, Signs]:
        """The recorded signs by step."""
        try:
            return {
                each["step"]: Signs(*(float(each[name]) for name in Signs._fields)) for each in self.content["steps"]
            }
        except (KeyError, TypeError, ValueError) as error:
            raise self._damaged(f"steps: {error}") from error

    def state(self, first: int) -> Mapping[str, np.ndarray]:
        """The state before the first step of a stretch."""
        return load(own(self.folder, f"state-{first:08d}.npz"))

    def batches(self, first: int) -> dict[int, Any]:
        """The batches of a stretch by step, in their structure."""
        parts: dict[int, list[Any]] = {}
        for name, value in load(own(self.folder, f"batches-{first:08d}.npz")).items():
            step = name.partition("/")[0]
            if not step.isdecimal():
                raise self._damaged(f"a batch called {name!r:.50}")
            parts.setdefault(int(step), []).append(value)
        return {step: self._packed(flat) for step, flat in parts.items()}

    def steps(self) -> Iterator[tuple[int, Mapping[str, np.ndarray] | None, Any]]:
        """All steps in order: number, the state before it where one was copied, and its batch."""
        for first in sorted(self.content["stretches"]):
            state: Any = self.state(first)
            for step, batch in sorted(self.batches(first).items()):
                yield step, state, batch
                state = None

    def _packed(self, flat: list[Any]) -> Nest:
        dtypes = [part.dtype for part in tf.nest.flatten(self.spec, expand_composites=True)]
        try:
            tensors = [tf.convert_to_tensor(part, dtype) for part, dtype in zip(flat, dtypes, strict=True)]
            return tf.nest.pack_sequence_as(self.spec, tensors, expand_composites=True)
        except (ValueError, TypeError, tf.errors.OpError) as error:
            raise self._damaged(f"batches of another structure: {error}") from error

    def _damaged(self, got: str) -> UsageError:
        do = "restore it, or record the training again"
        return UsageError(what="this flight record cannot be read", where=str(self.folder), got=got, do=do)
