"""A page as text for a pull request, and as data for other programs."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from diagnostics.pages.markdown import MOST_ROWS, escaped, markdown
from diagnostics.pages.page import Advice, Card, Letter, Page, Place, Section, Table
from diagnostics.pages.record_of_page import record
from diagnostics.report import main
from tests.diagnostics.test_report import scenario, write_run

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "report.schema.json").read_text(encoding="utf-8"))
LETTER = Letter(
    name="dead units",
    word="warning",
    statement="Half of h_1 is dead.",
    where=(Place("h_1", "#layer=h_1"),),
    advice=(Advice("Lower the rate.", 'print("```")'),),
    rule="dead_units",
    layers=("h_1",),
)


def page(**more) -> Page:
    return Page("mine", "Dead units in h_1.", kind="run", **more)


def test_a_finding_says_where_and_what_to_try():
    text = markdown(page(sections=(Section("Findings", letters=(LETTER,)),)))
    assert text.startswith("## mine\n\n**Dead units in h\\_1.**")
    assert "#### ! warning: Half of h\\_1 is dead." in text and "- where: h\\_1" in text
    assert '````python\nprint("```")\n````' in text  # the fence is longer than what it holds


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a|b", "a\\|b"), ("<script>", "\\<script\\>"), ("@someone", "\\@someone"), ("a\n## b", "a \\#\\# b")],
)
def test_a_name_stays_text(name, shown):
    assert escaped(name) == shown


def test_tables_end_before_a_comment_does_and_folded_sections_stay_folded():
    rows = tuple((str(row), "1") for row in range(MOST_ROWS + 5))
    table = Table("All <layers>.", ("layer", "value"), rows, numeric=frozenset(("value",)))
    text = markdown(page(sections=(Section("Every <layer>", tables=(table,), folded=True),)))
    assert text.count("\n| ") == MOST_ROWS + 2 and "5 more rows are on the page." in text and "| --- | ---: |" in text
    assert "<details><summary>Every &lt;layer&gt;</summary>\n\n" in text and text.rstrip().endswith("</details>")


def test_the_record_follows_its_schema():
    card = Card("It holds.", "open", effect=0.5, low=float("nan"), high=1.0, seeds=6)
    table = Table("All.", ("layer",), (("h_1",),))
    found = record(page(verdicts=(card,), sections=(Section("Findings", letters=(LETTER,), tables=(table,)),)))
    jsonschema.validate(json.loads(json.dumps(found, allow_nan=False)), SCHEMA)
    assert found["verdicts"][0]["low"] is None and found["findings"][0]["layers"] == ["h_1"]


def test_the_schema_allows_no_less_than_is_written():
    """A field that is renamed must be renamed in the schema, too."""
    properties = SCHEMA["properties"]
    assert set(record(page())) == set(properties) == set(SCHEMA["required"])
    finding = record(page(sections=(Section("Findings", letters=(LETTER,)),)))["findings"][0]
    assert set(finding) == set(SCHEMA["$defs"]["finding"]["properties"])


def test_the_command_prints_it_and_leaves_the_folder_alone(tmp_path, capsys):
    write_run(tmp_path / "mine")
    assert main([str(tmp_path / "mine"), "--json"]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), SCHEMA)
    assert main([str(tmp_path / "mine"), "--markdown"]) == 0
    assert capsys.readouterr().out.startswith("## mine\n") and not (tmp_path / "mine" / "report.html").exists()


def test_a_scenario_has_both_forms_too(tmp_path, capsys):
    scenario(tmp_path / "tiny")
    write_run(tmp_path / "tiny" / "arms" / "one" / "seed-0")
    assert main([str(tmp_path / "tiny"), "--json", "--out", str(tmp_path / "page.html")]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), SCHEMA)
    assert (tmp_path / "page.html").is_file()
