"""The scenario's part of ``run.json``: all that is needed to judge and plot its runs without the scenario's code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from diagnostics.runs.figure_kinds import check_figure
from diagnostics.runs.plan_checks import check_arms, check_claim
from diagnostics.runs.typed import from_record


@dataclass(frozen=True)
class ArmPlan:
    """One training configuration; fields as in ``scenarios.scenario.Arm``."""

    name: str
    label: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    theory: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class PartPlan:
    """An effect to measure; fields as in ``scenarios.scenario.Part``."""

    label: str
    measure: str
    parameters: Mapping[str, Any]
    treated: str
    control: str | None
    scale: Literal["difference", "log10_ratio"]
    expects: Literal["greater", "less", "equal"]
    threshold: float
    margin: float | None
    unit: str
    method: Literal["t", "sign_flip", "median", "counts", "share", "exists", "never", "check"] = "t"
    chosen_by: str = "loss"
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClaimPlan:
    """A statement with its effects; fields as in ``scenarios.scenario.Claim``."""

    name: str
    statement: str
    parts: tuple[PartPlan, ...]
    threshold: str
    outcomes: Mapping[str, str]
    negated: bool = False
    quantifier: Literal["all", "any"] = "all"
    requires: str = ""


@dataclass(frozen=True)
class FigurePlan:
    """A figure in the report; fields as in ``scenarios.scenario.Figure``."""

    kind: str
    caption: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class AnswerPlan:
    """A sentence of the answer and the verdicts that it requires; fields as in ``scenarios.scenario.Answer``."""

    text: str
    when: Mapping[str, str]


@dataclass(frozen=True)
class DataFacts:
    """Properties of the data that verdicts and theory use.

    Attributes:
        name: the data set.
        classes: number of classes; 0 for regression.
        train: number of training examples; in the arm with the most, where arms differ.
        test: number of test examples.
        inputs: number of values in one example.
        second_moment: mean of x² over the training examples.
    """

    name: str
    classes: int
    train: int
    test: int = 0
    inputs: int = 0
    second_moment: float = 0.0


@dataclass(frozen=True)
class _Required:
    """The fields of every scenario's configuration that the report reads."""

    epochs: int
    batch_size: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A scenario as data.

    Attributes:
        command: the command line.
        scenario: the scenario's name.
        question: the question that the report answers.
        scope: what was varied, and how far the answer may be generalised.
        objection: the strongest remaining objection to the answer.
        about: the mechanism, with references.
        config: the scenario's fields and their values.
        source: hash of the scenario's file, by which a page that is older than its scenario is recognised.
        seeds: the replicates that every arm is trained with.
        arms: the arms by name, the control first.
        claims: the statements to judge.
        figures: the figures in the report.
        answers: candidate sentences for the answer, with their conditions.
        data: facts about the data.
    """

    command: str = ""
    scenario: str = ""
    question: str
    scope: str = ""
    objection: str = ""
    about: str = ""
    config: Mapping[str, Any]
    source: str = ""
    seeds: tuple[int, ...]
    arms: Mapping[str, ArmPlan]
    claims: tuple[ClaimPlan, ...]
    figures: tuple[FigurePlan, ...]
    answers: tuple[AnswerPlan, ...]
    data: DataFacts

    @classmethod
    def of(cls, record: Mapping[str, Any], where: str) -> Plan:
        """Read a plan from a record.

        Args:
            record: the content of ``run.json``, or the same made from a scenario.
            where: the record's source, named in errors.

        Raises:
            UsageError: a required field is missing or has the wrong type, a claim cannot be judged or told as it is written, or
                a figure's kind or parameters are wrong.
        """
        plan = from_record(cls, record, where)
        from_record(_Required, plan.config, f"{where}: config")
        check_arms({name: arm.label for name, arm in plan.arms.items()}, f"{where}: arms")
        for number, claim in enumerate(plan.claims):
            check_claim(claim, plan.data.classes, f"{where}: claims[{number}]")
        for number, figure in enumerate(plan.figures):
            check_figure(figure.kind, figure.parameters, f"{where}: figures[{number}]")
        return plan

    def record(self) -> dict[str, Any]:
        """The plan as stored in ``run.json``; ``Plan.of`` reads it back."""
        return asdict(self)
