"""Imports run one way, in no circle; TensorFlow is loaded only where the path allows it; sizes stay within budgets."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("diagnostics", "probes", "scenarios")
ERRORS, TENSORFLOW = "probes.errors", "tensorflow"

# Each folder imports from itself and from folders of a lower rank.
RANKS = {
    "diagnostics": [
        {"statistics", "wording"},
        {"runs", "theory", "survival"},
        {"measures", "figures"},
        {"rules", "verdict"},
        {"pages"},
        {"training"},
        {"sinks"},
        {"commands"},
    ],
    "probes": [{"snapshot"}, {"seams"}, {"capture", "measuring"}, {"step"}],
}
PACKAGE_IMPORTS = {
    "probes": {TENSORFLOW},
    "scenarios": {"probes", TENSORFLOW},
    "diagnostics": set(),
    "diagnostics.training": {"probes", TENSORFLOW},
    "diagnostics.commands": {"probes", "scenarios", TENSORFLOW},
}


def package_of(module: str) -> str:
    package = module.partition(".")[0]
    return TENSORFLOW if package in ("tensorflow", "keras") else package


def folder(module: str, root: Path) -> str:
    """The folder under its package that a module lies in; empty for a module of the package's root."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and root.joinpath(*parts[:2]).is_dir() else ""


def rank(package: str, name: str) -> int:
    """A folder's rank; -1 for one that the table lacks."""
    return next((place for place, names in enumerate(RANKS[package]) if name in names), -1)


def is_command(module: str, root: Path) -> bool:
    """Whether a module is a command of diagnostics, or serves commands only."""
    return module.startswith("diagnostics.") and folder(module, root) in ("", "commands")


def is_allowed(source: str, target: str, at_import: bool, root: Path) -> bool:
    """Whether one module may import another."""
    own, other = package_of(source), package_of(target)
    if other not in (*PACKAGES, TENSORFLOW) or target == ERRORS:
        return True
    if own == other:
        return is_downward(source, target, at_import, root)
    if is_command(source, root):
        return other in PACKAGE_IMPORTS["diagnostics.commands"] and not (at_import and other == TENSORFLOW)
    home = f"{own}.{folder(source, root)}"
    return other in PACKAGE_IMPORTS.get(home, PACKAGE_IMPORTS[own])


def is_downward(source: str, target: str, at_import: bool, root: Path) -> bool:
    """Whether an import inside one package goes to the same folder or to one of a lower rank."""
    package, own, other = package_of(source), folder(source, root), folder(target, root)
    if package == "scenarios":
        return True
    if source == package:  # the package's own __init__ names what lies in it; diagnostics does so lazily
        return package != "diagnostics" or not at_import
    if package == "probes" and not (own and other):
        return True  # the test for circles covers modules of the root
    if not own:
        return True
    if target == package or not other:
        return False
    return own == other or -1 < rank(package, other) < rank(package, own)


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


def is_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def imports(file: Path, root: Path, *, typing: bool = True) -> Iterator[tuple[int, str, bool]]:
    """Line, module and whether it happens when the file is imported."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    lazy = {id(node) for outer in ast.walk(tree) if is_lazy(outer) for node in ast.walk(outer)}
    checked = {id(node) for outer in ast.walk(tree) if is_checking(outer) for node in ast.walk(outer)}
    for node in ast.walk(tree):
        for target in targets(node, file, root) if typing or id(node) not in checked else ():
            yield getattr(node, "lineno", 0), target, id(node) not in lazy


def is_lazy(node: ast.AST) -> bool:
    return is_checking(node) or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def violations(root: Path) -> list[str]:
    """Every import that the tables do not allow, as ``file:line: from -> to``."""
    return [
        f"{file.relative_to(root)}:{line}: {module_name(file, root)} -> {target}"
        for file in sources(root)
        for line, target, at_import in imports(file, root)
        if not is_allowed(module_name(file, root), target, at_import, root)
    ]


def sources(root: Path) -> list[Path]:
    return sorted(file for package in PACKAGES for file in (root / package).rglob("*.py"))


def test_only_allowed_imports():
    assert sources(ROOT)
    assert not violations(ROOT), "\n" + "\n".join(violations(ROOT))


FORBIDDEN = {
    "probes/norm.py": "import diagnostics.runs.parts",
    "probes/snapshot/norm.py": "from scenarios import base",
    "probes/snapshot/up.py": "from probes.step import step",
    "probes/capture/across.py": "import probes.measuring.tasks",
    "scenarios/base.py": "from diagnostics.runs import run",
    "diagnostics/runs/parts.py": "import tensorflow as tf",
    "diagnostics/runs/run.py": "from keras import layers",
    "diagnostics/unheard_of/new.py": "import probes",
    "diagnostics/rules/dead.py": "from probes.errors_of_mine import x",
    "diagnostics/rules/lazy.py": "def f():\n    import probes.monitor",
    "diagnostics/figures/plot.py": "from ..training.trainer import Trainer",
    "diagnostics/runs/near.py": "from .. import figures",
    "diagnostics/pages/page.py": "from diagnostics import load_run",
    "diagnostics/training/trainer.py": "from scenarios.base import Scenario",
    "diagnostics/training/callback.py": "from diagnostics.watch import main",
    "diagnostics/watch.py": "import keras",
    "diagnostics/__init__.py": "from diagnostics.runs.run import load_run",
}
ALLOWED = {
    "probes/norm.py": "import tensorflow\nfrom probes import errors\nfrom .other import y",
    "probes/step/step.py": "import probes.capture.layers",
    "probes/capture/layers.py": "from probes.norm import x",
    "probes/measuring/tasks.py": "",
    "scenarios/base.py": "import probes\nimport keras",
    "diagnostics/runs/run.py": "from probes.errors import UsageError\nfrom diagnostics.runs import parts\nimport pandas",
    "diagnostics/runs/parts.py": "",
    "diagnostics/rules/dead.py": "from probes import errors\nfrom ..runs.run import Run",
    "diagnostics/figures/plot.py": "",
    "diagnostics/training/trainer.py": "import tensorflow\nimport probes\nfrom diagnostics.runs import run",
    "diagnostics/watch.py": "import diagnostics\nimport scenarios\ndef main():\n    import keras",
    "diagnostics/__init__.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .runs.run import Run",
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
    light = [name for name in names if package_of(name) == "diagnostics" and folder(name, ROOT) != "training"]
    return [*light, "probes", ERRORS]


def test_the_light_half_imports_without_tensorflow():
    assert "diagnostics.runs.run" in light_modules()
    command = [sys.executable, "-c", WITHOUT_TENSORFLOW, *light_modules()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("", 0), done.stdout + done.stderr


def graph(root: Path) -> dict[str, set[str]]:
    """What each of our files imports of ours, lazily too, but not for type checkers only."""
    names = {module_name(file, root): file for file in sources(root)}
    return {
        name: {target for _, target, _ in imports(file, root, typing=False) if target in names and target != name}
        for name, file in names.items()
    }


def reached(name: str, edges: dict[str, set[str]]) -> set[str]:
    """The modules that one module imports, directly or not."""
    found, waiting = set(), [name]
    while waiting:
        new = edges[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def circles(root: Path) -> list[str]:
    """The modules that import themselves in the end."""
    edges = graph(root)
    return sorted(name for name in edges if name in reached(name, edges))


def test_no_circle_between_files():
    assert circles(ROOT) == []


def test_a_circle_is_found_but_for_types(tmp_path):
    files = {"probes/a.py": "def f():\n    import probes.b", "probes/b.py": "from probes import a", "probes/c.py": ""}
    assert circles(tree(tmp_path, files)) == ["probes.a", "probes.b"]
    checked = {"probes/b.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from probes import a"}
    assert circles(tree(tmp_path, checked)) == []


def test_the_recorder_reaches_few_files():
    assert len(reached("diagnostics.training.recorder", graph(ROOT))) <= 45


def test_the_root_of_diagnostics_is_small():
    entries = [path for path in (ROOT / "diagnostics").iterdir() if path.is_file()]
    assert len(entries) <= 12, sorted(path.name for path in entries)


def test_no_file_is_too_long():
    lengths = {
        str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in sources(ROOT)
    }
    assert {name: length for name, length in lengths.items() if length > 289} == {}


def code_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]


def test_no_function_is_too_long():
    found = [
        f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {code_lines(node)}"
        for file in sources(ROOT)
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and code_lines(node) > 50
    ]
    assert found == []
