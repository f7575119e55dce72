"""The base class of rules, and the answers that a rule may give."""

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
    """The result of a rule: measurements, and three sentences about them.

    Args:
        rule: the rule's name.
        severity: critical (training does not do what it should), warning, not_evaluated, or clean.
        what: what was measured: *n of N ...*.
        means: what that means for training.
        do: what to try; empty when there is nothing to do.
        layers: paths of the layers concerned.
        numbers: the measurements by name.
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
    """A rule's answer when a run lacks the data.

    Args:
        missing: what the rule needs and the run lacks.
        available: what the run has instead.
    """

    missing: tuple[str, ...]
    available: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule(ABC):
    """A check of one run. Derive a frozen dataclass whose fields are thresholds, each with its reason and source.

    The rule's name is the class's name in snake case, and the name of its file. ``needs`` lists the statistics that the
    run must have; if one is missing, ``diagnose`` reports it without asking the rule.
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
            A finding (a clean one where there is no complaint), or NotEvaluated when the run lacks the data.
        """
