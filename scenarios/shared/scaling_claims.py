"""The claims of ``input_scaling`` about the formulas and about scikit-learn's scaler."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scenarios.scenario import Claim, Part
from scenarios.shared.parts import check_at, recorded

EXACTLY = 1e-4  # mean and deviation of 70,000 values in float32 are 0 and 1 to within this

SILENT = {"column": "dead_fraction", "layers": "hidden_*", "step": -1}
"""Parameters of a measure: the share of a layer's units that are silent in the last window."""

GOING: dict[str, Any] = {"level": "chance", "drop": 0.5, "restricted": True}
"""Parameters of a measure: steps until the loss is half of chance."""

LARGEST_PIXEL = {"digits": 16}  # of the other sets it is 255


def formulas(arms: Mapping[str, str]) -> Claim:
    """What the two formulas do, and whether they are always defined.

    Args:
        arms: the name of an arm by preparation.
    """
    wanted = (
        ("min-max: smallest value is 0", "min-max", "minimum", 0.0),
        ("min-max: largest value is 1", "min-max", "maximum", 1.0),
        ("z-score: mean is 0", "z-score", "mean", 0.0),
        ("z-score: deviation is 1", "z-score", "deviation", 1.0),
        ("z-score by pixel: pixels that never vary", "z-score-pixel", "constant_inputs", 0.0),
    )
    return Claim(
        name="formulas",
        statement="(x − min)/(max − min) maps inputs to the range 0 to 1, (x − mean)/std gives them mean 0 and standard deviation "
        "1, and both are always defined.",
        parts=tuple(
            recorded(label, name, arms[preparation], **check_at(value, EXACTLY))
            for label, preparation, name, value in wanted
        ),
        threshold="holds by construction, a check of the instrument, up to rounding in float32; computed over the training part",
        outcomes={
            "mixed": "Both formulas do what they promise when computed over all pixels. Computed per pixel, they are 0/0 for a "
            "pixel that never varies ({high} pixels here); such a pixel is only shifted to 0 and carries no information.",
            "": "Holds: {supported}. Does not hold: {refuted}.",
        },
    )


def fit_transform(arm: str) -> Claim:
    """What scikit-learn's ``fit_transform`` does with another number of dimensions.

    Args:
        arm: an arm that records ``scaling.recipes``.
    """
    return Claim(
        name="fit_transform",
        statement="Reshaping images to one column before scikit-learn's fit_transform gives one mean and deviation for all pixels; "
        "without it, rows are scaled pixel by pixel, and a stack of pictures is refused.",
        parts=(
            recorded("one column: the global z-score", "column_against_global", arm, **check_at(0.0, EXACTLY)),
            recorded("rows: the z-score by pixel", "rows_against_pixel", arm, **check_at(0.0, EXACTLY)),
            recorded("stack of pictures: refused", "stack_refused", arm, **check_at(1.0)),
        ),
        threshold="holds by construction, a check of the instrument: largest difference on the training part, up to rounding",
        outcomes={"": "As stated: {supported}. Not as stated: {refuted}."},
    )


def scale_reaches_gradient(raw: str, scaled: str, images: str) -> Claim:
    """The inputs are a factor in the gradient of the first layer's weights.

    Args:
        raw: an arm on raw images.
        scaled: the same on min-max images.
        images: the data set, for its largest pixel.
    """
    factor = LARGEST_PIXEL.get(images, 255)
    return Claim(
        name="scale_reaches_gradient",
        statement="The first layer's gradient grows with the scale of the inputs.",
        parts=(
            Part(
                "raw against min-max",
                "layer_median",
                {"column": "gradient_norm", "layers": "hidden_1", "step": 0, "until": None},
                treated=raw,
                control=scaled,
                scale="log10_ratio",
                unit="decades",
            ),
        ),
        threshold=f"supported when the gradient is larger on raw inputs, which are the min-max inputs times {factor}",
        outcomes={
            "supported": "Before the first step the gradient of the first layer is larger by {low} decades (factors of 10) on raw "
            "inputs. Part of this is the scale of the inputs; the rest is the larger error, because the logits are larger, too.",
            "": "The gradient on raw inputs differs by {low} decades (factors of 10).",
        },
    )


def raw_kills_units(part: Part) -> Claim:
    """Whether inputs that are not normalised kill ReLU units.

    Args:
        part: raw inputs against normalised ones, by ``SILENT``, each at its best rate: at the same rate raw inputs train at a
            rate that is too large for them, and what a large rate kills would be put down to the inputs.
    """
    return Claim(
        name="raw_kills_units",
        statement="Training on inputs that are not normalised kills ReLU units, also when each has its best learning rate.",
        parts=(part,),
        threshold="supported when the share of hidden units that are silent over the last epoch is higher by more than "
        f"{part.threshold} with raw inputs: two units of a layer of 100",
        outcomes={"": "Raw inputs change the share of dead units by {low}."},
    )


def min_max_is_worse(part: Part) -> Claim:
    """Whether min-max does worse than the z-score.

    Args:
        part: the accuracy of one against that of the other, each at its best rate.
    """
    return Claim(
        name="min_max_is_worse",
        statement="Min-max is less accurate than the global z-score.",
        parts=(replace(part, expects="less", threshold=0.0, margin=None),),
        threshold="supported when test accuracy is lower with min-max, each at its best rate; the sign decides, the answer tells "
        "by how much",
        outcomes={"": "Min-max changes test accuracy by {low}."},
    )


def gets_going_sooner(part: Part) -> Claim:
    """Whether normalised inputs learn faster.

    Args:
        part: steps until learning has started, by ``GOING``, raw inputs against normalised ones.
    """
    return Claim(
        name="gets_going_sooner",
        statement="Normalised inputs bring the loss down in fewer steps, each at its best learning rate.",
        parts=(part,),
        threshold=f"steps until the loss is {100 * GOING['drop']:g} % below chance, raw inputs against the global z-score, dense "
        "network; a run that never gets there counts with its last step; the sign decides",
        outcomes={"": "On raw inputs the number of steps changes by {low} decades (factors of 10)."},
    )
