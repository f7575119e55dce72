"""One writer for a folder: a live one is named and protected, a killed one is recognised."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from diagnostics.runs import lock, manifest
from diagnostics.runs.experiment import run_directory
from diagnostics.runs.lock import FolderLock, Holder, holder
from diagnostics.runs.resuming import begin_again, resumed
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError

WRITES = """
import sys, time
from diagnostics.runs.writer import RunWriter
run = RunWriter(sys.argv[1], command="", config={}, seed=0)
print("writing", flush=True)
time.sleep(60)
"""
CONTENT = {"scenario": "s", "config": {"epochs": 1, "batch_size": 2}, "data": {"name": "d"}, "seeds": [0]}
CONTENT |= {"arms": {"a": {"settings": {"rate": 0.1}}}}


@pytest.fixture
def elsewhere(tmp_path):
    """A run that another process writes."""
    with subprocess.Popen([sys.executable, "-c", WRITES, str(tmp_path / "run")], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"writing\n"
        yield process
        process.kill()


def leave(folder: Path, **about) -> None:
    """A lock file as a process that is gone leaves it."""
    known = {"process": 1 << 22, "host": "elsewhere", "since": time.time(), "beat": time.time()} | about
    (folder / lock.NAME).write_text(json.dumps(known))


def test_a_live_writer_is_named_and_a_killed_one_is_told_from_it(tmp_path, elsewhere):
    run = load_run(tmp_path / "run")
    assert run.status == "running"
    found = holder(tmp_path / "run")
    assert found is not None and found.process == elsewhere.pid
    with pytest.raises(UsageError, match=f"process {elsewhere.pid} on "):
        FolderLock(tmp_path / "run")
    elsewhere.send_signal(signal.SIGKILL)
    elsewhere.wait()
    assert load_run(tmp_path / "run").status == "killed"
    FolderLock(tmp_path / "run").release()
    assert not (tmp_path / "run" / lock.NAME).exists()


def test_resuming_beside_a_live_experiment_is_refused_and_changes_nothing(tmp_path):
    held, _ = manifest.create(tmp_path, "scenario", CONTENT)
    before = (tmp_path / "run.json").read_bytes()
    with pytest.raises(UsageError, match="another process writes here"):
        resumed(tmp_path, CONTENT)
    assert (tmp_path / "run.json").read_bytes() == before
    held.release()
    resumed(tmp_path, CONTENT)[0].release()


def test_resuming_beside_a_worker_that_outlived_its_command_is_refused(tmp_path):
    manifest.create(tmp_path, "scenario", CONTENT)[0].release()
    worker = RunWriter(run_directory(tmp_path, "a", 0), command="", config={}, seed=0)
    with pytest.raises(UsageError, match="a run of this experiment is being written"):
        resumed(tmp_path, CONTENT)
    with pytest.raises(UsageError, match="another process writes here"):
        begin_again(tmp_path, "a", 0)
    worker.finish()
    resumed(tmp_path, CONTENT)[0].release()
    assert not begin_again(tmp_path, "a", 0), "it has finished"


def test_a_killed_run_is_cleared_and_made_again(tmp_path):
    place = run_directory(tmp_path, "a", 0)
    manifest.create(place, "run", {})[0].release()
    (place / "layers").mkdir()
    assert begin_again(tmp_path, "a", 0)
    assert not list(place.iterdir())


@pytest.mark.parametrize("content", ["", '{"schema_version": 1, "ki', "\0" * 100])
def test_resuming_goes_on_where_a_kill_cut_off_run_json(tmp_path, content):
    (tmp_path / "run.json").write_text(content)
    done = RunWriter(run_directory(tmp_path, "a", 0), command="", config=FITS, seed=0)
    done.finish()
    torn = run_directory(tmp_path, "a", 1)
    torn.mkdir()
    (torn / "run.json").write_text(content)
    held, record = resumed(tmp_path, CONTENT | {"seeds": [0, 1]})
    with held:
        assert record["seeds"] == [0, 1]
        assert not begin_again(tmp_path, "a", 0)
        assert begin_again(tmp_path, "a", 1)


def test_resuming_begins_where_nothing_was_recorded_before_the_kill(tmp_path):
    leave(tmp_path, host=lock.platform.node())
    (tmp_path / ".run.json.7.partial").write_text("{")
    held, record = resumed(tmp_path, CONTENT)
    with held:
        assert manifest.read(tmp_path, "scenario").items() >= record.items()


FITS = {"rate": 0.1, "epochs": 1, "batch_size": 2, "data": "d"}


@pytest.mark.parametrize("other", [{"rate": 0.2}, {"epochs": 2}, {"data": "e"}])
def test_without_a_record_finished_runs_of_other_settings_are_not_taken_over(tmp_path, other):
    (tmp_path / "run.json").write_text("")
    RunWriter(run_directory(tmp_path, "a", 0), command="", config=FITS | other, seed=0).finish()
    with pytest.raises(UsageError, match="cannot be continued"):
        resumed(tmp_path, CONTENT)
    assert (tmp_path / "run.json").read_text() == ""
    assert holder(tmp_path) is None


def test_a_writer_on_another_machine_lives_as_long_as_its_beat(tmp_path):
    leave(tmp_path)
    assert holder(tmp_path) is not None
    with pytest.raises(UsageError, match="on elsewhere"):
        FolderLock(tmp_path)
    leave(tmp_path, beat=time.time() - lock.STALE_SECONDS - 1)
    assert holder(tmp_path) is None
    FolderLock(tmp_path).release()


@pytest.mark.parametrize(
    "process", [os.getpid, lambda: 1 << 22, lambda: -1, lambda: 10**30], ids=["own", "unused", "negative", "huge"]
)
def test_without_locks_the_process_is_looked_for(tmp_path, monkeypatch, process):
    monkeypatch.setattr(lock, "_lock", lambda *_args, **_options: None)
    leave(tmp_path, process=process(), host=lock.platform.node())
    assert (holder(tmp_path) is not None) == (process() == os.getpid())


@pytest.mark.parametrize("content", [b"", b"\0" * 512, b"[" * 512, b'{"process": "x"}', b"{}"])
def test_a_damaged_lock_file_is_nobodys(tmp_path, content):
    (tmp_path / lock.NAME).write_bytes(content)
    assert holder(tmp_path) is None
    with FolderLock(tmp_path):
        assert holder(tmp_path).process == os.getpid()


def test_a_lock_whose_record_is_lost_still_holds(tmp_path):
    with FolderLock(tmp_path):
        (tmp_path / lock.NAME).write_bytes(b"")
        assert holder(tmp_path) == lock.UNNAMED


def test_the_beat_goes_on_and_ends(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "BEAT_SECONDS", 0.01)
    with FolderLock(tmp_path):
        first = holder(tmp_path).beat
        deadline = time.monotonic() + 10
        while holder(tmp_path).beat == first and time.monotonic() < deadline:
            time.sleep(0.01)
        assert holder(tmp_path).beat > first
    assert holder(tmp_path) is None


def test_a_forked_child_does_not_keep_the_lock_of_a_dropped_writer(tmp_path):
    held = FolderLock(tmp_path)
    child = multiprocessing.get_context("fork").Process(target=time.sleep, args=(60,))
    child.start()
    try:
        del held  # as when the writer is killed: nothing is removed
        assert (tmp_path / lock.NAME).exists()
        deadline = time.monotonic() + 30  # the child closes its copy when it is first scheduled
        while holder(tmp_path) is not None and time.monotonic() < deadline:
            time.sleep(0.01)
        assert holder(tmp_path) is None and child.is_alive()
    finally:
        child.kill()


@pytest.mark.parametrize("kind", ["link", "hard link", "pipe", "folder"])
def test_what_bears_the_locks_name_is_neither_followed_nor_written(tmp_path, kind):
    outside = tmp_path / "outside"
    outside.write_text("mine")
    folder = tmp_path / "run"
    folder.mkdir()
    make = {
        "link": lambda path: path.symlink_to(outside),
        "hard link": lambda path: path.hardlink_to(outside),
        "pipe": os.mkfifo,
        "folder": Path.mkdir,
    }
    make[kind](folder / lock.NAME)
    assert holder(folder) is None
    with pytest.raises(UsageError):
        RunWriter(folder, command="", config={}, seed=0)
    assert outside.read_text() == "mine"


def test_a_holder_says_who_it_is():
    assert str(Holder(7, "here", 0, time.time() - 10)) == "process 7 on here, last seen 10 s ago"
