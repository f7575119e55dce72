"""What a rule is, and what it may answer."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from diagnostics.measures.tables import RunLike
from diagnostics.wording import statements

Severity = Literal["critical", "warning", "not_evaluated", "clean"]
SEVERITIES: tuple[Severity, ...] = ("critical", "warning", "not_evaluated", "clean")  # most severe first


@dataclass(frozen=True)
class Finding:
    """What a rule found: data first, three sentences second.

    Args:
        rule: the rule's name.
        severity: critical (training does not do what it should), warning, not_evaluated, or clean.
        what: what was measured: *n of N ...*.
        means: what that means for training.
        do: what to try; empty when there is nothing to do.
        layers: layers that it concerns, by path.
        numbers: the measurements by name; units are in the names' definitions.
    """

    rule: str
    severity: Severity
    what: str
    means: str = ""
    do: str = ""
    layers: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)

    def _repr_html_(self) -> str:
        return statements.statement(self.severity, f"{self.rule.replace('_', ' ')}. {self.what}", (self.means, self.do))

    def __str__(self) -> str:
        """Severity, rule and the sentences in one paragraph."""
        return " ".join(part for part in (f"{self.severity}: {self.rule}: {self.what}", self.means, self.do) if part)


@dataclass(frozen=True)
class NotEvaluated:
    """A rule's answer when a run cannot tell.

    Args:
        missing: what the rule needs and the run does not have.
        available: what the run has instead.
    """

    missing: tuple[str, ...]
    available: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule(ABC):
    """A judgement on a run; derive a frozen dataclass whose fields are thresholds, each with its reason and source.

    The file's name is the rule's name, and snake case of the class. ``needs`` are the statistics that the run must
    have; ``diagnose`` answers for the rule when they are missing.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    remedy: ClassVar[str] = "Record what is missing to enable this check."

    @property
    def name(self) -> str:
        """The class's name in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @abstractmethod
    def judge(self, run: RunLike) -> Finding | NotEvaluated:
        """Judge a run.

        Args:
            run: with at least one reading of every statistic in ``needs``.

        Returns:
            A finding, also when it is clean; NotEvaluated when the run cannot tell.
        """
