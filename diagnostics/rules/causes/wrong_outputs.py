"""Does the output have the shape of the targets?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.losses import family_of, is_own
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
        return self._found(
            f"Your loss compares outputs of shape ({_axes(predicted)}) with targets of shape ({_axes(truth)}), and NumPy's rules "
            "stretch one against the other",
            0.9,
            layer,
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
