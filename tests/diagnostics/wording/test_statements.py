from __future__ import annotations

import io
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from diagnostics.figures import depth_profile, effects
from diagnostics.pages.html import ReportPath, write_page
from diagnostics.pages.page import Card, Page, Section
from diagnostics.rules import Finding
from diagnostics.verdict.claims import JudgedClaim, JudgedPart
from diagnostics.verdict.verdict import judge
from probes.reading import Reading
from tests.kit import figure_frames as frames

HOSTILE = "<b>a & b</b>"
ESCAPED = "&lt;b&gt;a &amp; b&lt;/b&gt;"


def shown(result) -> str:
    return result._repr_html_()


def test_a_verdict_shows_its_word_and_numbers():
    text = shown(judge([1.0, 1.1, 0.9, 1.0, 1.05], expects="greater", unit="decades"))
    assert text.startswith("<p><strong>supported</strong>: 1") and "decades, 5 replicates" in text


def test_a_claim_and_a_finding_show_their_sentences():
    verdict = judge([1.0, 1.1, 1.0], expects="greater")
    claim = JudgedClaim("it", HOSTILE, "supported", "It holds.", "above 0", (JudgedPart("one", verdict, 0.1),))
    assert ESCAPED in shown(claim) and "It holds.<br>one: supported: 1" in shown(claim)
    finding = Finding("dead_units", "not_evaluated", HOSTILE, "It means.", "")
    assert shown(finding) == f"<p><strong>not evaluated</strong>: dead units. {ESCAPED}<br>It means.</p>"


def test_a_page_shows_answer_and_cards_without_figures():
    page = Page("title", HOSTILE, "5 seeds", verdicts=(Card("c", "refuted", effect=1.0, low=0.5, high=1.5),))
    text = shown(page)
    assert ESCAPED in text and "<strong>refuted</strong>: c<br>1.0 [0.5, 1.5]" in text
    finding = Page("t", "a", sections=(Section("Findings", cards=(Card("gone", "error"),)),))
    assert shown(finding).endswith("<p><strong>error</strong>: gone</p>")


def test_a_report_path_is_a_path_and_shows_the_page(tmp_path):
    path = write_page(Page("title", HOSTILE), tmp_path / "report.html")
    assert path == tmp_path / "report.html" and isinstance(path, Path)
    assert shown(path).count("<iframe") == 1 and "&lt;p class=&quot;answer&quot;&gt;" in shown(path)
    assert isinstance(path.parent, Path) and pickle.loads(pickle.dumps(path)) == path
    path.unlink()
    assert "no longer exists" in shown(ReportPath(path)) and "<iframe" not in shown(path)


def test_a_reading_shows_its_size_and_its_table():
    layers = pd.DataFrame({"step": [0], "layer": ["<odd>"], "depth": [1], "kind": ["Dense"], "x": [np.float32(2)]})
    text = shown(Reading(layers))
    assert text.startswith("<p>Reading(steps 0 to 0, 1 layers: x), 0 events of units</p>") and "&lt;odd&gt;" in text


def test_a_figure_shows_itself_as_a_picture():
    layers = frames.layers(steps=3)
    for figure in (depth_profile(layers, "update_ratio"), effects(frames.slopes())):
        picture = Image.open(io.BytesIO(figure._repr_png_()))
        assert picture.width == round(1080 / 100 * 160) and len(picture.convert("RGB").getcolors(1 << 20) or ()) > 10
