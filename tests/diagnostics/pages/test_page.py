from __future__ import annotations

import itertools
import re
from dataclasses import replace
from functools import partial
from html.parser import HTMLParser

import pytest
from matplotlib.figure import Figure
from PIL import Image

from diagnostics.figures import depth_profile, effects
from diagnostics.pages.against_theory import theory_table
from diagnostics.pages.html import _unbroken, with_code, write_page
from diagnostics.pages.page import Advice, Card, Exhibit, Letter, Page, Section, Table
from diagnostics.pages.scenario_page import SUBTITLES, _with_titles
from diagnostics.runs.figure_kinds import KINDS
from probes.errors import UsageError
from tests.kit import figure_frames as frames

HOSTILE = "<script>alert('x')</script> & \"quoted\""
SLOPES = Exhibit("slopes", partial(effects, frames.slopes()), "How to read <it>.", 'Slopes "by arm" & <theory>.')
NEEDY = Exhibit("dead", partial(depth_profile, frames.layers(steps=2), "dead_fraction"), "Dead units.", "Dead units.")
PAGE = Page(
    title=HOSTILE,
    answer=f"No. {HOSTILE}",
    status="10 arms, 5 seeds",
    verdicts=(
        Card(
            "It depends.", "refuted", HOSTILE, 0.63, 0.62, 0.64, "decades per layer", "above 0", 5, 0.0625, "sign test"
        ),
    ),
    sections=(
        Section("Theory", HOSTILE, tables=(theory_table(frames.slopes(), measured="slope", caption="Slopes."),)),
        Section("Figures", figures=(SLOPES, NEEDY)),
    ),
    details={"command": HOSTILE, "config": {"epochs": 3}},
)


class Reader(HTMLParser):
    """What a browser or a screen reader would find."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.words.append(data)

    def all(self, name: str) -> list[str]:
        return [value for _, attributes in self.tags for key, value in attributes.items() if key == name and value]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return write_page(PAGE, tmp_path_factory.mktemp("run") / "report.html")


@pytest.fixture(scope="module")
def html(written):
    return written.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def reader(html):
    return Reader(html)


def test_the_page_needs_no_network_and_without_data_no_script(html, reader):
    assert not {tag for tag, _ in reader.tags} & {"script", "link", "iframe", "img", "object"}
    assert not re.findall(r"@import|url\((?!#)", html)
    links = [link for name in ("href", "src", "xlink:href") for link in reader.all(name)]
    assert all(link.startswith(("#", "data:image/png", "figures/")) for link in links)


def test_every_file_that_the_page_names_is_there(written, reader):
    files = [link for link in reader.all("href") if link.startswith("figures/")]
    assert files == ["figures/slopes.svg", "figures/slopes.png"]
    assert all((written.parent / file).stat().st_size > 1000 for file in files)
    with Image.open(written.parent / "figures/slopes.png") as picture:
        assert picture.width == 1728


def test_text_is_escaped_wherever_it_comes_from(html, reader):
    assert "<script" not in html
    assert sum(HOSTILE in word for word in reader.words) >= 5


def test_ids_are_unique_and_references_resolve(html, reader):
    ids = reader.all("id")
    assert len(set(ids)) == len(ids)
    named = set(reader.all("aria-labelledby")) | set(re.findall(r'(?:url\(#|href="#)([^")]+)', html))
    assert named <= set(ids)


def test_headings_come_in_order(reader):
    levels = [int(tag[1]) for tag, _ in reader.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_figure_has_words_for_those_who_cannot_see_it(reader):
    drawings = [attributes for tag, attributes in reader.tags if tag == "svg"]
    assert len(drawings) == 2
    assert all(drawing["role"] == "img" and drawing["aria-label"] == SLOPES.alt for drawing in drawings)


def test_a_verdict_shows_word_effect_interval_seeds_and_threshold(reader):
    text = " ".join(" ".join(reader.words).split())
    for shown in ("refuted", "0.630 [0.620, 0.640] decades per layer", "above 0", "sign test, p = 0.062"):
        assert shown in text


def test_a_figure_without_its_data_gives_the_reason(reader):
    assert any(word.startswith("Not drawn: there is no column 'dead_fraction'") for word in reader.words)
    assert "Dead units." in " ".join(reader.words)


def test_the_same_page_gives_the_same_bytes(html, tmp_path):
    assert write_page(PAGE, tmp_path / "again.html").read_text(encoding="utf-8") == html


def test_a_page_of_nothing_but_an_answer_is_whole(tmp_path):
    page = Reader(write_page(Page("T", "A."), tmp_path / "x.html").read_text(encoding="utf-8"))
    assert not {"h2", "svg", "table", "details"} & {tag for tag, _ in page.tags}


@pytest.mark.parametrize("names", [("slopes", "slopes"), ("Up per",), ("../x",), ("",)])
def test_names_that_make_no_file_are_refused_before_anything_is_written(tmp_path, names):
    section = Section("S", figures=tuple(replace(SLOPES, name=name) for name in names))
    with pytest.raises(UsageError, match="exhibit"):
        write_page(Page("T", "A.", sections=(section,)), tmp_path / "new" / "x.html")
    assert not (tmp_path / "new").exists()


def test_a_folder_that_cannot_be_written_is_a_usage_error(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot be written"):
        write_page(Page("T", "A."), tmp_path / "file" / "x.html")


def test_theory_close_to_zero_has_a_difference_but_no_share():
    table = theory_table(frames.slopes(), measured="slope", caption="c")
    rows = {row[0]: row[1:] for row in table.rows}
    assert rows["sigmoid-0.01"] == ("0.627", "0.630 [0.621, 0.639]", "+0.003", "+0.48 %")
    assert rows["selu-0.01"][-2:] == ("+0.003", "–")
    assert rows["relu-bn-0.01"][-2:] == ("–", "–")
    assert isinstance(table, Table) and table.numeric == frozenset(table.header[1:])


def test_a_number_stays_in_one_line_with_what_belongs_to_it_but_code_stays_as_it_is(tmp_path):
    code = "every = step % 10 if rate > 1 × 10 else 3 % 2"
    letter = Letter("n", "warning", "5 % of 7 × 10⁻³, 32 × the bound", advice=(Advice("", code),))
    html = write_page(Page("t", "a", sections=(Section("s", letters=(letter,)),)), tmp_path / "p.html").read_text(
        "utf-8"
    )
    assert "5\u00a0% of 7\u00a0×\u00a010⁻³, 32\u00a0× the bound" in html and code.replace(">", "&gt;") in html


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("sign test, p < 0.001", "sign test, p\u00a0<\u00a00.001"),
        ("−0.003 [−0.010, 0.004] nats", "−0.003 [−0.010,\u00a00.004] nats"),
        ("[[3.5, -0.5], [1, 2]]", "[[3.5, -0.5], [1, 2]]"),
        ("5 %", "5\u00a0%"),
    ],
)
def test_what_belongs_to_a_number_stays_in_its_line(text, lines):
    assert _unbroken(text) == lines


def test_figures_under_one_heading_say_what_each_is_of():
    one, two = (Exhibit(name, lambda **_: Figure(), "", "") for name in ("1-loss-curves", "2-loss-depth-profile"))
    assert [each.title for each in _with_titles([one, two])] == ["During training", "Over the layers"]
    assert [each.title for each in _with_titles([one])] == [""]
    assert [each.title for each in _with_titles([one, one])] == ["", ""]


def test_neighbouring_paragraphs_share_a_line_and_tables_of_one_kind_their_columns(tmp_path):
    tables = tuple(Table(f"table {number}", ("a", "b"), (("1", "2"),)) for number in (1, 2))
    words = [Section("Scope", "one"), Section("Objection", "two")]
    page = Page(
        "title", "answer", sections=(*words, Section("Numbers", tables=tables), Section("One", tables=tables[:1]))
    )
    text = write_page(page, tmp_path / "report.html").read_text(encoding="utf-8")
    body = text.partition("<body>")[2]
    assert body.count('class="words"') == 2 and body.count('class="alike columns-2"') == 1


def test_every_kind_of_figure_has_a_subtitle():
    assert SUBTITLES.keys() == KINDS.keys()


def test_code_in_a_sentence_is_marked_and_the_rest_escaped():
    assert with_code("Try `x < 1` & see.") == "Try <code>x &lt; 1</code> &amp; see."
