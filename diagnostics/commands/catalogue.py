"""The scenarios there are, read from their files: naming them must not load TensorFlow."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path

NOT_SCENARIOS = frozenset({"__init__", "data", "scenario"})


def files() -> dict[str, Path]:
    """The file of every scenario by its name, in alphabetical order."""
    package = importlib.util.find_spec("scenarios")
    places = package.submodule_search_locations if package else None
    found = sorted(path for place in places or () for path in Path(place).glob("*.py"))
    return {path.stem: path for path in found if path.stem not in NOT_SCENARIOS and not path.stem.startswith("_")}


def names() -> list[str]:
    """The scenarios' names."""
    return list(files())


def about(name: str) -> str:
    """The docstring of a scenario's file."""
    return ast.get_docstring(ast.parse(files()[name].read_text(encoding="utf-8"))) or ""


def class_name(name: str) -> str:
    """The class in a scenario's file: ``vanishing_gradient`` holds ``VanishingGradient``."""
    return "".join(word.capitalize() for word in name.split("_"))


def listing(*, as_json: bool = False) -> str:
    """One line a scenario: its name and what it asks."""
    questions = {name: about(name).splitlines()[0] for name in names()}
    if as_json:
        return json.dumps(questions, indent=2, ensure_ascii=False)
    width = max(map(len, questions), default=0)
    return "\n".join(f"{name:<{width}}  {question}" for name, question in questions.items())
