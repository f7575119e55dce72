"""Where does training first produce numbers that are none?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from diagnostics.rules.case import Case
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.losses import is_own
from diagnostics.rules.rule import Rule

SURE, UNSEEN = 0.95, 0.89
"""How sure it is that they do harm: where the loss shows them, or a layer with weights puts them out; and where neither holds, as
with masks, which hold them on purpose."""


@dataclass(frozen=True)
class NonFinite(Rule):
    """Loss, gradients or activations that are NaN or Inf.

    Formula: the first step with a loss of NaN or Inf, a non-finite count above 0, or a statistic of NaN or Inf. There is no
    threshold: one such entry corrupts every weight that it reaches. While the loss stays finite it is told as info, as loss scaling
    skips such steps, and attention masks hold −∞ on purpose; unless the inputs hold them, or they come out of a layer at step 0 and
    training has a bad outcome.

    Two origins are no consequence of the steps, and explain rates and scales that look wrong afterwards: a layer's output that is
    not finite at step 0, before anything was trained; and a loss of the user's own that is not finite while every layer's output
    is, none of them beyond ``reach``. Keras' own losses cannot do that.

    Args:
        reach: size of an output up to which a finite loss is due. 10⁶: its fourth power is still finite in float32.
    """

    reach: float = 1e6

    rank: ClassVar[int] = 13
    explains: ClassVar[frozenset[str]] = frozenset(
        {"diverging_loss", "no_learning", "constant_predictions", "stuck_loss"}
    )

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Error, info or clean; not evaluated when the run has neither a loss nor a statistic."""
        if case.layers.empty and case.loss is None:
            return NotEvaluated(("a loss or a layer statistic",))
        loss_step, layer_step = case.nonfinite_loss_step, case.nonfinite_layer_step
        first = min(loss_step, layer_step)
        numbers = {"first_step": first, "loss_step": loss_step, "layer_step": layer_step}
        if first == np.inf:
            rows = f"{len(case.layers)} rows of statistics are finite."
            what = (
                f"All {len(case.scalars)} loss values and {rows}" if case.loss else f"No loss was recorded; all {rows}"
            )
            return Finding(self.name, "clean", what, numbers=numbers)
        ahead = layer_step <= loss_step
        spoiled = case.spoiled.loc[(case.spoiled["step"] == layer_step).to_numpy()] if ahead else None
        layers = () if spoiled is None else tuple(spoiled["layer"].astype(str))
        inputs, origin = _inputs(case), self._origin(case, spoiled, first)
        lasting = case.loss is None or np.isfinite(loss_step)
        return Finding(
            rule=self.name,
            severity="error" if lasting else "warning" if inputs or origin else "info",
            what=f"{inputs}{origin}First NaN or Inf at step {first:.0f}, in {_places(spoiled, loss_step, layer_step)}.",
            means="Every weight that it reaches is lost; measurements after this step mean nothing."
            if lasting
            else "Every weight that they reach is lost, also where ReLU turns NaN into 0 and the loss looks sound."
            if inputs or origin
            else "The loss stayed finite, so that these values were skipped or meant.",
            do="Fill or drop such values before training."
            if inputs
            else _AWAY_FROM_ZERO
            if origin
            else "Inspect the step before; try a smaller learning rate, gradient clipping by norm, or loss scaling for float16."
            if lasting
            else "",
            layers=layers,
            numbers=numbers,
            steps=(int(first),),
            value=first,
            confidence=1.0 if inputs else _sure(case, layers, lasting=lasting) if origin else 0.75,
            if_harmless=f"{origin}First NaN or Inf at step {first:.0f}, in {_places(spoiled, loss_step, layer_step)}; the loss stayed "
            "finite, so that these values were skipped or meant, as in a mask."
            if origin and not lasting
            else "",
            evidence=(Evidence("gradient_nonfinite"), Evidence("loss", "scalars")),
            remedies=(Remedy("learning_rate", {"factor": 0.1}), Remedy("clipping", {"clipnorm": 1.0}))
            if lasting and not origin
            else (),
            explains=_AFTERWARDS if inputs or origin else (),
        )

    def _origin(self, case: Case, spoiled: pd.DataFrame | None, first: float) -> str:
        """A sentence on the operation that made it, where the steps before cannot have; empty where they can."""
        at_once = spoiled is not None and first == 0 and _outputs_spoiled(spoiled)
        if at_once and "float16" not in (case.training.precision or ""):
            return (
                "A logarithm, root, division or exponential in the model makes NaN or Inf before anything was trained. "
            )
        step = case.nonfinite_loss_step
        if step != first or not is_own(case.training.loss) or not len(case.layers):
            return ""
        rows = case.layers.loc[case.layers["step"].to_numpy() == step]
        if (
            not {"activation_nonfinite", "activation_std"} <= set(rows)
            or not rows["activation_nonfinite"].notna().any()
        ):
            return ""
        sizes = np.abs(rows[["activation_mean", "activation_std"]].to_numpy(np.float64))
        if _outputs_spoiled(rows) or not np.nanmax(sizes) < self.reach:
            return ""
        return "A logarithm, root or division in your loss makes NaN or Inf of finite outputs. "


def _sure(case: Case, layers: tuple[str, ...], *, lasting: bool) -> float:
    weighty = {one.path for one in case.architecture if one.parameters}
    return SURE if lasting or weighty.intersection(layers) else UNSEEN


_AWAY_FROM_ZERO = (
    "Keep the arguments of logarithms, roots and divisions away from 0 (add a small constant inside), and let a loss of Keras take "
    "the logits (from_logits=True)."
)
_AFTERWARDS = (
    "learning_rate_too_high",
    "unscaled_inputs",
    "update_ratio",
    "initialisation",
    "exploding_gradient",
    "dead_units",
    "constant_signal",
)
"""What may only look wrong because of what is not finite."""


def _outputs_spoiled(rows: pd.DataFrame) -> bool:
    return "activation_nonfinite" in rows and bool((rows["activation_nonfinite"] > 0).any())


def _inputs(case: Case) -> str:
    """A sentence on inputs that are not finite, which explain all that follows; empty if there are none."""
    found = [one for one in case.data.inputs if one.nonfinite]
    if not found:
        return ""
    one = found[0]
    where = (
        f" in {one.nonfinite_features} of {one.features} features" if one.nonfinite_features and one.features else ""
    )
    return f"The input holds {one.nonfinite:,} values that are NaN or infinite{where}. "


def _places(spoiled: pd.DataFrame | None, loss_step: float, layer_step: float) -> str:
    """Where it began, on the way forward or back, and how long before the loss showed it."""
    if spoiled is None:
        return "the loss"
    forward, backward = _counted(spoiled, "activation_nonfinite"), _counted(spoiled, "gradient_nonfinite")
    if forward:
        told = f"the output of {_few(forward)}"
        told += f" and the gradient of {len(backward)} layer{'s' * (len(backward) > 1)}" if backward else ""
    elif backward:
        told = f"the gradient of {_few(backward[::-1])}"
    else:
        told = f"the statistics of {_few([*spoiled['layer'].astype(str)])}"
    ahead = f", {loss_step - layer_step:.0f} steps before the loss" if layer_step < loss_step < np.inf else ""
    return f"{told}{ahead}"


def _counted(spoiled: pd.DataFrame, count: str) -> list[str]:
    """The layers with such entries, by depth."""
    there = spoiled.loc[(spoiled[count] > 0).to_numpy()] if count in spoiled else spoiled.iloc[:0]
    return [*there["layer"].astype(str)]


def _few(layers: list[str]) -> str:
    return ", ".join(layers[:3]) + (f" and {len(layers) - 3} more" if len(layers) > 3 else "")
