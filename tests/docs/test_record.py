"""The page on what a run records names every column and every field."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

import probes
from diagnostics.runs.data_facts import Data, Input, Output, Target
from diagnostics.runs.facts import Layer, Loss, Optimizer, Training

PAGE = (Path(__file__).parents[2] / "docs" / "record.md").read_text(encoding="utf-8")
COLUMNS = [(name, column) for name in probes.probe_names() for column in getattr(probes, name).columns]


@pytest.mark.parametrize(("probe", "column"), COLUMNS)
def test_a_column_has_its_row(probe, column):
    rows = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("|")]
    assert [row[-1] for row in rows if f"`{column}`" in row[0]] == [f"`{probe}` |"]


@pytest.mark.parametrize("kind", [Training, Layer, Loss, Optimizer, Data, Input, Target, Output])
def test_every_field_is_named(kind):
    assert not [field.name for field in fields(kind) if f"`{field.name}`" not in PAGE]
