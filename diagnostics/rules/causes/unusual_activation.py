"""Do hidden layers have an activation that is made for something else?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.model import LINEAR_MAPS, activation_of, hidden
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.runs.facts import Layer

CELLS = ("LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell")


@dataclass(frozen=True)
class UnusualActivation(Rule):
    """A softmax between hidden layers, or a recurrent layer whose activation is not centred at 0 or has no bound.

    Formula: a dense or convolutional layer that is no output has the activation softmax, or a recurrent one has softmax, sigmoid,
    ReLU or none. There is no threshold. It is told as a fault only if training has a bad outcome, as small nets learn with either.
    """

    rank: ClassVar[int] = 43
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "diverging_loss",
        "non_finite",
        "exploding_gradient",
        "vanishing_gradient",
        "saturation",
        "dead_units",
        "constant_signal",
        "update_ratio",
        "learning_rate_too_low",
        "stopped_early",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the architecture."""
        if not case.architecture:
            return NotEvaluated(("a record of the architecture",), (), ALL_FACTS)
        softmax = [one for one in hidden(case.architecture) if _is_inner_softmax(one)]
        recurrent = [one for one in case.architecture if one.class_name in CELLS and _suits_no_sequence(one)]
        if softmax:
            return self._found(
                softmax,
                f"The hidden layer {softmax[0].path} has the activation softmax.",
                "Its outputs sum to 1, so that each unit can only say how it compares with the others, and little gradient passes.",
                "Use ReLU or tanh in hidden layers, and softmax at the output only.",
                "relu",
            )
        if recurrent:
            return self._found(
                recurrent,
                f"The recurrent layer {recurrent[0].path} has the activation {activation_of(recurrent[0])}.",
                "Its state is fed back at every step of the sequence; without the bounds of tanh and its centre at 0 it drifts, "
                "saturates or explodes.",
                "Leave out activation=, so that it is tanh.",
                "tanh",
            )
        return Finding(self.name, "clean", "The activations of hidden layers are usual ones.")

    def _found(self, layers: list[Layer], what: str, means: str, do: str, instead: str) -> Finding:
        return Finding(
            self.name,
            "warning",
            what,
            means,
            do,
            layers=tuple(one.path for one in layers),
            confidence=0.85,
            remedies=(Remedy("activation", {"activation": instead}),),
            reference="Goodfellow, Bengio and Courville 2016, Deep learning, sections 6.3 and 10.2.",
        )


def _is_inner_softmax(layer: Layer) -> bool:
    return layer.class_name in LINEAR_MAPS and layer.activation == "softmax" and (layer.units or 2) > 1


def _suits_no_sequence(layer: Layer) -> bool:
    return layer.activation in ("softmax", "sigmoid", "relu", "linear")
