from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from diagnostics.pages.against_theory import theory_table
from diagnostics.pages.page import Card, Page, Section
from diagnostics.pages.terminal import print_summary
from tests.kit import figure_frames as frames

TABLE = theory_table(frames.slopes(), measured="slope", caption="Depth slopes, decades per layer.")
PAGE = Page(
    title="Does it vanish?",
    answer="No: only for sigmoid.",
    status="50 of 50 runs",
    verdicts=(Card("The profile [depends] on the rate.", "refuted", "It does not.", 0.0, 0.0, 0.0, seeds=5),),
    sections=(
        Section("Theory", tables=(TABLE,)),
        Section("Findings", cards=(Card("8 of 10 units are dead.", "error"),)),
    ),
)


def printed(page: Page, width: int, report: Path | None = None) -> str:
    stream = io.StringIO()
    print_summary(page, report, Console(file=stream, width=width))
    return stream.getvalue()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_answer_verdicts_and_tables_fit_the_terminal(width):
    text = printed(PAGE, width)
    words = " ".join(text.split())
    for shown in ("No: only for sigmoid.", "✗ refuted", "0 [0, 0]; 5 replicates", "▲ error", "50 of 50 runs"):
        assert shown in words
    assert max(map(len, text.splitlines())) <= width


def test_brackets_are_text_and_not_markup():
    assert "The profile [depends] on the rate." in printed(PAGE, 120)


def test_it_says_where_the_report_is():
    assert printed(PAGE, 80, Path("runs/mine/report.html")).endswith("Report: runs/mine/report.html\n")


def test_a_name_cannot_move_the_cursor_or_turn_the_text_round():
    text = printed(Page("run\x1b[2J", "A.\u202e", sections=(Section("F", cards=(Card("\x9b1m", "warning"),)),)), 80)
    assert not {"\x1b", "\x9b", "\u202e"} & set(text) and "run\\x1b[2J" in text


def test_colour_is_for_terminals_only():
    assert "\x1b" not in printed(PAGE, 80)


def test_a_page_of_nothing_but_an_answer_is_two_lines():
    assert printed(Page("T", "A."), 80).split() == ["T", "A."]
