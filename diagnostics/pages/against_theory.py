"""Compares a scenario's arms with theory, before the first update."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from diagnostics.measures import DepthSlope
from diagnostics.pages.page import Table
from diagnostics.runs.experiment import Experiment
from diagnostics.runs.plan import ArmPlan, DataFacts
from diagnostics.statistics.intervals import interval_of
from diagnostics.theory import SignalPropagation, dense_stack, normalised_stack
from diagnostics.wording.numerals import MISSING, estimate, short


def propagation(arm: ArmPlan, data: DataFacts) -> SignalPropagation | None:
    """Signal propagation through an arm's stack of hidden layers.

    Args:
        arm: the arm's record; its ``theory`` names activation, initializer, depth, width, batch_normalisation, gain (1).
        data: the data's record: ``inputs`` and ``second_moment``.

    Returns:
        The expected profile, or ``None`` for an arm without a theory.
    """
    theory = arm.theory
    if "activation" not in theory:
        return None
    if theory["batch_normalisation"]:
        return normalised_stack(theory["activation"], depth=theory["depth"])
    return dense_stack(
        theory["activation"],
        theory["initializer"],
        depth=theory["depth"],
        width=theory["width"],
        inputs=data.inputs,
        input_second_moment=data.second_moment,
        gain=theory.get("gain", 1.0),
    )


def expected_profiles(experiment: Experiment) -> pd.DataFrame:
    """The expected depth profile of the activation gradient, arm by arm.

    Returns:
        arm (its label), depth (counted along the chain of hidden layers), log10_relative.
    """
    frames = [pd.DataFrame({"arm": [], "depth": [], "log10_relative": []})]
    for name, arm in experiment.plan.arms.items():
        expected = propagation(arm, experiment.plan.data)
        if expected is not None and experiment.runs.get(name):
            profile = {"depth": np.arange(1, arm.theory["depth"] + 1), "log10_relative": expected.log10_gradient}
            frames.append(pd.DataFrame({"arm": arm.label, **profile}))
    return pd.concat(frames, ignore_index=True)


def slopes(experiment: Experiment) -> pd.DataFrame:
    """Measured and expected depth slope of the activation gradient at step 0, in decades per layer.

    Returns:
        label, effect, low, high (over seeds, 95 %), reference (theory; NaN where there is none).
    """
    rows = []
    for name, arm in experiment.plan.arms.items():
        theory, runs = arm.theory, experiment.runs.get(name, {})
        if "layers" not in theory or not runs:
            continue
        slope = DepthSlope(layers=theory["layers"], step=0)
        found = interval_of(np.array([slope(run) for run in runs.values()]))
        expected = propagation(arm, experiment.plan.data)
        reference = expected.depth_slope if expected else np.nan
        rows.append((arm.label, found.estimate, found.low, found.high, reference))
    return pd.DataFrame(rows, columns=["label", "effect", "low", "high", "reference"])


def theory_table(frame: pd.DataFrame, *, measured: str, caption: str, negligible: float = 0.03) -> Table:
    """Theory and measurement side by side, one row per arm: difference = measured − theory, relative = difference / |theory|.

    Args:
        frame: ``label``, ``effect``, ``low``, ``high``, ``reference`` (theory; NaN where there is none).
        measured: title of the measured column, such as ``"measured slope"``.
        caption: what the table shows, in which unit, and how to read it.
        negligible: theory values closer to 0 than this get no relative deviation, because a ratio to almost nothing
            is meaningless; by default the tolerance on depth slopes, 0.03 decades per layer.

    Returns:
        A table with right-aligned numbers.
    """
    header = ("arm", "theory", f"{measured} [95 % interval]", "difference", "relative")
    rows = tuple(_theory_row(record, negligible) for record in frame.to_dict("records"))
    return Table(caption, header, rows, numeric=frozenset(header[1:]))


def _theory_row(record: Mapping, negligible: float) -> tuple[str, ...]:
    effect, theory = float(record["effect"]), float(record["reference"])
    gap = effect - theory
    relative = f"{_signed(100 * gap / abs(theory), 2)} %" if abs(theory) >= negligible else MISSING
    measured = estimate(effect, float(record["low"]), float(record["high"]))
    return str(record["label"]), short(theory), measured, _signed(gap, 2), relative


def _signed(value: float, digits: int) -> str:
    text = short(value, digits)
    return f"+{text}" if value > 0 and text != "0" else text
