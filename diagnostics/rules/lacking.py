"""Answers of rules that cannot judge a run: what is missing, and what would help."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, NotEvaluated

LONGER = "Train for longer."
OFTENER = "Measure more often (every=1), or train for longer."


def too_few(case: Case, readings: int, what: str, have: int, do: str = OFTENER) -> NotEvaluated:
    """Fewer readings than a rule needs.

    Args:
        case: the run.
        readings: how many are needed.
        what: of what, such as ``"measured steps with finite updates"``.
        have: how many there are.
        do: what gives more of them in a run that stays finite.
    """
    return NotEvaluated((f"{readings} {what} (this run has {have})",), (), lost(case) or do)


def few_validations(case: Case, readings: int) -> NotEvaluated:
    """No validation loss, or one that was read too seldom.

    Args:
        case: the run.
        readings: how many are needed.
    """
    known = case.validation_loss
    if known is None:
        there = "split" in case.scalars and bool((case.scalars["split"].to_numpy() == "validation").any())
        do = lost(case) if there else ""
        missing = "a finite validation loss" if do else "a validation loss"
        return NotEvaluated((missing,), (), do or "Give fit validation_data=.")
    longer = f"Validate more often, or train for at least {readings} epochs."
    return too_few(case, readings, "finite readings of the validation loss", len(known.finite), longer)


def no_level(case: Case, missing: str) -> NotEvaluated:
    """No loss that could be compared with that of the best constant prediction.

    Args:
        case: the run.
        missing: what the rule needs.
    """
    nothing = "Nothing to add: the loss is not known to compare predictions with targets."
    do = lost(case) or (LONGER if case.loss is not None and case.outcome.loss is None else "")
    return NotEvaluated((missing,), (), do or (nothing if case.architecture else ALL_FACTS))


def too_shallow(layers: int, chain: Sequence[str]) -> NotEvaluated:
    """A model without enough layers in a row for a slope over depth.

    Args:
        layers: how many are needed.
        chain: the longest row of hidden layers of one kind.
    """
    missing = f"a chain of {layers} hidden layers of one kind (this model has {len(chain)})"
    return NotEvaluated((missing,), (), "Nothing to add: the model is too shallow for this check.")


def lost(case: Case) -> str:
    """What to do where the run is not finite from some step on; empty where it is."""
    step = case.first_nonfinite_step
    return f"Mend the NaN first: from step {step:.0f} on nothing else can be judged." if np.isfinite(step) else ""
