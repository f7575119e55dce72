"""The page on rules lists every rule with the first sentence of its docstring."""

from __future__ import annotations

from tests.kit.rules_page import PAGE, page


def test_the_table_is_up_to_date():
    text = PAGE.read_text(encoding="utf-8")
    assert page(text) == text, "run python -m tests.kit.rules_page"
