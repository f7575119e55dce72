"""The base class of rules."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Finding, NotEvaluated

LEARNS_LITTLE = frozenset({"no_learning", "stuck_loss", "slow_loss", "constant_predictions"})
"""The symptoms of a model that learns little or nothing."""
UNFIT_OUTPUT = LEARNS_LITTLE | {"diverging_loss", "contradicting_metric", "ended"}
"""The symptoms of labels, outputs and a loss that do not fit each other."""


@dataclass(frozen=True)
class Rule(ABC):
    """A check of one run. Derive a frozen dataclass whose fields are thresholds, each with its reason and source.

    The rule's name is the class's name in snake case, and the name of its file. ``needs`` lists the statistics that the
    run must have; if one is missing, ``diagnose`` reports it without asking the rule.
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    """Columns of ``layers``."""
    remedy: ClassVar[str] = ""
    """The line that records what the rule needs."""
    is_symptom: ClassVar[bool] = False
    """Whether the rule judges what training came to, and not why."""
    explains: ClassVar[frozenset[str]] = frozenset()
    """For a cause: the rules whose findings it can explain, symptoms and later causes."""
    rank: ClassVar[int] = 50
    """For a cause: where in a training it comes in, data (10), loss and output (20), scale (30), model (40), rate (50),
    signal (60), regularisation and batches (70), order (80), predictions (90). Earlier ones come first."""

    @property
    def name(self) -> str:
        """The class's name in snake case."""
        return re.sub(r"(?<!^)(?=[A-Z])", "_", type(self).__name__).lower()

    @abstractmethod
    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Judge a run.

        Args:
            case: the run, with at least one reading of every statistic in ``needs``.

        Returns:
            A finding (a clean one where there is no complaint), or NotEvaluated when the run lacks the data.
        """
