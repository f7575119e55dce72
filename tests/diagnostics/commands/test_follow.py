"""Following a run: the page is written again when there is something new, and the run's end or Ctrl-C ends it."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from diagnostics.commands import follow as following
from diagnostics.commands.follow import Rendered, follow
from diagnostics.pages.html import REFRESH, write_page
from diagnostics.pages.page import Page
from diagnostics.pages.terminal import print_summary
from diagnostics.report import main
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from tests.kit.runs import layers_table, scalars_table


def rows(writer: RunWriter, start: int) -> None:
    steps = (start, start + 1)
    writer.append("layers", layers_table({"gradient_norm": np.ones((2, 2))}, steps=steps))
    writer.append("scalars", scalars_table([2.0 - start / 10, 1.9 - start / 10], steps=np.array(steps)))


@pytest.fixture
def writer(tmp_path) -> Iterator[RunWriter]:
    with RunWriter(tmp_path / "mine", command="train.py", config={}, seed=0) as opened:
        rows(opened, 0)
        yield opened


def rendering(folder: Path, seen: list[tuple[int, int]]):
    def render(refresh: int) -> Rendered[int]:
        run = load_run(folder)
        seen.append((refresh, len(run.scalars)))
        page = Page("mine", "Well.", status=f"run {run.status}", refresh=refresh, trends={"loss": "█▁ 2 to 1"})
        return Rendered(page, write_page(page, folder / "report.html"), len(seen))

    return render


def test_it_draws_what_is_new_and_ends_with_the_run(writer):
    seen, waits = [], []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            rows(writer, 2)
        if len(waits) == 5:
            writer.finish()

    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=80)
    last = follow(writer.path, rendering(writer.path, seen), console=console, seconds=3, wait=wait)
    assert seen == [(3, 2), (3, 4), (0, 4)] and last.judged == 3
    assert "█▁ 2 to 1" in stream.getvalue() and waits[0] >= 3
    assert 'http-equiv="refresh"' not in last.path.read_text(encoding="utf-8")


def test_a_page_reloads_itself_until_ctrl_c(writer):
    seen = []

    def wait(seconds: float) -> None:
        assert REFRESH.format(7) in (writer.path / "report.html").read_text(encoding="utf-8")
        raise KeyboardInterrupt

    last = follow(writer.path, rendering(writer.path, seen), console=Console(file=io.StringIO()), seconds=7, wait=wait)
    assert seen == [(7, 2)] and 'http-equiv="refresh"' not in last.path.read_text(encoding="utf-8")


def test_the_command_ends_at_ctrl_c_with_the_page_of_the_running_run(writer, monkeypatch, capsys):
    def wait(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(following.time, "sleep", wait)
    assert main([str(writer.path), "--follow"]) == 0
    said = capsys.readouterr().out
    assert "run running · steps 0 to 1" in said and re.search(r"loss +█▁ +2 to 1.9", said)


def test_a_run_without_rows_yet_can_be_followed(tmp_path, capsys):
    with RunWriter(tmp_path / "mine", command="train.py", config={}, seed=0):
        assert main([str(tmp_path / "mine"), "--out", str(tmp_path / "page.html")]) == 0
    assert main([str(tmp_path / "mine"), "--follow"]) == 0
    assert "no steps recorded" in capsys.readouterr().out


def test_only_the_folder_of_one_run_can_be_followed(writer, tmp_path, capsys):
    writer.finish()
    assert main([str(writer.path), "--embed-data", "--out", str(tmp_path / "page.html")]) == 0
    assert main([str(tmp_path / "page.html"), "--follow", "--out", str(tmp_path / "other.html")]) == 2
    assert "do this: leave it out" in capsys.readouterr().err


def test_the_course_of_the_loss_fits_a_narrow_terminal():
    stream = io.StringIO()
    print_summary(Page("mine", "Well.", trends={"loss": "█" * 40 + "  2 to 1"}), None, Console(file=stream, width=40))
    assert max(map(len, stream.getvalue().splitlines())) <= 40 and stream.getvalue().count("█") == 40
