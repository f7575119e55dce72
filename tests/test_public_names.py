"""The public names: importable without side effects, and visible to static checkers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import diagnostics
import probes

ROOT = Path(__file__).parent.parent


def stubbed(package: str) -> dict[str, str]:
    """Name to module, as the package's stub has it."""
    tree = ast.parse((ROOT / package / "__init__.pyi").read_text())
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom) and node.module != package]
    return {alias.name: node.module or "" for node in imports for alias in node.names}


def test_every_probe_is_in_the_stub():
    missing = set(probes.probe_names()) - set(stubbed("probes"))
    assert not missing, f"add to probes/__init__.pyi, for completion and checkers: {sorted(missing)}"


@pytest.mark.parametrize("package", [probes, diagnostics], ids=lambda module: module.__name__)
def test_what_the_stub_promises_is_there(package):
    for name, module in stubbed(package.__name__).items():
        value = getattr(package, name)
        assert callable(value) and name in dir(package)
        # diagnostics.report is the function, and once the command was imported a module that calls it
        command = sys.modules.get(f"{package.__name__}.{name}")
        promised = getattr(sys.modules[module], name)
        assert value is promised or (value is command and getattr(command, name) is promised)


@pytest.mark.parametrize("package", ["probes", "diagnostics", "scenarios"])
def test_importing_a_package_loads_nothing_heavy(package):
    code = f"import sys, {package}; print(sorted({{'tensorflow', 'pandas', 'matplotlib'}} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"


def test_a_package_of_the_package_needs_no_import_of_its_own():
    assert diagnostics.sinks is sys.modules["diagnostics.sinks"] and "sinks" in dir(diagnostics)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="GradientNrm"):
        _ = probes.GradientNrm
    with pytest.raises(AttributeError, match="Trainr"):
        _ = diagnostics.Trainr


def test_packages_are_typed():
    assert all((ROOT / package / "py.typed").exists() for package in ("probes", "diagnostics", "scenarios"))
