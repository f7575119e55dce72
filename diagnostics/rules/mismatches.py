"""Ways in which an output layer does not fit its loss or its targets, from the most certain to the least."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from diagnostics.rules.losses import Family
from diagnostics.runs.data_facts import Target

BOUNDED = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
FROM_BELOW = {"relu": 0.0, "relu6": 0.0, "softplus": 0.0, "exponential": 0.0, "elu": -1.0, "selu": -1.7581}
MOST_CLASSES = 100
"""Whole numbers with more values than this are counts or measurements, and no classes."""
UNEVEN = 3.0
"""How many times its even share a class may have."""
CLASSES = ("categorical", "sparse", "binary")
LINEAR = ("linear", "leaky_relu", "prelu")
CERTAIN, LIKELY, SLOWS, ODD, HIDDEN = 1.0, 0.95, 0.9, 0.7, 0.3
"""How sure a mismatch is to harm. Those that slow training down are harmless to one that is long enough. Keras undoes the hidden
ones: its losses find the logits behind a softmax or sigmoid."""


@dataclass(frozen=True)
class Fit:
    """What is compared: the output's activation and that of the layer before it, its units, the loss's family, and the targets.

    ``finds_logits`` tells a loss of Keras from TensorFlow's own functions, which take what they are given.
    """

    activation: str
    before: str
    units: int | None
    family: Family
    from_logits: bool
    finds_logits: bool
    target: Target
    wants_accuracy: bool


@dataclass(frozen=True)
class Mismatch:
    """One way in which they do not fit.

    Args:
        holds: whether it is there.
        what: in words; ``{activation}``, ``{low}`` and ``{high}`` are filled in.
        do: what to change.
        confidence: how sure it is to harm.
        stands: whether it is a warning however far the loss fell, because no loss of such a model says how good it could be.
    """

    holds: Callable[[Fit], bool]
    what: str
    do: str
    confidence: float
    stands: bool = False


def _is_class_loss(fit: Fit) -> bool:
    return fit.family in CLASSES


def _takes_probabilities(fit: Fit) -> bool:
    """Whether the output is a softmax or sigmoid, and the loss applies another one."""
    return _is_class_loss(fit) and fit.from_logits and fit.activation in ("softmax", "sigmoid")


def _is_multiclass(fit: Fit) -> bool:
    return fit.family in ("categorical", "sparse")


def _outside(fit: Fit) -> bool:
    """Whether targets of a regression lie where the activation cannot reach."""
    low, high, target = _reach(fit.activation), _top(fit.activation), fit.target
    if fit.family != "regression" or target.minimum is None or target.maximum is None:
        return False
    slack = 0.05 * (target.std or 0.0)
    return (low is not None and target.minimum < low - slack) or (high is not None and target.maximum > high + slack)


def _is_class_number(target: Target) -> bool:
    """Whether whole numbers look like classes: 0, 1, 2, ... without a gap, and about equally often, unlike counts and marks."""
    classes, shares = target.classes or 0, target.shares or ()
    whole = target.minimum == 0 and target.maximum == classes - 1
    return whole and 2 < classes <= MOST_CLASSES and bool(shares) and max(shares) < UNEVEN / classes


def _reach(activation: str) -> float | None:
    return BOUNDED[activation][0] if activation in BOUNDED else FROM_BELOW.get(activation)


def _top(activation: str) -> float | None:
    return BOUNDED[activation][1] if activation in BOUNDED else None


def _is_one_of_many(fit: Fit) -> bool:
    """Whether rows of zeros with a single 1 tell more than two classes apart."""
    return fit.target.one_hot is True and (fit.units or 0) > 2


def _has_several_labels(target: Target) -> bool:
    """Whether rows of zeros and ones hold any number of ones."""
    several = bool(target.shape) and (target.shape[-1] or 0) > 2
    return several and target.binary is True and target.one_hot is False


MISMATCHES = (
    Mismatch(
        lambda fit: fit.activation == "softmax" and fit.units == 1,
        "The output is a softmax over a single unit, which is always 1",
        "Use a sigmoid with binary cross-entropy, or one unit for each class.",
        CERTAIN,
        stands=True,  # Keras computes the loss from the logits behind the softmax, and it falls
    ),
    Mismatch(
        lambda fit: _is_multiclass(fit) and fit.units == 1,
        "The loss compares classes, and the output has a single unit",
        "Give the output one unit for each class, or use a sigmoid with binary cross-entropy.",
        CERTAIN,
    ),
    Mismatch(
        lambda fit: fit.activation == fit.before == "softmax",
        "The output is a softmax of a softmax, whose largest probability for {units} classes is {most}",
        "Leave out one of them.",
        CERTAIN,
        stands=True,
    ),
    Mismatch(
        lambda fit: fit.activation == "softmax" and _is_class_loss(fit) and _has_several_labels(fit.target),
        "An example can have several labels, and the output is a softmax, whose probabilities sum to 1",
        "Use a sigmoid for each label, with binary cross-entropy.",
        CERTAIN,
        stands=True,
    ),
    Mismatch(
        lambda fit: _is_class_loss(fit) and not fit.from_logits and fit.activation in LINEAR,
        "The loss expects probabilities, and the output is {activation}",
        "Build the loss with from_logits=True, or give the output a softmax (a sigmoid for binary cross-entropy).",
        CERTAIN,
    ),
    Mismatch(
        lambda fit: (
            _is_class_loss(fit)
            and fit.activation in ("relu", "relu6", "tanh", "elu", "selu", "softsign", "softplus", "exponential")
        ),
        "The loss expects probabilities or logits, and the output passes through {activation}",
        "Give the output a softmax (a sigmoid for binary cross-entropy) instead.",
        LIKELY,
    ),
    Mismatch(
        _outside,
        "Targets range from {low} to {high}, which {activation} cannot reach",
        "Use an output without activation, or scale the targets into its range.",
        LIKELY,
    ),
    Mismatch(
        lambda fit: (
            fit.family == "regression"
            and fit.target.integer is True
            and fit.target.one_hot is not True
            and (fit.target.classes or 0) > 2
            and fit.activation == "softmax"
        ),
        "The loss is a squared or absolute error, the output a softmax, and the targets are class numbers",
        "Use sparse categorical cross-entropy.",
        LIKELY,
    ),
    Mismatch(
        lambda fit: fit.family == "regression" and _is_one_of_many(fit) and fit.activation in ("softmax", "sigmoid"),
        "The loss is a squared or absolute error, whose gradient over {units} classes is small, and the targets are classes",
        "Use categorical cross-entropy, with a softmax at the output.",
        SLOWS,
    ),
    Mismatch(
        lambda fit: fit.family == "binary" and _is_one_of_many(fit) and fit.activation == "softmax",
        "The targets are one class of {units}, the output is a softmax, and binary cross-entropy judges each class alone",
        "Use categorical cross-entropy.",
        SLOWS,
    ),
    Mismatch(
        lambda fit: (
            fit.family == "regression"
            and (fit.target.one_hot is True or fit.target.binary is True)
            and fit.activation in ("softmax", "sigmoid", *LINEAR, "relu", "tanh")
        ),
        "The loss is a squared or absolute error, and the targets are classes",
        "Use cross-entropy, with a softmax or sigmoid at the output.",
        ODD,
    ),
    Mismatch(
        lambda fit: (
            fit.family == "regression"
            and fit.wants_accuracy
            and fit.target.integer is True
            and _is_class_number(fit.target)
            and fit.units == 1
        ),
        "The loss is a squared or absolute error, the metric is accuracy, and the targets are numbers of classes",
        "Use sparse categorical cross-entropy and a softmax with one unit for each class.",
        LIKELY,
    ),
    Mismatch(
        lambda fit: fit.family == "categorical" and fit.activation == "sigmoid",
        "The loss expects probabilities that sum to 1, and each output has a sigmoid of its own",
        "Use a softmax.",
        SLOWS,
    ),
    Mismatch(
        lambda fit: (
            fit.family == "binary"
            and fit.target.one_hot is True
            and (fit.units or 0) > 2
            and fit.activation == "sigmoid"
        ),
        "The targets are one class of {units}, and each output is judged alone by binary cross-entropy",
        "Use a softmax with categorical cross-entropy.",
        ODD,
    ),
    Mismatch(
        lambda fit: fit.family == "regression" and fit.activation in ("relu", "relu6"),
        "The output of a regression passes through {activation}, which stops learning where it is 0",
        "Use an output without activation, or softplus where targets cannot be negative.",
        ODD,
    ),
    Mismatch(
        lambda fit: _takes_probabilities(fit) and not fit.finds_logits,
        "The loss applies a {activation} to its logits, and the output has one already",
        "Remove the activation of the output, or use the loss of keras.losses with from_logits=False.",
        SLOWS,
    ),
    Mismatch(
        _takes_probabilities,
        "The loss expects logits, and the output has a {activation}",
        "Remove from_logits=True, or the activation. Keras uses the logits behind the activation where it finds them.",
        HIDDEN,
    ),
)
"""From the most certain to the least."""
