"""Judges a scenario's claims from its stored runs. Claims are data, so neither the scenario nor TensorFlow is needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from diagnostics.runs.experiment import Experiment
from diagnostics.runs.plan import ClaimPlan, PartPlan
from diagnostics.statistics.evidence import Evidence
from diagnostics.statistics.looks import LEVEL, LOOKS, adjusted, holm_levels
from diagnostics.verdict.effects import Effects, effects_of, evidence_of
from diagnostics.verdict.sentences import sentence_of
from diagnostics.verdict.verdict import Verdict, Word, combine, tails, verdict_of
from diagnostics.wording import numerals, statements

NEGATED: dict[Word, Word] = {"supported": "refuted", "refuted": "supported"}
OF_RUNS = ("exists", "never", "share")
"""Methods whose effect is a share of runs, whatever the unit of the measure."""
SHARE = "of the runs"
"""Their unit behind a number."""

CERTAIN = ("check", "exists")
"""Methods whose word is not a matter of probability; their claims spend none of the error."""


@dataclass(frozen=True)
class JudgedPart:
    """One effect of a claim.

    Attributes:
        label: the case that it covers, such as ``"ReLU"``.
        verdict: its word, effect, interval, replicates and test.
        adjusted_p: the p-value on a scale on which 0.05 decides, after the looks and the scenario's claims are accounted for.
    """

    label: str
    verdict: Verdict
    adjusted_p: float


@dataclass(frozen=True)
class JudgedClaim:
    """A claim with its verdict.

    Attributes:
        name: the claim's name.
        statement: the sentence that was tested.
        word: the verdict, combined from those of the parts.
        sentence: what was measured.
        threshold: what the parts were compared with, and why.
        parts: the effects; empty if none of the arms were run.
    """

    name: str
    statement: str
    word: Word
    sentence: str
    threshold: str
    parts: tuple[JudgedPart, ...]

    def _repr_html_(self) -> str:
        parts = (f"{part.label}: {part.verdict}" for part in self.parts)
        return statements.statement(self.word, self.statement, (self.sentence, *parts))


@dataclass(frozen=True)
class _Case:
    """One part with its evidence and the one-sided p-values for and against it."""

    plan: PartPlan
    effects: Effects
    evidence: Evidence
    support: float
    refute: float


def judge_claims(experiment: Experiment) -> list[JudgedClaim]:
    """Judge every claim of a stored scenario; parts whose arms were not run are left out.

    Formula: each claim at its own level (Holm over the claims, ``looks.LEVEL`` for one look), all its parts at that level. A
    conjunction needs every part, so its parts are not corrected among themselves; a claim that one part suffices for divides
    the level among them.

    Args:
        experiment: a stored scenario.

    Returns:
        One judged claim per claim, in the scenario's order.
    """
    claims = [
        replace(claim, parts=tuple(part for part in claim.parts if _present(experiment, part)))
        for claim in experiment.plan.claims
    ]
    return judge_effects(claims, [[effects_of(experiment, part) for part in claim.parts] for claim in claims])


def judge_effects(claims: Sequence[ClaimPlan], effects: Sequence[Sequence[Effects]]) -> list[JudgedClaim]:
    """The same from effects that have been measured, or resampled.

    Args:
        claims: what is claimed.
        effects: for each claim those of its parts.

    Returns:
        One judged claim per claim, in their order.
    """
    cases = [_cases(claim.parts, own) for claim, own in zip(claims, effects, strict=True)]
    tested = [index for index, own in enumerate(cases) if _is_tested(own)]
    levels = np.full(len(claims), LEVEL)
    levels[tested] = holm_levels([_p_value(claims[index], cases[index]) for index in tested])
    judged = [_judged(claim, own, level) for claim, own, level in zip(claims, cases, levels.tolist(), strict=True)]
    words = {claim.name: claim.word for claim in judged}
    return [_with_control(plan, claim, words) for plan, claim in zip(claims, judged, strict=True)]


def held_against(verdict: Verdict) -> str:
    """The range that supports the statement, such as ``"above 3"`` or ``"within ±0.03"``."""
    if verdict.margin is not None:
        around = f"{numerals.short(verdict.threshold)} " if verdict.threshold else ""
        return f"within {around}±{numerals.short(verdict.margin)}"
    return f"{'above' if verdict.expects == 'greater' else 'below'} {numerals.short(verdict.threshold)}"


def _cases(parts: Sequence[PartPlan], effects: Sequence[Effects]) -> list[_Case]:
    found = evidence_of(parts, effects)
    return [_case(*each) for each in zip(parts, effects, found, strict=True)]


def _present(experiment: Experiment, part: PartPlan) -> bool:
    arms = [arm for arm, runs in experiment.runs.items() if runs]
    return all(
        any(fnmatchcase(arm, name) for arm in arms) for name in (part.treated, part.control, *part.beside) if name
    )


def _case(part: PartPlan, effects: Effects, evidence: Evidence) -> _Case:
    if part.method == "check":
        known = effects.values[~np.isnan(effects.values)]
        holds = _holds(known, part)
        whole = known.size == effects.values.size and not effects.failed and known.size > 0
        return _Case(part, effects, evidence, float(not (holds.all() and whole)), float(holds.all()))
    if part.method == "exists":
        return _Case(part, effects, evidence, float(not evidence.estimate > 0), 1.0)
    if part.method == "never":
        return _Case(part, effects, evidence, evidence.p_below(part.threshold), float(not evidence.estimate > 0))
    support, refute = tails(evidence, part.expects, part.threshold, part.margin)
    return _Case(part, effects, evidence, *((support, refute) if effects.begun else (1.0, 1.0)))


def _holds(values: np.ndarray, part: PartPlan) -> np.ndarray:
    deviation = values - part.threshold
    return {"greater": deviation > 0, "less": deviation < 0, "equal": np.abs(deviation) <= (part.margin or 0.0)}[
        part.expects
    ]


def _is_tested(cases: Sequence[_Case]) -> bool:
    return any(case.plan.method not in CERTAIN for case in cases)


def _p_value(claim: ClaimPlan, cases: Sequence[_Case]) -> float:
    """The smallest level at which the claim is decided."""
    support, refute = [case.support for case in cases], [case.refute for case in cases]
    if claim.negated:
        support, refute = refute, support
    if claim.quantifier == "any":
        return min(len(cases) * min(support), max(refute))
    return min(max(support), *refute)


def _judged(claim: ClaimPlan, cases: Sequence[_Case], level: float) -> JudgedClaim:
    level = level / max(len(cases), 1) if claim.quantifier == "any" else level
    parts = tuple(_part(claim, case, level) for case in cases)
    word = combine((part.verdict.word for part in parts), claim.quantifier)
    return JudgedClaim(claim.name, claim.statement, word, sentence_of(claim, word, parts), claim.threshold, parts)


def _part(claim: ClaimPlan, case: _Case, level: float) -> JudgedPart:
    part = case.plan
    unit = SHARE if part.method in OF_RUNS else part.unit
    held = {"expects": part.expects, "threshold": part.threshold, "margin": part.margin, "unit": unit}
    seeds = int(case.effects.values.size - np.isnan(case.effects.values).sum()) + case.effects.failed
    verdict = verdict_of(case.evidence, **held, level=level, seeds=seeds, note=_note(case.effects, seeds))
    word: Word = "supported" if case.support <= level else "refuted" if case.refute <= level else "open"
    if part.method == "check":
        verdict = _check(case, verdict)
    elif not case.effects.begun:
        verdict = replace(
            verdict, low=math.nan, high=math.nan, p_value=math.nan, test=f"none before {LOOKS[0]} replicates"
        )
    elif part.method == "exists":
        verdict = replace(verdict, p_value=math.nan)
    elif part.method == "never":
        verdict = replace(verdict, expects="less", margin=None, p_value=case.support)
    verdict = replace(verdict, word=NEGATED.get(word, word) if claim.negated else word)
    p = math.nan if math.isnan(verdict.p_value) else adjusted(verdict.p_value, level)
    return JudgedPart(part.label, verdict, p)


def _check(case: _Case, verdict: Verdict) -> Verdict:
    """The range over all replicates: what holds by construction has no sampling error."""
    known = case.effects.values[~np.isnan(case.effects.values)]
    low, middle, high = (float(np.quantile(known, at)) for at in (0, 0.5, 1)) if known.size else (math.nan,) * 3
    numbers = {
        "effect": middle,
        "low": low,
        "high": high,
        "confidence": 1.0,
        "statistic": "median",
        "p_value": math.nan,
    }
    return replace(verdict, **numbers, test="check of the instrument")


def _note(effects: Effects, seeds: int) -> str:
    undefined = int(np.isnan(effects.values).sum())
    notes = {
        f"{effects.failed} failed": effects.failed,
        f"{undefined} undefined": undefined,
        f"{effects.waiting} more wait for the next look": effects.waiting,
        f"fewer than {LOOKS[0]}": not effects.begun and seeds,
    }
    return "; ".join(text for text, count in notes.items() if count)


def _with_control(plan: ClaimPlan, claim: JudgedClaim, words: Mapping[str, str]) -> JudgedClaim:
    """Without its positive control a comparison says nothing, so that the claim stays open."""
    if not plan.requires or words.get(plan.requires) == "supported":
        return claim
    why = f"Not ranked, because the positive control ({plan.requires.replace('_', ' ')}) is {words.get(plan.requires, 'missing')}."
    return replace(claim, word="open", sentence=f"{why} {claim.sentence}")
