"""Checkpoints and flight records survive a kill, and a power failure, between any two steps of the file system."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import tensorflow as tf

from diagnostics.runs import flight
from diagnostics.training.checkpoints.store import Checkpoints
from diagnostics.training.flight.judge import Fault
from diagnostics.training.flight.kept import KeptSteps
from diagnostics.training.flight.record import Record
from diagnostics.training.flight.ring import Stretch
from diagnostics.training.flight.signs import Signs
from diagnostics.training.flight.writing import write_record
from probes.errors import UsageError
from tests.kit.crash import State, Trace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names of open files are read from /proc")
MODEL = b"a model"


def states(trace: Trace) -> list[State]:
    """Each state once."""
    found = {(state.done, tuple(sorted(state.content.items(), key=str))): state for state in trace.states()}
    return list(found.values())


def checkpoints(folder) -> Trace:
    """Five checkpoints, of which two stay."""
    (folder / "live" / "run").mkdir(parents=True)
    trace = Trace(folder / "live" / "run")
    store = Checkpoints(folder / "live" / "run")
    with trace.recording():
        for step in range(5):
            store.save(10 * step, {"step": np.array(10 * step)})
            trace.done()
    return trace


def check_checkpoint(state: State, place) -> None:
    found = Checkpoints(state.build(place)).newest()
    step = -1 if found is None else int(found[1]["step"]) // 10
    assert step in (state.done - 1, state.done), state.what


def record_of(number: int) -> Stretch:
    signs = np.array(Signs(1.0, 1.0, 0.1, 0.0, 0.0), np.float64)
    return Stretch(first=number, state={"model/0000 w": np.ones(3)}, batches=[[np.ones((2, 3))]], signs=[signs])


def flights(folder) -> Trace:
    """Two flight records."""
    (folder / "live" / "run").mkdir(parents=True)
    trace = Trace(folder / "live" / "run")
    kept = KeptSteps(tf.TensorSpec([None, 3], tf.float64))

    def save(path):
        path.write_bytes(MODEL)
        return {"model": path.name}

    about = {
        "loop": "trainer",
        "jit_compile": False,
        "run_eagerly": False,
        "parts": {},
        "environment": {},
        "model": save,
    }
    with trace.recording():
        for step in range(2):
            write_record(folder / "live" / "run", Fault(step, "loss"), [record_of(step)], kept, about)
            trace.done()
    return trace


def check_flight(state: State, place) -> None:
    try:
        found = flight.records(state.build(place))
    except UsageError:
        found = []
    assert len(found) in (state.done, state.done + 1), state.what
    for number, folder in enumerate(found):
        record = Record(folder)
        assert record.step == number and record.state(number)["model/0000 w"].tolist() == [1, 1, 1], state.what
        assert [*record.batches(number)] == [number] and (folder / flight.MODEL).read_bytes() == MODEL, state.what


KINDS = {"checkpoints": (checkpoints, check_checkpoint), "flight": (flights, check_flight)}


@pytest.mark.parametrize("kind", KINDS)
def test_every_state_of_the_file_system_opens(kind, tmp_path):
    make, check = KINDS[kind]
    found = states(make(tmp_path))
    for number, state in enumerate(found):
        check(state, tmp_path / str(number))
    assert len(found) > 15


@pytest.mark.filterwarnings("ignore:passed over a damaged checkpoint")
@pytest.mark.parametrize("missing", ["sync_folder", "sync_file"])
@pytest.mark.parametrize("kind", KINDS)
def test_the_enumeration_notices_a_missing_sync(kind, missing, tmp_path, monkeypatch):
    for module in ("diagnostics.runs.files", "diagnostics.training.flight.writing"):
        if missing == "sync_folder" or module.endswith("writing"):
            monkeypatch.setattr(f"{module}.{missing}", lambda _: None)
    if (kind, missing) == ("checkpoints", "sync_file"):
        monkeypatch.setattr(Trace, "note_synced_file", lambda *_: None)  # what ``written_whole`` syncs
    make, check = KINDS[kind]
    with pytest.raises((AssertionError, UsageError, FileNotFoundError)):
        for number, state in enumerate(states(make(tmp_path))):
            check(state, tmp_path / str(number))
