"""What a rule may answer: a finding, or what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from diagnostics.wording import statements
from diagnostics.wording.severities import LOUD, Severity

ALL_FACTS = "Record the run again: callback, Trainer and watch write down settings, architecture and data."
"""What to do when a run lacks facts, which older runs do."""


NOTHING = "Nothing to add: the check does not apply to this model."
"""What to do where no probe and no setting could let a rule judge."""


UNJUDGED = "There was nothing, or too little, to judge."
"""What a clean finding means that is no pass: there was no complaint because there was nothing to complain about."""


@dataclass(frozen=True)
class Remedy:
    """A change that may cure what was found, as data.

    Args:
        change: what to change, such as ``"learning_rate"`` or ``"output"``.
        settings: how, such as ``{"factor": 0.1}``.
    """

    change: str
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Evidence:
    """A recorded series that shows what was found.

    Args:
        column: its column.
        table: ``"layers"`` or ``"scalars"``.
    """

    column: str
    table: Literal["layers", "scalars"] = "layers"


@dataclass(frozen=True)
class Finding:
    """The answer of a rule: measurements, and three sentences about them.

    Args:
        rule: the rule's name.
        severity: error, warning, info (an oddity without a bad outcome), not_evaluated, or clean.
        what: what was measured: *n of N ...*.
        means: what that means for training.
        do: what to try; empty when there is nothing to do.
        layers: paths of the layers concerned.
        numbers: the measurements by name.
        steps: the first and the last step concerned; empty if the finding concerns the whole run.
        value: the measurement that decided.
        threshold: what it was compared with.
        confidence: how sure it is that this is a fault if training has a bad outcome, 0 to 1.
        evidence: the series to look at.
        remedies: ``do`` as data.
        reference: where the reasoning comes from.
        explains: rules whose findings this one explains, besides those that its rule names.
        stands: whether it counts whatever the outcome looks like, because the outcome itself is measured by what is wrong.
        explained_by: the rule whose finding explains this one; empty if none does.
        if_harmless: what to say instead of ``what`` where training has a good outcome all the same; empty: the same.
    """

    rule: str
    severity: Severity
    what: str
    means: str = ""
    do: str = ""
    layers: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    steps: tuple[int, ...] = ()
    value: float | None = None
    threshold: float | None = None
    confidence: float = 1.0
    evidence: tuple[Evidence, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    reference: str = ""
    explains: tuple[str, ...] = ()
    stands: bool = False
    explained_by: str = ""
    if_harmless: str = ""

    def as_oddity(self, means: str) -> Finding:
        """The same as info: an oddity that did no harm, or none that can be seen.

        Args:
            means: what its sentence on what it means for training becomes.
        """
        return replace(self, severity="info", what=self.if_harmless or self.what, means=means)

    @property
    def is_loud(self) -> bool:
        """Whether it asks for something to be done."""
        return self.severity in LOUD

    @property
    def is_unjudged(self) -> bool:
        """Whether it makes no complaint only because there was nothing, or too little, to judge."""
        return self.severity == "clean" and self.means == UNJUDGED

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
        do: the line that would record it.
    """

    missing: tuple[str, ...]
    available: tuple[str, ...] = ()
    do: str = ""
