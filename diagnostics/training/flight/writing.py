"""Writes a record: a folder that is whole or not there, and executes nothing when it is read."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from diagnostics.runs.confined import own
from diagnostics.runs.files import PARTIAL, make_folder, sync_file, sync_folder, write_json
from diagnostics.runs.flight import FOLDER, MODEL, RECORD, SCHEMA_VERSION
from diagnostics.training.flight.judge import Fault
from diagnostics.training.flight.kept import KeptSteps
from diagnostics.training.flight.ring import Stretch
from diagnostics.training.flight.signs import Signs
from diagnostics.training.state.files import save
from probes.seams.structures import structure_bytes


def write_record(
    run: Path, fault: Fault, stretches: Sequence[Stretch], kept: KeptSteps | None, about: Mapping[str, Any]
) -> Path:
    """Write the last steps before a fault.

    Args:
        run: the run's folder.
        fault: what happened.
        stretches: the steps with the states before them.
        kept: knows the structure of the batches.
        about: what else replaying has to know; ``model`` is called with a path, and saves the model there.

    Returns:
        The record's folder, ``flight/step-00000123``.

    Raises:
        OSError: the disk refuses.
        UsageError: a link stands where the folder belongs.
    """
    home = own(run, FOLDER)
    make_folder(home)
    name = f"step-{fault.step:08d}"
    partial = own(home, f".{name}.{os.getpid()}{PARTIAL}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    try:
        for stretch in stretches:
            _write_stretch(partial, stretch)
        saved = about["model"](partial / MODEL)
        if (partial / MODEL).exists():
            sync_file(partial / MODEL)
        record = {key: value for key, value in about.items() if key != "model"}
        spec = structure_bytes(kept.spec) if kept is not None else None
        record |= {"schema_version": SCHEMA_VERSION, "step": fault.step, "kind": fault.kind, "detail": fault.detail}
        record |= {"spec": base64.b64encode(spec).decode() if spec else None, "saved": saved}
        record |= {"stretches": [stretch.first for stretch in stretches], "steps": _steps(stretches)}
        write_json(partial / RECORD, record)
        place = own(home, name)
        shutil.rmtree(place, ignore_errors=True)
        partial.rename(place)
        sync_folder(home)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return place


def _write_stretch(folder: Path, stretch: Stretch) -> None:
    save(folder / f"state-{stretch.first:08d}.npz", {name: np.array(value) for name, value in stretch.state.items()})
    batches = {
        f"{stretch.first + number:08d}/{part:04d}": np.array(value)
        for number, batch in enumerate(stretch.batches)
        for part, value in enumerate(batch)
    }
    save(folder / f"batches-{stretch.first:08d}.npz", batches)


def _steps(stretches: Sequence[Stretch]) -> list[dict[str, float]]:
    """The signs of each step, as numbers that come back bit by bit."""
    rows = []
    for stretch in stretches:
        for number, signs in enumerate(stretch.signs, stretch.first):
            rows.append({"step": number, **Signs(*map(float, np.asarray(signs)))._asdict()})
    return rows
