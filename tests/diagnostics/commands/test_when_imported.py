"""A call after an import comes once, when packages that import each other are fully loaded."""

from __future__ import annotations

import importlib
import importlib.util
import sys

import pytest

from diagnostics.commands.when_imported import when_imported

NAMES = ("outer_of_test", "inner_of_test")


@pytest.fixture
def packages(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "outer_of_test.py").write_text("import inner_of_test\nwhole = True\n")
    (tmp_path / "inner_of_test.py").write_text("import outer_of_test\nwhole = True\n")
    yield
    for name in NAMES:
        sys.modules.pop(name, None)


@pytest.mark.parametrize("first", NAMES)
def test_the_call_comes_once_when_both_are_whole(packages, first):
    before, seen = list(sys.meta_path), []
    with when_imported(NAMES, lambda: seen.append([getattr(sys.modules[name], "whole", False) for name in NAMES])):
        assert importlib.util.find_spec(first) is not None and seen == []  # looking for it is not importing it
        module = importlib.import_module(first)
        assert seen == [[True, True]]
        importlib.reload(module)
    assert seen == [[True, True]] and sys.meta_path == before
    assert not type(module.__spec__.loader).__module__.startswith("diagnostics")


def test_the_call_comes_at_once_when_the_modules_are_loaded(packages):
    importlib.import_module(NAMES[0])
    seen = []
    with when_imported(NAMES, lambda: seen.append(1)):
        assert seen == [1]
    assert seen == [1]


def test_the_call_never_comes_when_a_module_is_not_imported(packages):
    before, seen = list(sys.meta_path), []
    with when_imported(NAMES, lambda: seen.append(1)):
        pass
    assert seen == [] and sys.meta_path == before
