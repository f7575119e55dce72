from __future__ import annotations

import re
from pathlib import Path

from tests.kit.api_pages import markdown, page, signature, stubbed

ROOT = Path(__file__).parents[2]


def test_the_reference_page_is_current():
    written = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    assert page() == written, "write it anew: python -m tests.kit.api_pages docs/api.md"


def test_every_public_name_has_an_entry_with_a_sentence():
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for package in ("probes", "diagnostics"):
        for name in stubbed(package):
            assert re.search(rf"^### {package}\.{name}\n\n```python\n.*\n```\n\n[A-Z]", text, re.MULTILINE), name


def test_docstrings_become_markdown():
    text = markdown(
        "Does a * b.\n\nArgs:\n    one: first,\n        goes on.\n    two: |x| < 1.\n\nReturns:\n    `a * b`, a number."
    )
    assert text.split("\n") == [
        r"Does a \* b.",
        "",
        "*Args*",
        "",
        "- `one`: first,",
        "  goes on.",
        r"- `two`: \|x\| \< 1.",
        "",
        "*Returns*",
        "",
        "`a * b`, a number.",
    ]


def test_examples_become_code():
    text = markdown(
        "Adds.\n\nReturns:\n    A number.\n\nExamples:\n    >>> add(1, 2)  # a * b\n    3\n\nReferences:\n    Peano."
    )
    code = ["```python", ">>> add(1, 2)  # a * b", "3", "```"]
    assert text.split("\n") == [
        *("Adds.", "", "*Returns*", "", "A number.", "", "*Examples*", "", *code, "", "*References*", "", "Peano."),
    ]


def test_signatures_are_as_written():
    def function(self, one: dict[str, int], *, two: str = "a", three=tuple(range(99))) -> None: ...

    assert signature(function) == "(one: dict[str, int], *, two: str = 'a', three = ...)"


def test_links_of_the_pages_lead_somewhere():
    for name in ("how_do_i.md", "api.md", "models.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            assert (ROOT / "docs" / target).exists(), (name, target)
