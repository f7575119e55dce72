"""Do the inputs have a scale that layers and initialisers are made for?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated, Remedy
from diagnostics.rules.model import LINEAR_MAPS, RECURRENT, RECURRENT_CELLS, first_layers
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.runs.data_facts import Input
from diagnostics.wording.numerals import short

RESCALES = ("Embedding", "Rescaling", "Normalization", "BatchNormalization", "LayerNormalization", "GroupNormalization")
RESCALES += ("Hashing", "StringLookup", "IntegerLookup", "TextVectorization", "CategoryEncoding", "Discretization")


@dataclass(frozen=True)
class UnscaledInputs(Rule):
    """Inputs that are far from mean 0 and standard deviation 1, and that no layer rescales.

    Formula: largest of a feature's standard deviation and |mean|, above ``large``; the standard deviation of all below ``small``;
    or the largest by the smallest of the features' standard deviations, above ``uneven``; or |mean| by standard deviation, of all
    values, above ``offset``.

    Args:
        large: ten, a decade above what initialisers assume. Pixels from 0 to 255 have about 80.
        small: a hundredth, two decades below it.
        uneven: a factor of 1,000 between features: the loss then curves 10⁶ times more along one than along another.

        offset: thirty. The loss then curves about 1,000 times more along the common level than along what differs.

    References:
        LeCun et al. 1998, Efficient BackProp, section 4.3.
    """

    large: float = 10.0
    small: float = 0.01
    uneven: float = 1000.0
    offset: float = 30.0

    rank: ClassVar[int] = 30
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "diverging_loss",
        "oscillating_loss",
        "non_finite",
        "dead_units",
        "saturation",
        "exploding_gradient",
        "vanishing_gradient",
        "update_ratio",
        "learning_rate_too_high",
        "learning_rate_too_low",
        "stopped_early",
        "weights_do_not_move",
        "constant_signal",
        "float16_headroom",
        "initialisation",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the inputs."""
        if not case.data.inputs or not case.architecture:
            return NotEvaluated(("a record of inputs and architecture",), (), ALL_FACTS)
        first = first_layers(case.architecture)
        if any(layer.class_name in RESCALES for layer in first):
            return Finding(self.name, "clean", "A layer of the model rescales or embeds its input.")
        if first and first[-1].class_name not in (*LINEAR_MAPS, *RECURRENT, *RECURRENT_CELLS):
            return Finding(self.name, "clean", f"What {first[-1].path} makes of its input is not known.")
        found = [(one, told) for one in case.data.inputs if (told := self._wrong(one))]
        if not found:
            return Finding(self.name, "clean", "The inputs have a common scale near 1.")
        one, (what, value, threshold, confidence) = found[0]
        ends = f"from {short(_number(one.minimum))} to {short(_number(one.maximum))}"
        return Finding(
            self.name,
            "warning",
            f"{what}; values range {ends}.",
            "The first layer's outputs and gradients are as far off, and no learning rate suits all its weights.",
            "Scale each feature to mean 0 and standard deviation 1 (keras.layers.Normalization), pixels to 0 to 1.",
            value=value,
            threshold=threshold,
            confidence=confidence,
            remedies=(Remedy("scale_inputs"),),
            reference="LeCun et al. 1998, Efficient BackProp.",
        )

    def _wrong(self, one: Input) -> tuple[str, float, float, float] | None:
        spread = max(_number(one.feature_std_largest), _number(one.std))
        mean = max(_number(one.feature_mean_largest), abs(_number(one.mean)))
        smallest = _number(one.feature_std_smallest)
        if max(spread, mean) > self.large:
            told = (
                f"The inputs are too large: a standard deviation of up to {short(spread)}, means of up to {short(mean)}"
            )
            return told, max(spread, mean), self.large, 0.95 if _are_pixels(one) else 0.9
        if one.std is not None and 0 < spread < self.small:
            return f"The inputs are too small: a standard deviation of {short(spread)}", spread, self.small, 0.9
        if smallest > 0 and spread / smallest > self.uneven:
            told = f"The inputs' standard deviations differ by a factor of {short(spread / smallest)} between features"
            return told, spread / smallest, self.uneven, 0.7
        if 0 < self.offset * spread < mean and (one.features or 1) == 1:
            told = f"The inputs lie {short(mean / spread)} standard deviations away from 0 (mean {short(mean)})"
            return told, mean / spread, self.offset, 0.8
        return None


def _are_pixels(one: Input) -> bool:
    """Whether values run from 0 to 255 and come as images: for these, scaling is never wrong."""
    low, high = _number(one.minimum), _number(one.maximum)
    return low >= 0 and 200 < high <= 255 and (len(one.shape) == 4 or one.dtype == "uint8" or (one.features or 0) >= 64)


def _number(value: float | None) -> float:
    return 0.0 if value is None else value
