"""The lowest versions that setup.cfg allows are those that CI tests with."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent


def requirements(text: str, operator: str) -> dict[str, str]:
    """Version by package, of lines such as ``numpy>=2.0.0``; comments and empty lines are skipped."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = [re.fullmatch(rf"([\w.-]+){operator}([\d.]+)", line) for line in lines]
    assert all(found), f"each line must be NAME{operator}VERSION: {lines}"
    return {match[1]: match[2] for match in found if match}


def test_every_bound_is_the_version_that_ci_tests_with():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg", encoding="utf-8")
    bounds = requirements(setup["options"]["install_requires"], ">=")
    assert "tensorflow" in bounds
    pins = requirements((ROOT / ".ci" / "lowest.txt").read_text(encoding="utf-8"), "==")
    extras = "\n".join(line for lines in setup["options.extras_require"].values() for line in lines.splitlines())
    bounds |= requirements("\n".join(line for line in extras.splitlines() if ">=" in line), ">=")
    assert bounds == {name: pins.get(name) for name in bounds}


def test_the_fast_half_lists_tests_that_exist():
    paths = (ROOT / ".ci" / "fast").read_text(encoding="utf-8").split()
    assert paths and all((ROOT / path).exists() for path in paths), paths
