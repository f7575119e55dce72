"""The parts of a scenario: data, model, arms, and the claims that it tests."""

from __future__ import annotations

import abc
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal

import keras

from probes.probe import Probe
from scenarios.data import Data


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
    """One effect, measured at each seed and judged.

    Args:
        label: label in text and tables, such as ``"ReLU"``.
        measure: name of a measure in ``diagnostics.measures``.
        parameters: the measure's parameters.
        treated: the arm in which the effect is measured.
        control: the arm it is compared with, seed by seed; ``None`` judges the arm's own value.
        scale: ``difference`` of the two values, or of their logarithms to base 10 (``log10_ratio``).
        expects: the direction that the statement predicts: ``greater``, ``less`` or ``equal``.
        threshold: the value that the effect is compared with, in ``unit``.
        margin: for ``equal``, the largest negligible difference.
        unit: unit of the effect.
        exact: the statement is deterministic: one counterexample refutes it.
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
    exact: bool = False


@dataclass(frozen=True)
class Claim:
    """A statement, the effects that decide it, and a sentence for each outcome.

    Args:
        name: name on the command line and in JSON.
        statement: the sentence that is tested.
        parts: the effects; their verdicts are combined into the statement's.
        threshold: one sentence that justifies the parts' thresholds.
        negated: the statement says that something differs while its parts test ``equal``; their verdicts are reversed.
        outcomes: the sentence for each verdict word. ``{supported}``, ``{refuted}`` and ``{inconclusive}`` list the labels of
            those parts, ``{low}`` and ``{high}`` are the smallest and largest effect, ``{seeds}`` is the number of seeds.
    """

    name: str
    statement: str
    parts: tuple[Part, ...]
    threshold: str
    outcomes: Mapping[str, str]
    negated: bool = False


@dataclass(frozen=True)
class Answer:
    """A sentence of the answer at the top of the report, shown only if the verdicts match its conditions.

    Args:
        text: the sentence.
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
        seeds: number of replicates of each arm; all arms use the same seeds.
        epochs: passes over the training data.
        batch_size: examples per step.
        data: name of the data set, see ``scenarios.data``.
    """

    seeds: int = 5
    epochs: int = 10
    batch_size: int = 32
    data: str = "digits"

    question: ClassVar[str]
    """The question that the report answers."""
    objection: ClassVar[str]
    """The strongest remaining objection to the answer, whatever the answer is."""
    less: ClassVar[Mapping[str, Any]] = {}
    """Field values for a quick run that override its defaults (at most 2 seeds, a fifth of the epochs)."""
    datasets: ClassVar[tuple[str, ...]] = ("digits", "fashion_mnist", "mnist")
    """The data sets that the scenario can use; the first is the default."""

    evaluates_train_again: ClassVar[bool] = False
    """Whether the training set is also evaluated after each epoch, in training mode and in inference mode."""

    @property
    def name(self) -> str:
        """The file's name, which is the scenario's name on the command line."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def about(self) -> str:
        """The file's docstring, which describes the mechanism and cites papers."""
        return sys.modules[type(self).__module__].__doc__ or ""

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

    def quick(self) -> Scenario:
        """A smaller version for a first look in seconds, with fewer seeds and epochs."""
        shorter = {"seeds": min(self.seeds, 2), "epochs": max(1, self.epochs // 5)}
        return replace(self, **{**shorter, **self.less})
