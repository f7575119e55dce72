"""The direction of imports: the allowed edges, stated once, and the light half without TensorFlow."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("diagnostics", "probes", "scenarios")
COMMANDS = {"run", "workbench", "jobs", "watch", "export", "__main__"}
# What diagnostics has beside these and the commands is light.
HEAVY = {
    "seeding",
    "trainer",
    "training_step",
    "callback",
    "experiment",
    "distribution",
    "tensorboard",
    "recorder",
    "mirrored",
}
HEAVY |= {"fit_session", "observed_function", "pace", "watched", "watched_loop", "watched_loops"}
ERRORS, TENSORFLOW = "probes.errors", "tensorflow"

MAY_IMPORT = {
    "probes": {"probes", TENSORFLOW},
    "scenarios": {"scenarios", "probes", TENSORFLOW},
    "light": {"light"},
    "heavy": {"heavy", "light", "probes", TENSORFLOW},
    "command": {"command", "heavy", "light", "probes", "scenarios", "facade", TENSORFLOW},
    "facade": {"heavy", "light"},
}
ONLY_LAZILY = {"command": {TENSORFLOW}, "facade": {"heavy", "light"}}  # inside a function, or for type checkers


def side(module: str) -> str | None:
    """The row of the layer table that a module belongs to; None: not ours, and not restricted."""
    package, _, rest = module.partition(".")
    if package in ("tensorflow", "keras"):
        return TENSORFLOW
    if package != "diagnostics":
        return package if package in PACKAGES else None
    first = rest.partition(".")[0]
    return "command" if first in COMMANDS else "heavy" if first in HEAVY else "light" if first else "facade"


def module_name(file: Path, root: Path) -> str:
    return ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__")


def is_module(name: str, root: Path) -> bool:
    path = root.joinpath(*name.split("."))
    return path.with_suffix(".py").exists() or path.is_dir()


def targets(node: ast.AST, file: Path, root: Path) -> list[str]:
    """The modules that one statement imports, by full name."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    package = (
        module_name(file, root).split(".") if file.name == "__init__.py" else module_name(file, root).split(".")[:-1]
    )
    above = package[: len(package) - node.level + 1] if node.level else []
    base = ".".join([*above, *([node.module] if node.module else [])])
    full = [f"{base}.{alias.name}" for alias in node.names]
    return [name if is_module(name, root) else base for name in full]


def imports(file: Path, root: Path) -> Iterator[tuple[int, str, bool]]:
    """Line, module and whether it happens when the file is imported."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    lazy = {id(node) for outer in ast.walk(tree) if is_lazy(outer) for node in ast.walk(outer)}
    for node in ast.walk(tree):
        for target in targets(node, file, root):
            yield getattr(node, "lineno", 0), target, id(node) not in lazy


def is_lazy(node: ast.AST) -> bool:
    checking = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
    return checking or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def violations(root: Path) -> list[str]:
    """Every import that the table does not allow, as ``file:line: from -> to``."""
    found = []
    for file in sources(root):
        own = side(module_name(file, root)) or ""
        for line, target, at_import in imports(file, root):
            to = side(target)
            allowed = to is None or target == ERRORS or to in MAY_IMPORT[own]
            if not allowed or (at_import and to in ONLY_LAZILY.get(own, ())):
                found.append(f"{file.relative_to(root)}:{line}: {own} -> {target} ({to})")
    return found


def sources(root: Path) -> list[Path]:
    return sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))


def test_only_allowed_imports():
    assert sources(ROOT)
    assert not violations(ROOT), "\n" + "\n".join(violations(ROOT))


FORBIDDEN = {
    "probes/norm.py": "import diagnostics.store",
    "probes/deep/norm.py": "from scenarios import base",
    "scenarios/base.py": "from diagnostics import record",
    "diagnostics/store.py": "import tensorflow as tf",
    "diagnostics/record.py": "from keras import layers",
    "diagnostics/unheard_of.py": "import probes",
    "diagnostics/rules/dead.py": "from probes.errors_of_mine import x",
    "diagnostics/rules/lazy.py": "def f():\n    import probes.monitor",
    "diagnostics/figures/plot.py": "from ..trainer import Trainer",
    "diagnostics/figures/near.py": "from .. import trainer",
    "diagnostics/report.py": "from diagnostics import load_run",
    "diagnostics/trainer.py": "from scenarios.base import Scenario",
    "diagnostics/callback.py": "from diagnostics.run import main",
    "diagnostics/run.py": "import keras",
    "diagnostics/__init__.py": "from diagnostics.record import load_run",
}
ALLOWED = {
    "probes/norm.py": "import tensorflow\nfrom probes import errors\nfrom .other import y",
    "scenarios/base.py": "import probes\nimport keras",
    "diagnostics/record.py": "from probes.errors import UsageError\nfrom diagnostics import store\nimport pandas",
    "diagnostics/store.py": "",
    "diagnostics/rules/dead.py": "from probes import errors\nfrom ..record import Run",
    "diagnostics/trainer.py": "import tensorflow\nimport probes\nfrom diagnostics import record, distribution",
    "diagnostics/distribution.py": "",
    "diagnostics/run.py": "import diagnostics\nimport scenarios\ndef main():\n    import keras",
    "diagnostics/__init__.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .trainer import Trainer",
    "probes/errors.py": "",
}


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_forbidden_import_is_found_with_file_and_line(tmp_path, name):
    found = violations(tree(tmp_path, ALLOWED | {name: f"\n\n{FORBIDDEN[name]}"}))
    line = 3 + FORBIDDEN[name].count("\n")
    assert [entry.partition(": ")[0] for entry in found] == [f"{name}:{line}"]


def test_allowed_imports_pass(tmp_path):
    assert violations(tree(tmp_path, ALLOWED)) == []


WITHOUT_TENSORFLOW = """
import importlib, sys
sys.modules["tensorflow"] = sys.modules["keras"] = None
for name in sys.argv[1:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        print(f"{name}: {error}")
"""


def light_modules() -> list[str]:
    names = [module_name(file, ROOT) for file in sources(ROOT)]
    return [*(name for name in names if side(name) in ("light", "facade", "command")), "probes", ERRORS]


def test_the_light_half_imports_without_tensorflow():
    assert "diagnostics.runs.run" in light_modules()
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, *light_modules()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stdout + done.stderr
