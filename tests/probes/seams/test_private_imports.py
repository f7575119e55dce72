"""Private modules and names of TensorFlow and Keras are used in ``probes/seams/`` only."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("diagnostics", "probes", "scenarios")
SEAMS = ROOT / "probes" / "seams"
MODULES = ("tensorflow.python", "tensorflow.core", "keras.src", "keras._")
NAMES = frozenset(
    {
        "_flatten",
        "_flatten_layers",
        "_keras_logits",
        "_keras_mask",
        "_layers",
        "_losses",
        "_replica_id",
        "_trainable_variables",
        "op_callbacks",
    }
)


def private_uses(source: str) -> Iterator[tuple[int, str]]:
    """Line and name of every private module or name, also where it is written as a string."""
    for node in ast.walk(ast.parse(source)):
        for name in _names(node):
            if name.startswith(MODULES) or name in NAMES:
                yield getattr(node, "lineno", 0), name


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [f"{node.module}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Attribute):
        own = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        return [ast.unparse(node), *([] if own else [node.attr])]
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def test_only_the_seams_use_what_is_private():
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    outside = [file for file in files if SEAMS not in file.parents]
    assert len(files) > len(outside) > 50
    found = {str(file.relative_to(ROOT)): [*private_uses(file.read_text(encoding="utf-8"))] for file in outside}
    assert {file: uses for file, uses in found.items() if uses} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import tensorflow.python.eager.record",
        "from tensorflow.python.eager import record",
        "from keras.src import backend",
        "import tensorflow as tf\ntf.python.x = model._flatten_layers()",
        "getattr(model, '_losses')",
        "load('tensorflow.python.eager.context')",
        "context._replica_id",
    ],
)
def test_a_private_use_is_found(source):
    assert [*private_uses(source)]


def test_own_names_and_public_ones_pass():
    assert not [*private_uses("import keras\nself._losses = keras.losses\nmodel.layers")]


def test_the_seams_are_where_they_are_used():
    used = {name for file in SEAMS.glob("*.py") for _, name in private_uses(file.read_text(encoding="utf-8"))}
    assert {"_flatten_layers", "_losses", "_replica_id", "tensorflow.python.eager.record"} <= used
