"""The effect of one part of a claim at every replicate, and the statistical method that fits it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

import numpy as np

from diagnostics.measures import RunLike, measure
from diagnostics.runs.experiment import Experiment
from diagnostics.runs.plan import PartPlan
from diagnostics.statistics.counts import CountRatio, MeanCount
from diagnostics.statistics.evidence import Evidence
from diagnostics.statistics.looks import at_look
from diagnostics.statistics.order import OrderStatistics
from diagnostics.statistics.shares import Share
from diagnostics.statistics.sign_flip import SignFlip
from diagnostics.statistics.student import StudentT, pooled, student

ENDED = ("failed", "unreadable")
"""States of a run that will not change: it counts as a failure, not as one that is still to come."""

HIGHER_IS_BETTER = ("accuracy",)
"""Metrics of which a sweep chooses the largest; of a loss or an error it chooses the smallest."""


@dataclass(frozen=True)
class Effects:
    """One part's measurements, in ascending order of replicate.

    Attributes:
        values: the effect: the treated arm's value, or its difference from the control, ``[replicates]``; NaN where the
            measure is not defined.
        treated, control: the values themselves; ``control`` is empty without a control.
        failed: replicates in which a training failed, which count against either direction.
        waiting: replicates beyond the last complete look, which are not used.
        begun: whether the first look has been reached.
    """

    values: np.ndarray
    treated: np.ndarray
    control: np.ndarray
    failed: int = 0
    waiting: int = 0
    begun: bool = True


def effects_of(experiment: Experiment, part: PartPlan) -> Effects:
    """Measure one part.

    Args:
        experiment: a stored scenario.
        part: what to measure. A treated arm or control with a ``*`` is a sweep: at each replicate, the arm that did best on the
            validation part.

    Returns:
        The effects of the replicates that every arm involved has completed, up to the last complete look; for statements that
        no look can harm (checks, existence, universal statements), of all replicates.
    """
    sides = [_arms(experiment, name) for name in (part.treated, part.control, *part.beside) if name]
    ended = _ended(experiment, [arm for side in sides for arm in side])
    whole = part.method in {"check", "exists", "never"}
    count = len(ended) if whole else at_look(len(ended))
    judged = ended[: count or len(ended)]
    of_run = measure(part.measure, **_parameters(experiment, part))
    scale = _log10 if part.scale == "log10_ratio" else float
    found = [[_value(experiment, side, seed, part, of_run) for seed in judged] for side in sides]
    complete = [row for row in zip(*found, strict=True) if None not in row]
    table = np.array([[scale(value) for value in row if value is not None] for row in complete], np.float64)
    table = table.reshape(len(complete), len(sides)).T
    with np.errstate(invalid="ignore"):
        values = table[0] - table[1] if part.control else table[0]
        values = values - (table[2] - table[3]) if part.beside else values
    control = table[1] if part.control else np.array([])
    return Effects(values, table[0], control, len(judged) - len(complete), len(ended) - len(judged), whole or count > 0)


def evidence_of(parts: Sequence[PartPlan], effects: Sequence[Effects]) -> list[Evidence]:
    """The evidence for every part of a claim.

    Args:
        parts: the claim's parts; those judged by t that measure the same share one standard deviation.
        effects: of each part.
    """
    found = [_evidence(part, each) for part, each in zip(parts, effects, strict=True)]
    groups: dict[tuple[str, ...], list[int]] = {}
    for index, (part, evidence) in enumerate(zip(parts, found, strict=True)):
        if isinstance(evidence, StudentT):
            groups.setdefault((part.measure, part.scale, part.unit, str(bool(part.control))), []).append(index)
    for group in groups.values():
        together = pooled([effects[index].values[~np.isnan(effects[index].values)] for index in group])
        for index, evidence in zip(group, together, strict=True):
            found[index] = evidence
    return found


def _evidence(part: PartPlan, effects: Effects) -> Evidence:
    known = effects.values[~np.isnan(effects.values)]
    if part.method in ROBUST and effects.failed == 0:
        return ROBUST[part.method](effects, known, part.threshold)
    if part.method == "t" and effects.failed == 0 and np.isfinite(known).all():
        return student(known)
    return OrderStatistics(known, effects.failed)


def _counts(effects: Effects, known: np.ndarray, threshold: float) -> Evidence:
    del threshold
    return CountRatio(effects.treated, effects.control) if effects.control.size else MeanCount(known)


ROBUST: dict[str, Callable[[Effects, np.ndarray, float], Evidence]] = {
    "sign_flip": lambda effects, known, threshold: SignFlip(known),
    "counts": _counts,
    "share": lambda effects, known, threshold: Share(int((known > 0.5).sum()), known.size),
    "exists": lambda effects, known, threshold: Share(int((known > threshold).sum()), known.size),
    "never": lambda effects, known, threshold: Share(int((known != 0).sum()), known.size),
}
"""Methods other than t and the median, by the name that a part gives."""


def _arms(experiment: Experiment, name: str) -> list[str]:
    return [arm for arm, runs in experiment.runs.items() if fnmatchcase(arm, name) and runs]


def _ended(experiment: Experiment, arms: Iterable[str]) -> list[int]:
    """The replicates that have finished or failed in every one of these arms, ascending."""
    failed = {(item.arm, item.seed) for item in experiment.incomplete if item.status in ENDED}
    seeds: set[int] | None = None
    for arm in arms:
        own = {*experiment.runs[arm], *(seed for name, seed in failed if name == arm)}
        seeds = own if seeds is None else seeds & own
    return sorted(seeds or ())


def _value(
    experiment: Experiment, side: Sequence[str], seed: int, part: PartPlan, of_run: Callable[[RunLike], float]
) -> float | None:
    """The measure in the arm, or in the best arm of a sweep; None where every training failed."""
    runs = [experiment.runs[arm][seed] for arm in side if seed in experiment.runs[arm]]
    if not runs:
        return None
    if len(side) == 1:
        return of_run(runs[0])
    sign = -1 if part.chosen_by in HIGHER_IS_BETTER else 1
    of_choice = measure("final_scalar", column=part.chosen_by, split="validation")
    scores = [sign * of_choice(run) for run in runs]
    return of_run(runs[int(np.argmin(np.where(np.isnan(scores), np.inf, scores)))])


def _parameters(experiment: Experiment, part: PartPlan) -> dict[str, object]:
    """A measure's parameters, with ``chance`` and ``common`` replaced by numbers computed from the data and the runs."""
    words: dict[object, Callable[[], float]] = {
        "chance": lambda: math.log(experiment.plan.data.classes),
        "common": lambda: _common_progress(experiment, (part.treated, part.control)),
    }
    known = part.parameters.items()
    return {key: words[value]() if isinstance(value, str) and value in words else value for key, value in known}


def _common_progress(experiment: Experiment, arms: Iterable[str | None]) -> float:
    """A total of learning rate × steps that every run exceeds; a running median needs the 5 % of steps beyond it."""
    tables = [run.scalars for arm in arms if arm for run in experiment.runs[arm].values()]
    return 0.95 * min(float(np.nansum(table["learning_rate"].to_numpy(float))) for table in tables)


def _log10(value: float) -> float:
    return math.log10(value) if value > 0 else (-math.inf if value == 0 else math.nan)
