"""Every notebook runs as it is committed: without outputs, and without errors. One kernel runs them all, emptied between."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SAYS = {
    "first_look": [
        "<strong>warning</strong>: vanishing gradient",
        "srcdoc=",
        "relu ends with the lower validation loss",
    ],
    "gradient_flow": ["measured slope", "sigmoid, glorot_uniform"],
    "dead_units": ["revival", "born_dead", "dead_share"],
    "dropout_and_variance": ["measured / expected", "dropout_3"],
    "your_own_model": ["block_2/outer", "update_ratio", "srcdoc="],
    "your_own_probe": ["hidden_4", "window of three steps"],
}
"""What a notebook's outputs must contain for its text to be true."""


@pytest.fixture(scope="module")
def client(tmp_path_factory) -> Iterator[NotebookClient]:
    """A kernel of this interpreter, in an empty folder, that sees this checkout."""
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    place = {"metadata": {"path": str(tmp_path_factory.mktemp("notebooks"))}}
    client = NotebookClient(nbformat.v4.new_notebook(), timeout=300, kernel_name="python3", resources=place)
    with client.setup_kernel():
        yield client


def outputs(book: NotebookNode) -> str:
    """All outputs of a notebook's cells, as text and HTML."""
    shown = [output for cell in book.cells if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(
        str(text) for output in shown for text in output.get("data", {"text": output.get("text")}).values()
    )


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_and_shows_what_it_says(client, path):
    book = nbformat.read(path, as_version=4)
    client.nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("%reset -f"), *book.cells])
    client.reset_execution_trackers()
    for place, cell in enumerate(client.nb.cells):
        client.execute_cell(cell, place)
    shown = outputs(client.nb)
    assert not [part for part in SAYS[path.stem] if part not in shown]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_is_committed_without_outputs(path):
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    code = [cell for cell in book.cells if cell.cell_type == "code"]
    assert code and not any(cell.outputs or cell.execution_count for cell in code)
    assert re.match(r"# \S", book.cells[0].source)


def test_every_notebook_has_expected_outputs():
    assert [path.stem for path in NOTEBOOKS] == sorted(SAYS)
