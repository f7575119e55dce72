"""Every finding has a page that is current, and reports name it; the site's navigation leads somewhere."""

from __future__ import annotations

import re
from pathlib import Path

from diagnostics.rules import rules
from diagnostics.wording.about import TEXTS
from diagnostics.wording.findings import page as page_of
from tests.kit.finding_pages import FOLDER, pages
from tests.kit.gallery import KINDS

ROOT = Path(__file__).parents[2]


def test_the_pages_are_current():
    assert {file.name for file in FOLDER.iterdir()} == set(pages())
    for name, text in pages().items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "run python -m tests.kit.finding_pages"


def test_every_rule_has_a_text_and_a_place_that_reports_name():
    assert set(TEXTS) == set(rules())
    assert all((ROOT / page_of(rule)).is_file() for rule in rules())


def test_what_the_navigation_names_is_there():
    names = re.findall(r": ([\w/]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert "tutorial.md" in names and all((ROOT / "docs" / name).is_file() for name in names)


def test_the_gallery_lists_every_kind():
    listed = re.findall(r"gallery/(\w+)/report.html", (ROOT / "docs" / "gallery.md").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(KINDS)
