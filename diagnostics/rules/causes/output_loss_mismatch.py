"""Do output layer and loss fit each other and the targets?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.losses import family_of
from diagnostics.rules.mismatches import CLASSES, HIDDEN, LIKELY, MISMATCHES, Fit, Mismatch
from diagnostics.rules.model import activation_of, output_activation, output_of, output_units
from diagnostics.rules.outcome import ACCURACIES
from diagnostics.rules.rule import UNFIT_OUTPUT, Rule
from diagnostics.runs.facts import Layer
from diagnostics.wording.numerals import short


@dataclass(frozen=True)
class OutputLossMismatch(Rule):
    """An output layer that does not fit the loss, or cannot reach the targets.

    Formula: the output's activation and units against the loss's kind, its ``from_logits``, and the range and type of the
    targets; ``MISMATCHES`` is the list. There is no threshold but that a target counts as out of reach when it lies 5 % of the
    targets' standard deviation beyond it.
    """

    rank: ClassVar[int] = 20
    explains: ClassVar[frozenset[str]] = UNFIT_OUTPUT | {
        "oscillating_loss",
        "vanishing_gradient",
        "dead_units",
        "saturation",
        "update_ratio",
        "weights_do_not_move",
        "non_finite",
        "learning_rate_too_low",
        "learning_rate_too_high",
        "stopped_early",
        "constant_signal",
        "exploding_gradient",
        "wrong_outputs",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning by the most certain mismatch, else clean; not evaluated without output, loss and one target."""
        loss, family = case.training.loss, family_of(case.training.loss)
        if loss is not None and loss.from_logits and family in CLASSES and _are_probabilities(case):
            return self._probabilities(case, loss.class_name or loss.name)
        activation, output = output_activation(case.architecture), output_of(case.architecture)
        if activation is None or output is None or loss is None or family is None or len(case.data.targets) != 1:
            return NotEvaluated(("a record of one output layer, a known loss and one target",), (), ALL_FACTS)
        wants = any(metric in ACCURACIES for metric in case.training.metrics)
        before, units = _before(case.architecture, output), output_units(case.architecture)
        finds = loss.settings.get("finds_logits") is not False
        fit = Fit(activation, before, units, family, bool(loss.from_logits), finds, case.data.targets[0], wants)
        found = next((mismatch for mismatch in MISMATCHES if mismatch.holds(fit)), None)
        if found is None:
            return Finding(self.name, "clean", f"The output ({activation}) fits the loss ({loss.class_name}).")
        return Finding(
            self.name,
            "info" if found.confidence <= HIDDEN else "warning",
            f"{_in_words(found, fit)} (loss: {loss.class_name or loss.name}).",
            "The gradient does not lead to right predictions."
            if found.confidence >= LIKELY
            else "Training works, but less well than it could.",
            found.do,
            layers=(output.path,),
            confidence=found.confidence,
            stands=found.stands,
            remedies=(Remedy("output_and_loss"),),
            reference="Keras documentation, losses: from_logits.",
        )

    def _probabilities(self, case: Case, loss: str) -> Finding:
        output = output_of(case.architecture)
        return Finding(
            self.name,
            "warning",
            f"The loss expects logits, and the outputs are probabilities already: those of each example sum to 1 (loss: {loss}).",
            "A second softmax makes all classes nearly equally likely, and the gradient small.",
            "Remove from_logits=True, or the softmax.",
            layers=() if output is None else (output.path,),
            confidence=LIKELY,
            stands=True,
            remedies=(Remedy("output_and_loss"),),
            reference="Keras documentation, losses: from_logits.",
        )


def _are_probabilities(case: Case) -> bool:
    """Whether all recorded outputs sum to 1, and no softmax is known of whose logits Keras could use instead."""
    sums = [output.rows_sum_to_one for output in case.data.outputs]
    return bool(sums) and all(each is True for each in sums) and output_activation(case.architecture) != "softmax"


def _in_words(found: Mismatch, fit: Fit) -> str:
    low, high = (short(end if end is not None else float("nan")) for end in (fit.target.minimum, fit.target.maximum))
    most = short(np.e / (np.e + (fit.units or 2) - 1))
    return found.what.format(activation=fit.activation, low=low, high=high, units=fit.units, most=most)


def _before(layers: tuple[Layer, ...], output: Layer) -> str:
    """The activation of the one layer whose output the output layer takes as it is; empty where there is none."""
    if output.parameters:  # it does not take it as it is
        return ""
    feeding = [layer for layer in layers if layer.path in output.inbound]
    return activation_of(feeding[0]) if len(feeding) == 1 else ""
