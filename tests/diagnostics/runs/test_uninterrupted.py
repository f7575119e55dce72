"""Ctrl-C at every line of a flush: no row is lost or there twice, and the signal comes through when the flush is done."""

from __future__ import annotations

import os
import signal
import sys
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from diagnostics.runs.run import load_run
from diagnostics.runs.uninterrupted import uninterrupted
from diagnostics.runs.writer import RunWriter
from diagnostics.training.recorder import Recorder

FLUSHES = 9  # the parts of the first eight become one
STRIDE = 139  # lines; a prime, so that it meets every place in the end
OURS = ("part_writer.py", "part_file.py", "files.py", "writer.py", "backlog.py", "recorder.py", "uninterrupted.py")


@pytest.fixture(autouse=True)
def interruptible():
    """Ctrl-C interrupts, as it does in a terminal: a shell that starts tests in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


class Source:
    """Two layers a step."""

    layer_table = ()

    def __init__(self) -> None:
        self.step = 0

    def read(self):
        layers = pd.DataFrame({"step": self.step, "layer": ["a", "b"], "depth": [0, 1], "gradient_norm": np.float32(1)})
        self.step += 1
        return SimpleNamespace(layers=layers, units=pd.DataFrame(), scalars=pd.DataFrame())


def record(path, number: int | None) -> int:
    """A run whose recording is interrupted at a line; returns how many lines there were."""
    lines = 0

    def trace(frame, event, _):
        nonlocal lines
        if not frame.f_code.co_filename.endswith(OURS):
            return None
        if event == "line":
            lines += 1
            if lines == number:
                os.kill(os.getpid(), signal.SIGINT)
        return trace

    source, writer = Source(), RunWriter(path, command="", config={}, seed=0)
    recorder = Recorder(writer, source)
    sys.settrace(trace)
    try:
        for step in range(FLUSHES):
            recorder.add(np.array([step]), epoch=0, split="train", loss=1.0)
            recorder.flush()
    except KeyboardInterrupt:
        sys.settrace(None)
        recorder.flush()
        writer.finish("interrupted")
    finally:
        sys.settrace(None)
    writer.finish()
    return lines


def test_an_interrupt_at_any_line_loses_and_doubles_nothing(tmp_path):
    lines = record(tmp_path / "whole", None)
    for number in range(1, lines, STRIDE):
        path = tmp_path / f"{number}"
        record(path, number)
        run = load_run(path)
        assert run.status == "interrupted" and not run.damage
        assert not run.layers.duplicated(["step", "layer"]).any() and not run.scalars.duplicated("step").any()
        assert set(run.scalars["step"]) <= set(run.layers["step"])
        assert sorted(set(run.layers["step"])) == [*range(run.layers["step"].max() + 1)]
        assert all(len(list(path.glob(f"{table}/*"))) < 2 for table in ("layers", "scalars"))


def test_a_signal_waits_for_the_end_and_a_second_one_does_not():
    done = []
    with pytest.raises(KeyboardInterrupt), uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        done.append("first")
    assert done == ["first"]
    with pytest.raises(KeyboardInterrupt), uninterrupted(), uninterrupted():
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        done.append("second")
    assert done == ["first"]


def test_a_handler_of_the_users_own_is_called_afterwards():
    heard = []
    signal.signal(signal.SIGINT, lambda number, frame: heard.append(frame is not None))
    try:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGINT)
            assert not heard
        assert heard == [True]
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
