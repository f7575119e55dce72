"""Do bounded activations work where they are flat?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.grid import Grid
from diagnostics.rules.case import Case
from diagnostics.rules.finding import NOTHING, Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.mismatches import BOUNDED
from diagnostics.rules.model import LINEAR_MAPS, hidden
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.numerals import percent


@dataclass(frozen=True)
class Saturation(Rule):
    """Hidden layers with a sigmoid or tanh whose outputs lie where the activation hardly changes.

    Formula: median of saturated_fraction over the run, the output layer left out; the worst layer decides. Without that statistic,
    1 − the mean slope relative to the largest, which follows from moments of the output a = f(z) alone: tanh 1 − E[a²],
    sigmoid 4 (E[a] − E[a²]); at least ``lost``.

    Args:
        warning: share of outputs. A half: half of the layer's gradient is lost.
        severe: share of outputs, or of the slope. Nine tenths.
        lost: share of the slope. Nine tenths: a layer of unit inputs loses six.
        blocked: share of the slope, lost from the first step on, that is sure to harm. 99 %: a hundredth of the gradient passes.
            What is saturated later only is rather driven there by steps that are too large.

    References:
        Glorot and Bengio 2010, section 3.
    """

    warning: float = 0.5
    severe: float = 0.9
    lost: float = 0.9
    blocked: float = 0.99

    rank: ClassVar[int] = 63
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "vanishing_gradient",
        "weights_do_not_move",
        "update_ratio",
        "stopped_early",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean, by the worst hidden layer; not evaluated without either statistic of such a layer."""
        outputs = {layer.path for layer in case.architecture if layer.is_output}
        grid = case.grid("saturated_fraction")
        measured, first = _shares(grid), _shares(grid, 0)
        by_slope = not measured
        if by_slope:
            measured, first = _lost_slopes(case), _lost_slopes(case, 0)
        shares = {path: share for path, share in measured.items() if path not in outputs}
        if not shares:
            return _unbounded(case)
        threshold = self.lost if by_slope else self.warning
        worst = max(shares, key=lambda path: shares[path])
        concerned = tuple(path for path, share in shares.items() if share >= threshold)
        of_what = (
            "of the slope is lost (by mean and spread of its outputs)" if by_slope else "of the outputs are saturated"
        )
        if not concerned:
            what = f"In the worst hidden layer with a bounded activation, {worst}, {percent(shares[worst])} {of_what}."
            return Finding(self.name, "clean", what)
        return Finding(
            self.name,
            "warning",
            f"{len(concerned)} of {len(shares)} hidden layers with a bounded activation are saturated: at least {percent(threshold)} "
            f"{of_what}; the worst is {worst} with {percent(shares[worst])}.",
            "Where an activation is flat, no gradient passes.",
            "Scale the inputs to mean 0 and standard deviation 1; or try smaller first weights, batch normalisation, or ReLU.",
            layers=concerned,
            value=shares[worst],
            threshold=threshold,
            confidence=self._confidence(shares[worst], first.get(worst, shares[worst])),
            evidence=(Evidence("activation_std" if by_slope else "saturated_fraction"),),
            remedies=(Remedy("initialization"), Remedy("activation", {"activation": "relu"}), Remedy("scale_inputs")),
            reference="Glorot and Bengio 2010.",
        )

    def _confidence(self, share: float, at_first: float) -> float:
        if share < self.severe:
            return LITTLE
        if at_first < self.severe:
            return DRIVEN
        return CERTAIN if min(share, at_first) >= self.blocked else SEVERE


CERTAIN, SEVERE, LITTLE, DRIVEN = 0.95, 0.9, 0.7, 0.55
"""How sure it is to be a cause: saturated all but wholly, or severely, from the first step on; less; or driven there by the steps."""
PLAIN = (*LINEAR_MAPS, "Activation", "SimpleRNN", "SimpleRNNCell")
"""Layers whose output is that of the activation itself."""


def _unbounded(case: Case) -> NotEvaluated:
    """What is missing: a reading, or in a model that is known, a layer that could give one."""
    missing = ("a reading of a hidden layer with a bounded activation, such as tanh",)
    known = [layer for layer in hidden(case.architecture) if layer.activation in BOUNDED]
    if not case.architecture or any(layer.class_name in PLAIN for layer in known):
        return NotEvaluated(missing, (), "Add probes.Saturation() to the probes.")
    gated = "Nothing to add: the output of these layers does not show how flat their gates are."
    return NotEvaluated(missing, (), gated if known else NOTHING)


def _shares(grid: Grid | None, row: int | None = None) -> dict[str, float]:
    """Typical reading by layer, or that of one row."""
    if grid is None:
        return {}
    values = grid.typical() if row is None else grid.values[row]
    return {path: float(share) for path, share in zip(grid.layers, values, strict=True) if not np.isnan(share)}


def _lost_slopes(case: Case, row: int | None = None) -> dict[str, float]:
    """1 − mean slope / largest slope, by layer with a tanh or sigmoid; typically, or at one row."""
    mean, std = (_shares(case.grid(column), row) for column in ("activation_mean", "activation_std"))
    lost: dict[str, float] = {}
    for layer in case.architecture:
        if layer.path not in mean or layer.path not in std or layer.class_name not in PLAIN:
            continue
        square = mean[layer.path] ** 2 + std[layer.path] ** 2
        if layer.activation == "tanh":
            lost[layer.path] = min(square, 1.0)
        elif layer.activation == "sigmoid":
            lost[layer.path] = min(max(1 - 4 * (mean[layer.path] - square), 0.0), 1.0)
    return lost
