"""Does the output have the shape of the targets?"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.losses import Family, family_of, is_own
from diagnostics.rules.model import output_of
from diagnostics.rules.rule import UNFIT_OUTPUT, Rule
from diagnostics.runs.data_facts import Target
from diagnostics.runs.facts import Shape


@dataclass(frozen=True)
class WrongOutputs(Rule):
    """A number of outputs that does not fit the targets.

    Formula: for sparse categorical cross-entropy fewer outputs than classes, or more than ``spare`` times as many; for other
    losses an output whose shape is not that of the targets, so that the comparison broadcasts one against the other; for a loss of
    the user's own, whose wishes are not known, another number of axes, the last of them 1, and predictions that vary by less than
    ``narrow`` of the targets' standard deviation, as stretched ones do.

    Args:
        spare: factor. Two: outputs that no label uses are learned away quickly, and do little harm before.
        narrow: share. A half: predictions that are compared with every target at once end at the targets' mean.
    """

    spare: float = 2.0
    narrow: float = 0.5

    rank: ClassVar[int] = 22
    explains: ClassVar[frozenset[str]] = UNFIT_OUTPUT | {"non_finite", "stopped_early", "learning_rate_too_low"}

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning, info for spare outputs, or clean; not evaluated without output, loss and one target."""
        if shapes := _of_failure(case):
            return self._failed(*shapes, family_of(case.training.loss))
        output, family = output_of(case.architecture), family_of(case.training.loss)
        if output is None or not output.output_shape or len(case.data.targets) != 1 or case.training.loss is None:
            return NotEvaluated(("a record of one output layer, the loss and one target",), (), ALL_FACTS)
        target = case.data.targets[0]
        if is_own(case.training.loss):
            return self._by_hand(case, target, output.output_shape, output.path)
        if family == "sparse":
            return self._by_class(target, output.output_shape[-1] or 0, output.path)
        if family is None or not target.shape or _alike(_plain(target.shape), _plain(output.output_shape)):
            return Finding(self.name, "clean", f"There are {_compared(output.output_shape, target.shape)}.")
        told = _compared(output.output_shape, target.shape)
        return self._found(f"There are {told}, which are stretched against each other", 0.95, output.path)

    def _failed(self, truth: str, predicted: str, family: Family | None) -> Finding:
        """The program stopped at its first loss, whose message names both shapes."""
        found = self._found(f"The loss cannot compare outputs {predicted} with targets {truth}", 1.0, "")
        if family == "sparse":
            do = "The labels look one-hot: use categorical_crossentropy, or y.argmax(axis=-1) as labels."
        elif family == "categorical":
            do = "Use sparse_categorical_crossentropy for labels that are numbers, or one-hot rows (keras.utils.to_categorical)."
        else:
            do = found.do
        means = (
            "Sparse categorical cross-entropy takes one whole number for each example, categorical a row with a single 1, other losses "
            "the shape of the output."
        )
        return replace(found, layers=(), means=means, do=do)

    def _by_class(self, target: Target, units: int, layer: str) -> Finding:
        classes = int(target.maximum or 0) + 1
        told = f"There are {units} outputs for {classes} classes"
        if classes <= units <= self.spare * classes or not target.integer:
            return Finding(self.name, "clean", f"{told}.")
        return self._found(told, 1.0 if units < classes else 0.5, layer)

    def _by_hand(self, case: Case, target: Target, predicted: Shape, layer: str) -> Finding:
        """A loss of the user's own, which need not align shapes as those of Keras do: [n] − [n, 1] is [n, n]."""
        truth, spread = target.shape, case.data.outputs[-1].spread_over_batch if case.data.outputs else None
        single = 1 in (*truth[-1:], *predicted[-1:])
        narrow = spread is not None and target.std is not None and spread < self.narrow * target.std
        if len(truth) == len(predicted) or not truth or not single or not narrow:
            told = (
                f"Nothing shows that shapes ({_axes(truth)}) and ({_axes(predicted)}) are stretched against each other."
            )
            return Finding(self.name, "clean", told)
        found = self._found(
            f"Your loss compares outputs of shape ({_axes(predicted)}) with targets of shape ({_axes(truth)}), and NumPy's rules "
            "stretch one against the other",
            0.9,
            layer,
        )
        return replace(
            found, do="Give both the same shape before they are compared: tf.reshape(truth, tf.shape(predicted))."
        )

    def _found(self, what: str, confidence: float, layer: str) -> Finding:
        return Finding(
            self.name,
            "warning",
            f"{what}.",
            "The loss compares each prediction with the targets of other examples or classes.",
            "Give the output one unit for each class, or one for each number to be predicted, and the targets the same shape.",
            layers=(layer,),
            confidence=confidence,
            remedies=(Remedy("output_units"),),
        )


_FAILURES = (
    re.compile(r"target\.shape=(?P<truth>\(.*?\)), output\.shape=(?P<predicted>\(.*?\))"),
    re.compile(r"logits shape (?P<predicted>\[.*?\]) and labels shape (?P<truth>\[.*?\])"),
    re.compile(r"compile_loss/.*Incompatible shapes: (?P<truth>\[.*?\]) vs\. (?P<predicted>\[.*?\])", re.DOTALL),
)
"""What Keras and TensorFlow say when a loss cannot compare targets and predictions."""


def _of_failure(case: Case) -> tuple[str, str] | None:
    """The shapes of targets and outputs that the exception names which ended the run; ``None`` where it is about something else."""
    error = str(case.metadata.get("error") or "") if case.failure else ""
    found = next((match for pattern in _FAILURES if (match := pattern.search(error))), None)
    return None if found is None else (found["truth"], found["predicted"])


def _plain(shape: Shape) -> Shape:
    """Without the batch and a last axis of 1, which Keras adds or removes as needed."""
    sizes = tuple(shape[1:])
    return sizes[:-1] if sizes and sizes[-1] == 1 else sizes


def _compared(predicted: Shape, truth: Shape) -> str:
    return f"outputs of shape {_text(predicted)} for targets of shape {_text(truth)}"


def _axes(shape: Shape) -> str:
    return ", ".join("batch" if size is None else str(size) for size in shape) + ("," if len(shape) == 1 else "")


def _alike(first: Shape, second: Shape) -> bool:
    if len(first) != len(second):
        return False
    return all(None in pair or pair[0] == pair[1] for pair in zip(first, second, strict=True))


def _text(shape: Shape) -> str:
    return " × ".join("any" if size is None else str(size) for size in shape[1:]) or "one number"
