"""Where the benchmark's runs lie, and what is noted beside each: training and judging are separate steps."""

from __future__ import annotations

import ast
import functools
import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.judgement.case import Case
from tests.benchmarks.judgement.outcome import Outcome

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Trained:
    """What came of training a case.

    Args:
        outcome: how well the model has learned; ``None`` where training or its check raised.
        error: the exception that ended it.
        seconds: how long the case took.
        program: a hash of the code that made it; another one means that the case is to be trained again.
    """

    outcome: Outcome | None
    error: str
    seconds: float
    program: str


def program_of(case: Case) -> str:
    """A hash of the file that holds the case and of the files in this folder that it is made with."""
    sources = sorted(_sources(HERE / "cases" / f"{case.family}.py"))
    return hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]


@functools.cache
def _sources(file: Path) -> frozenset[Path]:
    """The file, and what it imports of this folder, directly or not; the frame of every case is left out."""
    found = {file}
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{__package__}."):
            name = str(node.module).removeprefix(f"{__package__}.")
            found |= _sources(HERE / f"{name}.py") if name != "case" else set()
    return frozenset(found)


def folder_of(case: Case, out: Path) -> Path:
    """The run's folder."""
    return out / "runs" / case.family / case.name


def note_of(case: Case, out: Path) -> Path:
    """The file beside the run's folder that says what came of it."""
    return out / "runs" / case.family / f"{case.name}.json"


def write(case: Case, out: Path, trained: Trained) -> None:
    """Note what came of training."""
    note_of(case, out).write_text(json.dumps(asdict(trained), indent=1), encoding="utf-8")


def read(case: Case, out: Path) -> Trained | None:
    """What came of training; ``None`` if it was not trained."""
    file = note_of(case, out)
    if not file.exists():
        return None
    noted: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    outcome = Outcome(**noted.pop("outcome")) if noted["outcome"] else None
    return Trained(outcome=outcome, **{name: value for name, value in noted.items() if name != "outcome"})
