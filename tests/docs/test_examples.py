"""The examples in docstrings: every ``>>>`` in the parts of diagnostics that compute and load no TensorFlow."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("statistics", "wording", "theory", "verdict", "survival", "measures")
MODULES = [
    ".".join(file.relative_to(ROOT).with_suffix("").parts)
    for folder in FOLDERS
    for file in sorted((ROOT / "diagnostics" / folder).rglob("*.py"))
]
FEWEST = 15


def examples(module: str) -> list[doctest.DocTest]:
    """The docstrings of a module that hold examples."""
    return [test for test in doctest.DocTestFinder().find(importlib.import_module(module)) if test.examples]


@pytest.mark.parametrize("module", MODULES)
def test_examples_give_what_they_show(module):
    runner, said = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS), []
    for test in examples(module):
        runner.run(test, out=said.append)
    assert not runner.failures, "".join(said)


def test_there_are_examples():
    assert sum(len(examples(module)) for module in MODULES) >= FEWEST
