"""A run survives being killed at any moment, and a power failure between any two steps of the file system."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from diagnostics.pages.html import write_page
from diagnostics.pages.page import Page
from diagnostics.runs import part_writer
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError
from tests.kit.crash import State, Trace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names of open files are read from /proc")


def rows(step: int) -> pd.DataFrame:
    return pd.DataFrame({"step": step, "layer": ["a", "b"], "depth": [0, 1], "kind": "Dense", "q": float(step)})


def states(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int) -> list[State]:
    """What crashes can leave of a run with this many flushes, each state once."""
    monkeypatch.setattr(part_writer, "MERGED", 3)
    (tmp_path / "live").mkdir()
    trace = Trace(tmp_path / "live")
    with trace.recording(), RunWriter(tmp_path / "live" / "run", command="", config={}, seed=0) as run:
        run.describe(probes=["P()"])
        for step in range(steps):
            run.append("layers", rows(step))
            trace.done()
    found = {(state.done, tuple(sorted(state.content.items(), key=str))): state for state in trace.states()}
    return list(found.values())


def test_every_state_of_the_file_system_opens_with_all_flushed_rows(tmp_path, monkeypatch):
    found = states(tmp_path, monkeypatch, 20)
    for number, state in enumerate(found):
        check(state.build(tmp_path / str(number)) / "run", state.done, state.what)
    assert len(found) > 150


@pytest.mark.parametrize("missing", ["of folders", "of files"])
def test_the_enumeration_notices_a_missing_sync(tmp_path, monkeypatch, missing):
    if missing == "of folders":
        monkeypatch.setattr("diagnostics.runs.files.sync_folder", lambda _: None)
    else:
        monkeypatch.setattr(Trace, "note_synced_file", lambda *_: None)
    with pytest.raises((AssertionError, UsageError)):
        for number, state in enumerate(states(tmp_path, monkeypatch, 4)):
            check(state.build(tmp_path / str(number)) / "run", state.done, state.what)


def check(folder: Path, done: int, what: str) -> None:
    try:
        loaded = load_run(folder)
    except UsageError:
        assert done == 0, what
        RunWriter(folder, command="", config={}, seed=0).finish()  # what was left is in nobody's way
        return
    assert loaded.status in ("killed", "finished"), what
    steps = loaded.layers["step"].tolist()
    assert loaded.damage == (), what
    assert steps in ([step for step in range(count) for _ in "ab"] for count in (done, done + 1)), what


KILLED = """
import os, random, signal, sys, time
import pandas as pd
import pyarrow.parquet
from diagnostics.pages import html
from diagnostics.pages.page import Page
from diagnostics.runs import part_writer
from diagnostics.runs.writer import RunWriter
part_writer.MERGED = 2
place, mode, kills = sys.argv[1], sys.argv[2], int(sys.argv[3])

def work(folder, told):
    if mode == "report":
        while True:
            html.write_page(Page("t", "x" * 100_000), folder + "/report.html")
            os.write(told, b".")
    run = RunWriter(folder, command="", config={}, seed=0)
    for step in range(100_000):
        run.append("layers", pd.DataFrame({"step": step, "layer": ["a", "b"], "q": float(step)}))
        os.write(told, b".")
        if mode == "finish" and step == 20:
            while True:
                for table in run._tables.values():
                    table.compact()
                run.describe(x=1)

random.seed(os.environ.get("DIAGNOSTICS_KILLS"))
for kill in range(kills):
    folder = f"{place}/{kill}"
    told = os.open(f"{place}/{kill}.told", os.O_WRONLY | os.O_CREAT)
    child = os.fork()
    if not child:
        work(folder, told)
    while not os.fstat(told).st_size:
        time.sleep(0.002)
    time.sleep(random.random() * 0.3)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
"""
KILLS = int(os.environ.get("DIAGNOSTICS_KILLS", "6"))
"""How many processes each test kills; more find rarer moments."""


def kills(place: Path, mode: str) -> list[tuple[Path, int]]:
    """Folders whose process was killed, and how often it had reported success."""
    subprocess.run(
        [sys.executable, "-c", KILLED, str(place), mode, str(KILLS)], check=True, cwd=Path.cwd(), timeout=300
    )
    return [(place / str(number), os.stat(place / f"{number}.told").st_size) for number in range(KILLS)]


@pytest.mark.parametrize("mode", ["flush", "finish"])
def test_a_kill_at_any_moment_loses_no_flushed_row(tmp_path, mode):
    for folder, done in kills(tmp_path, mode):
        loaded = load_run(folder)
        steps = loaded.layers["step"].tolist()
        assert loaded.status == "killed" and loaded.damage == ()
        assert steps in ([step for step in range(count) for _ in "ab"] for count in (done, done + 1))


def test_a_kill_while_a_report_is_written_leaves_a_whole_one(tmp_path):
    for folder, _ in kills(tmp_path, "report"):
        assert (folder / "report.html").read_text().rstrip().endswith("</html>")
        write_page(Page("t", "again"), folder / "report.html")


def test_a_page_is_replaced_whole(tmp_path, monkeypatch):
    path = write_page(Page("t", "first"), tmp_path / "report.html")
    before = path.read_bytes()

    def full_disk(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("diagnostics.runs.files.os.fsync", full_disk)
    with pytest.raises(UsageError, match="No space left"):
        write_page(Page("t", "second"), path)
    assert path.read_bytes() == before
    assert not list(tmp_path.glob(".*"))
