"""Where the benchmark's runs lie, and what is noted beside each: training and judging are separate steps."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.judgement.case import Case
from tests.benchmarks.judgement.outcome import Outcome

HERE = Path(__file__).parent
SHARED = ("data.py", "nets.py", "odd_programs.py", "outcome.py", "programs.py", "sequences.py")


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
    """A hash of the file that holds the case and of what the cases share."""
    file = sys.modules[f"{__package__}.cases.{case.family}"].__file__
    content = b"".join(path.read_bytes() for path in [Path(str(file)), *(HERE / name for name in SHARED)])
    return hashlib.sha256(content).hexdigest()[:16]


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
