"""A case of the benchmark: one small training and what is wrong with it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tests.benchmarks.judgement.outcome import Outcome

Kind = Literal["ill", "healthy"]
Train = Callable[[Path], Outcome]


@dataclass(frozen=True)
class Case:
    """One training.

    Args:
        name: unique within its file.
        train: trains a new model, writes the run into the given folder, and returns how well the model has learned.
        causes: names in `causes.CAUSES` that a diagnosis may put first; more than one where they are equally right. The
            first is the one that the case counts for. None: the training is healthy.
        twin: for an ill case, the healthy case that it would be without its fault, as ``family/name``.
        family: the file that holds the case; filled in when the case is found.
    """

    name: str
    train: Train
    causes: tuple[str, ...] = ()
    twin: str = ""
    family: str = ""

    @property
    def full_name(self) -> str:
        """``family/name``, which is also where its run is stored."""
        return f"{self.family}/{self.name}"

    @property
    def kind(self) -> Kind:
        """Whether anything is wrong."""
        return "ill" if self.causes else "healthy"

    @property
    def cause(self) -> str:
        """The cause that an ill case counts for."""
        return self.causes[0] if self.causes else "healthy"


def ill(*causes: str, twin: str) -> Callable[[Train], Case]:
    """Decorate a function that trains with a fault."""
    return lambda train: Case(train.__name__, train, causes, twin)  # pyright: ignore[reportAttributeAccessIssue]


def healthy(train: Train) -> Case:
    """Decorate a function that trains as it should."""
    return Case(train.__name__, train)  # pyright: ignore[reportAttributeAccessIssue]


def all_cases() -> dict[str, Case]:
    """Every case in the folder ``cases``, by full name.

    Raises:
        ValueError: two cases of one file have the same name.
    """
    found = list(_walk())
    names = [case.full_name for case in found]
    if len(set(names)) < len(names):
        raise ValueError(f"cases of the same name: {sorted({name for name in names if names.count(name) > 1})}")
    return dict(zip(names, found, strict=True))


def _walk() -> Iterator[Case]:
    package = importlib.import_module("tests.benchmarks.judgement.cases")
    for file in sorted(pkgutil.iter_modules(package.__path__), key=lambda each: each.name):
        module = importlib.import_module(f"{package.__name__}.{file.name}")
        for value in vars(module).values():
            for case in value if isinstance(value, list) else [value]:
                if isinstance(case, Case):
                    yield Case(case.name, case.train, case.causes, case.twin, file.name)
