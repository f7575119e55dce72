"""What a scenario is made of: data, model, arms, and the claims that it puts to the test."""

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
    """One way of training that is compared with others.

    Args:
        name: for folders and the command line: lower case, digits, ``.`` and ``-``.
        label: for figures.
        settings: what the scenario's ``model`` and ``optimizer`` are to do.
        theory: what theory needs to know of the arm, see ``diagnostics.pages.against_theory``; empty where there is none.
    """

    name: str
    label: str
    settings: Mapping[str, Any]
    theory: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Part:
    """One effect that is measured at every seed and judged.

    Args:
        label: for people, such as ``"ReLU"``.
        measure: name of a measure in ``diagnostics.measures``.
        parameters: its parameters.
        treated: the arm in which the effect is looked for.
        control: the arm with which it is compared seed by seed; ``None`` judges the arm's own value.
        scale: ``difference`` of the two values, or of their logarithms to base 10 (``log10_ratio``).
        expects: ``greater``, ``less`` or ``equal``, as the statement has it.
        threshold: what the effect is held against, in ``unit``.
        margin: for ``equal``, the largest difference that does not matter.
        unit: of the effect.
        exact: the statement admits no chance: one counterexample refutes it.
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
    """A statement, the effects that decide it, and what each outcome means in words.

    Args:
        name: for the command line and JSON.
        statement: what is put to the test, one sentence.
        parts: the effects; the statement's word is combined from theirs.
        threshold: why the parts are held against what they are held against, one sentence.
        negated: the statement says that something differs, and its parts expect ``equal``: their words are turned round.
        outcomes: the measured sentence by verdict word. ``{supported}``, ``{refuted}`` and ``{inconclusive}`` stand for the
            labels of such parts, ``{low}``, ``{high}`` for the smallest and largest effect, ``{seeds}`` for the seeds.
    """

    name: str
    statement: str
    parts: tuple[Part, ...]
    threshold: str
    outcomes: Mapping[str, str]
    negated: bool = False


@dataclass(frozen=True)
class Answer:
    """A sentence of the answer at the top of the report, told only when the verdicts bear it out.

    Args:
        text: the sentence.
        when: by the name of a claim the word that it must have come to, or several joined by ``|``.
    """

    text: str
    when: Mapping[str, str]


@dataclass(frozen=True)
class Figure:
    """A figure that the report is to show, by the kind of its evidence.

    Args:
        kind: name of a function in ``diagnostics.figures``; ``diagnostics.runs.figure_kinds`` lists what each one takes.
        caption: how to read it and what to see.
        parameters: what to show, such as ``column`` and ``layers``.
    """

    kind: str
    caption: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scenario(abc.ABC):
    """An experiment that puts statements to the test. Its fields are its knobs; a subclass is one file.

    Args:
        seeds: replicates of every arm, all with the same seeds.
        epochs: passes over the training data.
        batch_size: examples in a step.
        data: name of the data set, see ``scenarios.data``.
    """

    seeds: int = 5
    epochs: int = 10
    batch_size: int = 32
    data: str = "digits"

    question: ClassVar[str]
    """What the report answers, as a question."""
    objection: ClassVar[str]
    """What a sceptic could still object to the answer, whatever it is."""
    less: ClassVar[Mapping[str, Any]] = {}
    """Knobs of a quick run, where fewer seeds and epochs are not enough, or a fifth of the epochs is too few."""
    datasets: ClassVar[tuple[str, ...]] = ("digits", "fashion_mnist", "mnist")
    """The data sets that the scenario can use; the first is the default."""

    evaluates_train_again: ClassVar[bool] = False
    """Whether the training set is evaluated at every epoch's end, too, in training mode and in inference mode."""

    @property
    def name(self) -> str:
        """The file's name: the word for the command line."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def about(self) -> str:
        """What the file's docstring tells of mechanism and papers."""
        return sys.modules[type(self).__module__].__doc__ or ""

    @abc.abstractmethod
    def arms(self) -> tuple[Arm, ...]:
        """The arms, the control first."""

    @abc.abstractmethod
    def model(self, arm: Arm, data: Data) -> keras.Model:
        """A fresh model, whose draws come from Keras or NumPy; called right after their generators were seeded."""

    @abc.abstractmethod
    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """A fresh optimizer."""

    @abc.abstractmethod
    def claims(self) -> tuple[Claim, ...]:
        """The statements."""

    @abc.abstractmethod
    def probes(self) -> tuple[Probe, ...]:
        """What is measured."""

    @abc.abstractmethod
    def figures(self) -> tuple[Figure, ...]:
        """What the report shows."""

    @abc.abstractmethod
    def answers(self) -> tuple[Answer, ...]:
        """The answer to the question: of these sentences those are told, in this order, that the verdicts bear out."""

    def prepare(self, arm: Arm, data: Data) -> Data:
        """The data as this arm sees them; the same for all arms unless a scenario compares preparations."""
        del arm
        return data

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """What else is to be known of a trained model, by name, for the measure ``recorded``; nothing by default."""
        del arm, model, data
        return {}

    def loss(self) -> keras.losses.Loss:
        """The loss: cross-entropy on logits unless a scenario says otherwise."""
        return keras.losses.SparseCategoricalCrossentropy(from_logits=True)

    def metrics(self) -> Sequence[keras.metrics.Metric]:
        """Metrics beside the loss."""
        return (keras.metrics.SparseCategoricalAccuracy(name="accuracy"),)

    def loss_of(self, arm: Arm) -> keras.losses.Loss:
        """The loss of one arm; arms that differ in it must differ in their models, by a layer's name at least."""
        del arm
        return self.loss()

    def metrics_of(self, arm: Arm) -> Sequence[keras.metrics.Metric]:
        """The metrics of one arm, under the same condition."""
        del arm
        return self.metrics()

    def quick(self) -> Scenario:
        """The same with less of everything, for a first look in seconds."""
        shorter = {"seeds": min(self.seeds, 2), "epochs": max(1, self.epochs // 5)}
        return replace(self, **{**shorter, **self.less})
