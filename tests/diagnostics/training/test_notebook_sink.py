"""The live view in a real notebook: it begins, renews itself, and stays as it was at the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from diagnostics.sinks import Notebook
from probes.errors import UsageError

ROOT = Path(__file__).parents[3]
CODE = """
import numpy as np
import pandas as pd
from pathlib import Path
import diagnostics
from diagnostics.runs.writer import RunWriter
from diagnostics.training.sink import Outcome

def rows(first, last):
    steps = np.arange(first, last)
    return pd.DataFrame({"step": steps, "epoch": 0, "split": "train", "loss": 2 * 0.99**steps, "seconds": 0.0})

sink = diagnostics.sinks.Notebook(seconds=0)
with RunWriter("mine", command="train.py", config={}, seed=0) as writer:
    sink.begin(diagnostics.load_run("mine"))
    writer.append("scalars", rows(0, 40))
    sink.write("scalars", rows(0, 40))
    seen = sink._view.display_id
    young = sink._next
    sink.write("scalars", rows(0, 40))  # too young to be drawn again
    assert sink._next == young
    sink._next = 0.0
    writer.append("scalars", rows(40, 60))
    sink.write("scalars", rows(40, 60))
Path("out").mkdir()
sink.finish(Outcome(diagnostics.load_run("mine"), Path("out")))
assert sink._view.display_id == seen
"""


def test_a_view_below_the_cell_renews_itself(tmp_path):
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)])
    place = {"metadata": {"path": str(tmp_path)}}
    client = nbclient.NotebookClient(book, timeout=120, kernel_name="python3", resources=place)
    client.execute(env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"})
    (shown,) = [output for output in book.cells[0].outputs if output.output_type == "display_data"]
    html = shown["data"]["text/html"]
    assert "run finished · steps 0 to 59" in html and html.count("<img") == 1
    assert "The loss: from" in html


def test_without_a_notebook_there_is_no_view():
    pytest.importorskip("IPython")
    with pytest.raises(UsageError, match="no notebook is running"):
        Notebook()
