"""The parts of a scenario: data, model, arms, and the claims that it tests."""

from __future__ import annotations

import abc
import inspect
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import keras

from probes.probe import Probe
from scenarios.data import Data
from scenarios.shared.source import source_of

LAST_LOOK = 24
"""Replicates of a thorough run: the last number at which claims are judged."""


@dataclass(frozen=True)
class Arm:
    """One training configuration, to be compared with others.

    Args:
        name: name for folders and the command line: lower case, digits, ``.`` and ``-``.
        label: label in figures.
        settings: values that the scenario's ``model`` and ``optimizer`` read.
        theory: inputs to the theory, see ``diagnostics.pages.against_theory``; empty if there is no theory for the arm.
    """

    name: str
    label: str
    settings: Mapping[str, Any]
    theory: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One effect, measured at each replicate and judged.

    Args:
        label: label in text and tables, such as ``"ReLU"``.
        measure: name of a measure in ``diagnostics.measures``.
        parameters: the measure's parameters.
        treated: the arm in which the effect is measured. A pattern such as ``"he-*"`` is a sweep: at each replicate, the arm
            that did best on the validation part.
        control: the arm or sweep that it is compared with, replicate by replicate; ``None`` judges the arm's own value.
        beside: a second pair of treated arm and control, whose difference is subtracted: an interaction, such as whether dropout
            costs more in one task than in another.
        scale: ``difference`` of the two values, or of their logarithms to base 10 (``log10_ratio``).
        expects: the direction that the statement predicts: ``greater``, ``less`` or ``equal``.
        threshold: the value that the effect is compared with, in ``unit``.
        margin: for ``equal``, the largest negligible difference.
        unit: unit of the effect.
        method: how the effects are judged; chosen before the result, from what is measured.

            * ``t``: a mean that is roughly normal, its spread pooled over the claim's parts that measure the same.
            * ``sign_flip``: skewed, tied or bounded differences of two arms.
            * ``median``: skewed values without a control; also used where an effect is infinite or a training failed.
            * ``counts``: events per run; with a control, the ratio of the two arms' counts, compared with ``threshold``.
            * ``share``: a number that is 0 or 1; the share of runs.
            * ``exists``: one run with a value above ``threshold`` is enough.
            * ``never``: one run with a value other than 0 refutes it; otherwise ``threshold`` is the largest share of runs that
              the statement may miss.
            * ``check``: holds by construction, a check of the instrument: exact at every replicate.
        chosen_by: the column whose final validation value chooses the best arm of a sweep.
    """

    label: str
    measure: str
    parameters: Mapping[str, Any]
    treated: str
    control: str | None = None
    scale: Literal["difference", "log10_ratio"] = "difference"
    expects: Literal["greater", "less", "equal"] = "greater"
    threshold: float = 0.0
    margin: float | None = None
    unit: str = ""
    method: Literal["t", "sign_flip", "median", "counts", "share", "exists", "never", "check"] = "t"
    chosen_by: str = "loss"
    beside: tuple[str, ...] = ()


@dataclass(frozen=True)
class Claim:
    """A statement, the effects that decide it, and a sentence for each outcome.

    Args:
        name: name on the command line and in JSON.
        statement: the sentence that is tested.
        parts: the effects; their verdicts are combined into the statement's.
        threshold: one sentence that justifies the parts' thresholds.
        negated: the statement says that something differs while its parts test ``equal``; their verdicts are reversed.
        outcomes: the sentence for each verdict word. ``{supported}``, ``{refuted}`` and ``{open}`` list the labels of those parts,
            ``{low}`` and ``{high}`` are the smallest and largest effect, ``{seeds}`` is the number of replicates. The bounds of
            open parts are added to it.
        quantifier: ``all``: the statement says that every part holds; ``any``: that some part does.
        requires: the name of another claim, the positive control; this one stays open unless that one is supported.
    """

    name: str
    statement: str
    parts: tuple[Part, ...]
    threshold: str
    outcomes: Mapping[str, str]
    negated: bool = False
    quantifier: Literal["all", "any"] = "all"
    requires: str = ""


@dataclass(frozen=True)
class Answer:
    """A sentence of the answer at the top of the report, shown only if the verdicts match its conditions.

    Args:
        text: the sentence. ``{claim.supported}``, ``{claim.refuted}`` and ``{claim.open}`` list the labels of a claim's parts,
            ``{claim.size}``, ``{claim.points}`` and ``{claim.percent}`` its effects without sign, the last two in hundredths.
        when: the required verdict word by claim name; alternatives are joined by ``|``.
    """

    text: str
    when: Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """A figure in the report.

    Args:
        kind: name of a function in ``diagnostics.figures``; ``diagnostics.runs.figure_kinds`` lists its parameters.
        caption: how to read it and what it shows.
        parameters: the data to show, such as ``column`` and ``layers``.
    """

    kind: str
    caption: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scenario(abc.ABC):
    """An experiment that tests claims. Its fields are its options; each subclass is one file.

    Args:
        seeds: number of replicates of each arm, a look (6, 10, 16 or 24); all arms share them.
        epochs: passes over the training data.
        batch_size: examples per step.
        data: name of the data set, see ``scenarios.data``.
    """

    seeds: int = 6
    epochs: int = 10
    batch_size: int = 32
    data: str = "digits"

    question: ClassVar[str]
    """The question that the report answers."""
    scope: ClassVar[str]
    """What was varied from replicate to replicate and from arm to arm, and how far the answer may be generalised."""
    objection: ClassVar[str]
    """The strongest remaining objection to the answer, whatever the answer is."""
    less: ClassVar[Mapping[str, Any]] = {}
    """Field values for a quick run that override its defaults (at most 2 replicates, a fifth of the epochs)."""
    more: ClassVar[Mapping[str, Any]] = {}
    """Field values for a thorough run that override its defaults, such as a second data set or network."""
    datasets: ClassVar[tuple[str, ...]] = ("digits", "fashion_mnist", "mnist")
    """The data sets that the scenario can use; the first is the default."""

    evaluates_train_again: ClassVar[bool] = False
    """Whether the training set is also evaluated after each epoch, in training mode and in inference mode."""

    tests_each_epoch: ClassVar[bool] = False
    """Whether the test part is evaluated after each epoch and not only after the last one."""

    @property
    def name(self) -> str:
        """The file's name, which is the scenario's name on the command line."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def about(self) -> str:
        """The file's docstring, which describes the mechanism and cites papers."""
        return sys.modules[type(self).__module__].__doc__ or ""

    @property
    def source(self) -> str:
        """Hash of the scenario's file and what it imports: results are older than their scenario when it differs."""
        return source_of(Path(inspect.getfile(type(self))))

    @abc.abstractmethod
    def arms(self) -> tuple[Arm, ...]:
        """The arms, the control first."""

    @abc.abstractmethod
    def model(self, arm: Arm, data: Data) -> keras.Model:
        """A new model, drawing from Keras or NumPy only; called right after their generators are seeded."""

    @abc.abstractmethod
    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """A new optimizer."""

    @abc.abstractmethod
    def claims(self) -> tuple[Claim, ...]:
        """The claims to test."""

    @abc.abstractmethod
    def probes(self) -> tuple[Probe, ...]:
        """The probes that measure the training."""

    @abc.abstractmethod
    def figures(self) -> tuple[Figure, ...]:
        """The figures in the report."""

    @abc.abstractmethod
    def answers(self) -> tuple[Answer, ...]:
        """Candidate sentences of the answer; the report shows, in this order, those whose conditions the verdicts meet."""

    def epochs_of(self, arm: Arm) -> int:
        """Passes over the training data in one arm; the same in all unless a scenario says otherwise."""
        del arm
        return self.epochs

    def prepare(self, arm: Arm, data: Data) -> Data:
        """The data for this arm; the same for all arms unless a scenario compares preparations."""
        del arm
        return data

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Additional numbers from a trained model, by name, for the measure ``recorded``; none by default."""
        del arm, model, data
        return {}

    def loss(self) -> keras.losses.Loss:
        """The loss: cross-entropy on logits unless a scenario says otherwise."""
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def metrics(self) -> Sequence[keras.metrics.Metric]:
        """Metrics in addition to the loss."""
        return (keras.metrics.SparseCategoricalAccuracy(name="accuracy"),)

    def loss_of(self, arm: Arm) -> keras.losses.Loss:
        """The loss of one arm; arms with different losses need different models, if only in a layer's name."""
        del arm
        return self.loss()

    def metrics_of(self, arm: Arm) -> Sequence[keras.metrics.Metric]:
        """The metrics of one arm; the same condition applies."""
        del arm
        return self.metrics()

    def thorough(self) -> Scenario:
        """The same with replicates up to the last look, after which no verdict can change any more, and what ``more`` adds."""
        return replace(self, **{"seeds": LAST_LOOK, **self.more})

    def quick(self) -> Scenario:
        """A smaller version for a first look in seconds, with fewer replicates and epochs."""
        shorter = {"seeds": min(self.seeds, 2), "epochs": max(1, self.epochs // 5)}
        return replace(self, **{**shorter, **self.less})
