"""How far a network is from a linear map, how many linear pieces it has on given inputs, and claims about both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import keras
import numpy as np

from scenarios.scenario import Claim, Part

UNEXPLAINED = (
    "the share of the logits' variance that the best linear map from the inputs leaves unexplained, 1 − R² after as many steps "
    "(not known where the logits do not vary)"
)


def nonlinearity(model: keras.Model, x: np.ndarray) -> float:
    """The share of the outputs' variance that the best linear map from the inputs does not explain.

    Formula: 1 − R² = ‖Y − [X 1] W‖² / ‖Y − mean Y‖², W by least squares.

    Args:
        model: ``[examples, features]`` to logits.
        x: inputs, with more examples than features.

    Returns:
        A share in [0, 1]; 0 for a linear network, NaN when the outputs do not vary or are not finite.
    """
    outputs = np.asarray(model(x, training=False), np.float64)
    inputs = np.column_stack([x, np.ones(len(x))]).astype(np.float64)
    total = np.sum(np.square(outputs - outputs.mean(axis=0)))
    if not np.isfinite(total) or total == 0:
        return float("nan")
    fitted = inputs @ np.linalg.lstsq(inputs, outputs, rcond=None)[0]
    return float(np.sum(np.square(outputs - fitted)) / total)


def pattern_count(model: keras.Model, x: np.ndarray, layers: str = "hidden_") -> int:
    """How many different sets of active units occur on the examples: the number of linear pieces that they lie in.

    Args:
        model: a network of layers named ``hidden_1`` … that are piecewise linear with one kink at 0.
        x: inputs.
        layers: the prefix of the names of these layers.

    Returns:
        The number of distinct patterns of a > 0 over all hidden units, from 1 to the number of examples.
    """
    hidden = [layer.output for layer in model.layers if layer.name.startswith(layers)]
    values = keras.Model(model.inputs[0], hidden)(x, training=False)
    active = np.concatenate([np.asarray(value) > 0 for value in keras.tree.flatten(values)], axis=1)
    return len(np.unique(np.packbits(active, axis=1), axis=0))


def zeros_bend(arms: Mapping[str, str], straight: float) -> Claim:
    """The claim that zeros make a rectifier network non-linear, tested on networks without zeros.

    Args:
        arms: labels by the names of arms whose activation has no flat part at 0; they record ``nonlinearity``.
        straight: a network counts as linear when a linear map explains all but this share.
    """
    return Claim(
        name="zeros_bend",
        statement="Zeros are necessary for non-linearity: without them a network is practically linear.",
        parts=tuple(
            Part(
                label=label,
                measure="recorded",
                parameters={"name": "nonlinearity"},
                treated=arm,
                expects="less",
                threshold=straight,
                unit="1 − R²",
            )
            for arm, label in arms.items()
        ),
        threshold=f"refuted when the best linear map leaves more than {straight:g} of the outputs' variance unexplained in a "
        "network without zeros",
        outcomes={
            "refuted": "Without zeros the best linear map still leaves {low} to {high} of the variance unexplained ({refuted}): "
            "zeros are not needed, a change of slope is enough.",
            "": "Practically linear: {supported}. Not linear: {refuted}.",
        },
    )


def dead_do_not_bend(arms: Mapping[str, str], control: str) -> tuple[Claim, ...]:
    """The claims that dead units add no linear pieces, and no non-linearity.

    Args:
        arms: labels by the names of arms with more dead units; they record ``nonlinearity`` and ``patterns``.
        control: the arm without them.
    """

    def parts(name: str, threshold: float, unit: str) -> tuple[Part, ...]:
        judged: dict[str, Any] = {"expects": "less", "threshold": threshold, "unit": unit}
        return tuple(Part(label, "recorded", {"name": name}, arm, control, **judged) for arm, label in arms.items())

    return (
        Claim(
            name="dead_add_no_pieces",
            statement="Killing more units does not give a network more linear pieces.",
            parts=parts("patterns", 1.0, "activation patterns"),
            threshold="supported when the number of distinct activation patterns over the training examples grows by less than 1",
            outcomes={"": "Not more: {supported}. More: {refuted}. Their number changes by {low} to {high}."},
        ),
        Claim(
            name="dead_do_not_bend",
            statement="Killing more units does not make a network more non-linear.",
            parts=parts("nonlinearity", 0.0, "1 − R²"),
            threshold=f"refuted when {UNEXPLAINED}, is larger with more dead units, supported when it is smaller; the sign decides",
            outcomes={"": "Less non-linear: {supported}. More: {refuted}. 1 − R² changes by {low} to {high}."},
        ),
    )


def bends(relu: str, leaky: tuple[Part, ...], bent: float) -> tuple[Claim, Claim]:
    """The claims that a ReLU network is non-linear, and that a leaky one is less so.

    Args:
        relu: the arm with ReLU; it records ``nonlinearity``.
        leaky: 1 − R² of networks with a leak, compared with ReLU's.
        bent: the smallest difference of 1 − R² that counts.
    """
    return (
        Claim(
            name="relu_bends",
            statement="A ReLU network is non-linear (positive control).",
            parts=(Part("ReLU", "recorded", {"name": "nonlinearity"}, relu, threshold=bent, unit="1 − R²"),),
            threshold=f"supported when the best linear map from the inputs leaves more than {bent:g} of the logits' variance "
            "unexplained",
            outcomes={"": "It leaves {low} unexplained."},
        ),
        Claim(
            name="less_bent",
            statement="Leaky ReLU is less non-linear than ReLU.",
            parts=tuple(replace(part, expects="less", threshold=-bent) for part in leaky),
            threshold="supported when the share of the logits' variance that the best linear map from the inputs leaves "
            f"unexplained is lower than for ReLU by more than {bent:g}, half a percent, at the end of training at the same rate",
            outcomes={
                "": "Less non-linear: {supported}. Not by that much: {refuted}. Differences in 1 − R²: {low} to {high}."
            },
            requires="relu_bends",
        ),
    )
