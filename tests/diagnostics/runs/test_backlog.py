"""After a passing fault of the disk nothing is missing; what had to be given up is named."""

from __future__ import annotations

import pandas as pd
import pytest

from diagnostics.runs import backlog
from diagnostics.runs.backlog import Backlog, Gap
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError


def rows(step: int, count: int = 2) -> pd.DataFrame:
    return pd.DataFrame({"step": step, "layer": [f"l{i}" for i in range(count)]})


@pytest.fixture
def writer(tmp_path):
    with RunWriter(tmp_path / "run", command="", config={}, seed=0) as run:
        yield run


@pytest.fixture
def disk(monkeypatch):
    """Lets the disk refuse, or not."""

    def refuse(_descriptor):
        raise OSError(28, "No space left on device")

    def set_full(full: bool) -> None:
        monkeypatch.undo()
        if full:
            monkeypatch.setattr("diagnostics.runs.files.os.fsync", refuse)

    return set_full


def steps(writer) -> list[int]:
    return sorted(set(load_run(writer.path).layers["step"]))


def test_a_passing_fault_loses_nothing(writer, disk):
    waiting = Backlog(writer)
    for step in range(6):
        disk(2 <= step < 4)
        waiting.put("layers", rows(step))
        if 2 <= step < 4:
            with pytest.raises(UsageError, match="No space left"):
                waiting.write()
        else:
            waiting.write()
    assert steps(writer) == list(range(6)) and waiting.gaps == []
    assert load_run(writer.path).layers["step"].is_monotonic_increasing


def test_more_than_memory_allows_is_given_up_and_named(writer, disk, monkeypatch):
    waiting = Backlog(writer)
    disk(True)
    monkeypatch.setattr(backlog, "MOST_ROWS", 6)
    for step in range(6):
        waiting.put("layers", rows(step))
        with pytest.raises(UsageError):
            waiting.write()
    disk(False)
    waiting.write()
    assert steps(writer) == [3, 4, 5]
    assert [(gap.first, gap.until) for gap in waiting.gaps] == [(0, 3)]
    assert "could not be written" in waiting.gaps[0].reason


def test_rows_that_do_not_fit_do_not_stop_the_others(writer):
    waiting = Backlog(writer)
    for frame in (rows(0), pd.DataFrame({"step": [1], "q": [1.0]}), rows(2)):
        waiting.put("layers", frame)
    with pytest.raises(UsageError, match="does not fit"):
        waiting.write()
    assert steps(writer) == [0, 2]
    assert [(gap.first, gap.until) for gap in waiting.gaps] == [(1, 2)]


def test_gaps_that_touch_become_one(writer):
    waiting = Backlog(writer)
    for first, until in ((0, 2), (2, 4), (6, 6), (7, 9), (3, 8)):
        waiting.note(first, until, ValueError(f"{first}"))
    assert waiting.gaps == [Gap(0, 4, "0"), Gap(3, 9, "7")]


def test_what_waits_at_the_end_is_a_gap(writer, disk):
    waiting = Backlog(writer)
    disk(True)
    waiting.put("layers", rows(3))
    with pytest.raises(UsageError) as caught:
        waiting.write()
    waiting.end(caught.value)
    assert [(gap.first, gap.until) for gap in waiting.gaps] == [(3, 4)]
    disk(False)
