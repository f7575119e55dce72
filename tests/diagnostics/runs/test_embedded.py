"""A page that holds its run gives the same tables and findings, and nothing that it holds can do harm."""

from __future__ import annotations

import base64
import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import diagnostics
from diagnostics.report import main
from diagnostics.runs import embedded
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError
from tests.kit.runs import layers_table, scalars_table

STEPS = tuple(range(0, 200, 10))
NAMES = ["first", "</script><b>", "third"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "mine"
    size = (len(STEPS), len(NAMES))
    columns = {"gradient_norm": np.geomspace(1e-6, 1.0, size[0] * size[1]).reshape(size)}
    columns["activation_gradient_rms"] = np.where(np.arange(size[1]) == 1, np.nan, columns["gradient_norm"])
    with RunWriter(path, command="train.py", config={"rate": 0.1}, seed=3) as writer:
        layers = layers_table(columns, steps=STEPS, names=NAMES)
        layers["histogram"] = [[1.0, 2.0]] * len(layers)
        writer.append("layers", layers)
        writer.append("scalars", scalars_table(np.linspace(2, 1, 200)))
        writer.append("units", pd.DataFrame({"step": [0, 10], "layer": "first", "unit": [1, 2], "event": "death"}))
    return path


@pytest.fixture(scope="module")
def page(folder, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("pages") / "page.html"
    assert main([str(folder), "--embed-data", "--out", str(path)]) == 0
    return path


def test_the_page_gives_the_same_run(folder, page):
    stored, read = diagnostics.load_run(folder), diagnostics.load_run(page)
    for table in ("layers", "units", "scalars"):
        pd.testing.assert_frame_equal(getattr(stored, table), getattr(read, table), check_exact=True)
    assert list(read.layers["layer"].cat.categories) == NAMES
    assert (read.name, read.status, read.seed, read.config) == ("mine", "finished", 3, {"rate": 0.1})
    assert read.damage == ()
    assert [str(one) for one in diagnostics.diagnose(read)] == [str(one) for one in diagnostics.diagnose(stored)]


def test_a_page_is_reported_and_exported_like_its_run(page, tmp_path, capsys):
    assert main([str(page), "--markdown"]) == 0
    assert "mine" in capsys.readouterr().out
    assert main([str(page), "--out", str(tmp_path / "again.html")]) == 0
    assert "<h1>mine</h1>" in (tmp_path / "again.html").read_text()
    assert main([str(page)]) == 2 and "do this: add --out" in capsys.readouterr().err


def test_the_block_is_no_script_and_only_there_when_asked_for(folder, page, tmp_path):
    text = page.read_text(encoding="utf-8")
    assert text.count(f'<script type="{embedded.KIND}"') == 1
    assert "<b>" not in re.search(rf'<script type="{re.escape(embedded.KIND)}"[^>]*>(.*?)</script>', text, re.DOTALL)[1]
    plain = diagnostics.report(diagnostics.load_run(folder), tmp_path / "plain.html")
    assert embedded.KIND not in plain.read_text(encoding="utf-8")
    with pytest.raises(UsageError, match="a page without a run's tables"):
        diagnostics.load_run(plain)


def parquet(table: pa.Table) -> str:
    file = io.BytesIO()
    pq.write_table(table, file)
    return base64.b64encode(file.getvalue()).decode()


def bomb() -> str:
    """A few kilobytes that unfold to 200 million values."""
    return parquet(pa.table({name: pa.nulls(100_000_000, pa.int8()) for name in ("step", "layer")}))


DAMAGE = {
    "no JSON": lambda whole: "{",
    "nested": lambda whole: "[" * 5000 + "]" * 5000,
    "a list": lambda whole: "[1]",
    "without tables": lambda whole: json.dumps({"run": whole["run"]}),
    "no base64": lambda whole: json.dumps(whole | {"tables": whole["tables"] | {"layers": "%%%"}}),
    "no Parquet": lambda whole: json.dumps(whole | {"tables": whole["tables"] | {"layers": "AAAA"}}),
    "half a table": lambda whole: json.dumps(
        whole | {"tables": whole["tables"] | {"layers": whole["tables"]["layers"][:400]}}
    ),
    "a number": lambda whole: json.dumps(whole | {"tables": whole["tables"] | {"layers": 7}}),
    "a bomb": lambda whole: json.dumps(whole | {"tables": whole["tables"] | {"layers": bomb()}}),
    "a newer version": lambda whole: json.dumps(whole | {"run": whole["run"] | {"schema_version": 99}}),
    "another kind": lambda whole: json.dumps(whole | {"run": whole["run"] | {"kind": "scenario"}}),
    "a wrong type": lambda whole: json.dumps(whole | {"run": whole["run"] | {"config": 7}}),
    "no object": lambda whole: json.dumps(whole | {"run": 7}),
}


@pytest.mark.parametrize("what", DAMAGE)
def test_a_damaged_block_is_one_error_that_names_the_page(page, tmp_path, what):
    text = page.read_text(encoding="utf-8")
    found = re.search(rf'<script type="{re.escape(embedded.KIND)}"[^>]*>(.*?)</script>', text, re.DOTALL)
    damaged = DAMAGE[what](json.loads(found[1]))
    other = tmp_path / "other.html"
    other.write_text(text[: found.start(1)] + damaged + text[found.end(1) :], encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        diagnostics.load_run(other)
    assert str(other.parent) in str(caught.value)


def test_foreign_columns_and_pages_are_left_out_or_refused(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    found = re.search(rf'<script type="{re.escape(embedded.KIND)}"[^>]*>(.*?)</script>', text, re.DOTALL)
    whole = json.loads(found[1])
    odd = pa.table({"step": [0], "layer": ["a"], "when": pa.array([0], pa.timestamp("s"))})
    whole["tables"]["layers"] = parquet(odd)
    (tmp_path / "odd.html").write_text(text[: found.start(1)] + json.dumps(whole) + text[found.end(1) :])
    with pytest.warns(UserWarning, match="'when'"):
        run = diagnostics.load_run(tmp_path / "odd.html")
    assert "when" not in run.layers and len(run.layers) == 1
    (tmp_path / "twice.html").write_text(text + text)
    for name in ("twice.html", "nowhere.html"):
        with pytest.raises(UsageError, match="cannot be read as a run"):
            diagnostics.load_run(tmp_path / name)
    (tmp_path / "link.html").symlink_to(page)
    with pytest.raises(UsageError, match="cannot be read as a run"):
        diagnostics.load_run(tmp_path / "link.html")


def test_a_page_larger_than_any_is_not_read(page, monkeypatch):
    monkeypatch.setattr(embedded, "MOST_BYTES", 1000)
    with pytest.raises(UsageError, match="more than 0 MiB"):
        diagnostics.load_run(page)
