"""Judges a scenario's claims from its stored runs. Claims are data, so neither the scenario nor TensorFlow is needed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from diagnostics.measures import measure
from diagnostics.runs.experiment import Experiment
from diagnostics.runs.plan import ClaimPlan, PartPlan
from diagnostics.verdict.verdict import Verdict, Word, adjust, combine, judge, paired_effects
from diagnostics.wording import numerals, statements

PART_WORDS = ("supported", "refuted", "inconclusive")
TALLY = {
    "supported": ("holds", "hold"),
    "refuted": ("does not", "do not"),
    "mixed": ("holds in part", "hold in part"),
    "inconclusive": ("is inconclusive", "are inconclusive"),
}
NEGATED: Mapping[str, Word] = {"supported": "refuted", "refuted": "supported"}


@dataclass(frozen=True)
class JudgedPart:
    """One effect of a claim.

    Attributes:
        label: the case that it covers, such as ``"ReLU"``.
        verdict: its word, effect, interval, seeds and test.
        adjusted_p: the p-value, adjusted to control the false-discovery rate over the whole scenario.
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


def judge_claims(experiment: Experiment) -> list[JudgedClaim]:
    """Judge every claim of a stored scenario; parts whose arms were not run are left out.

    Args:
        experiment: a stored scenario.

    Returns:
        One judged claim per claim, in the scenario's order.
    """
    claims = experiment.plan.claims
    verdicts = [[_verdict(experiment, claim, part) for part in _present(experiment, claim)] for claim in claims]
    adjusted = iter(adjust([verdict.p_value for of_claim in verdicts for verdict in of_claim]))
    return [
        _judged(
            claim,
            tuple(
                JudgedPart(part.label, verdict, float(next(adjusted)))
                for part, verdict in zip(_present(experiment, claim), of_claim, strict=True)
            ),
        )
        for claim, of_claim in zip(claims, verdicts, strict=True)
    ]


def answer(experiment: Experiment, claims: Sequence[JudgedClaim]) -> str:
    """The answer to the scenario's question: the prepared sentences that match the verdicts, or else a count of verdicts."""
    words = {claim.name: claim.word for claim in claims}
    told = [
        prepared.text
        for prepared in experiment.plan.answers
        if all(words.get(name) in allowed.split("|") for name, allowed in prepared.when.items())
    ]
    return " ".join(told) or _count(claims)


def held_against(verdict: Verdict) -> str:
    """The range that supports the statement, such as ``"above 3"`` or ``"within ±0.03"``."""
    if verdict.margin is not None:
        around = f"{numerals.short(verdict.threshold)} " if verdict.threshold else ""
        return f"within {around}±{numerals.short(verdict.margin)}"
    return f"{'above' if verdict.expects == 'greater' else 'below'} {numerals.short(verdict.threshold)}"


def _present(experiment: Experiment, claim: ClaimPlan) -> list[PartPlan]:
    arms = {arm for arm, runs in experiment.runs.items() if runs}
    return [part for part in claim.parts if part.treated in arms and part.control in {None, *arms}]


def _verdict(experiment: Experiment, claim: ClaimPlan, part: PartPlan) -> Verdict:
    verdict = judge(
        _effects(experiment, part),
        expects=part.expects,
        threshold=part.threshold,
        margin=part.margin,
        unit=part.unit,
        exact=part.exact,
    )
    # "It differs" is tested as "it is equal", and the verdict is reversed.
    return replace(verdict, word=NEGATED.get(verdict.word, verdict.word)) if claim.negated else verdict


def _effects(experiment: Experiment, part: PartPlan) -> np.ndarray:
    """The effect at each seed: the treated arm's value, or its difference from the control."""
    of_run = measure(part.measure, **_parameters(experiment, part))
    scale = _log10 if part.scale == "log10_ratio" else float
    treated, control = (
        {seed: scale(of_run(run)) for seed, run in experiment.runs.get(arm or "", {}).items()}
        for arm in (part.treated, part.control)
    )
    return paired_effects(treated, control) if part.control else np.array(list(treated.values()))


def _parameters(experiment: Experiment, part: PartPlan) -> dict[str, Any]:
    """A measure's parameters, with ``chance`` and ``common`` replaced by numbers computed from the data and the runs."""
    words = {
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


def _judged(claim: ClaimPlan, parts: tuple[JudgedPart, ...]) -> JudgedClaim:
    word = combine(part.verdict.word for part in parts)
    return JudgedClaim(claim.name, claim.statement, word, _sentence(claim, word, parts), claim.threshold, parts)


def _count(claims: Sequence[JudgedClaim]) -> str:
    found = Counter(claim.word for claim in claims)
    told = [f"{found[word]} {forms[found[word] > 1]}" for word, forms in TALLY.items() if found[word]]
    return f"It depends. Of the statements below, {_enumeration(told)}."


def _sentence(claim: ClaimPlan, word: str, parts: tuple[JudgedPart, ...]) -> str:
    if not parts:
        return "Not judged: the arms it compares were not run."
    outcomes = claim.outcomes
    labels = {word: [part.label for part in parts if part.verdict.word == word] for word in PART_WORDS}
    effects = [part.verdict.effect for part in parts if not math.isnan(part.verdict.effect)]
    if not effects:
        return "Not measured: the runs are too short or lack the data it needs."
    low, high = numerals.span(effects)
    template = _without_empty(outcomes.get(word, outcomes[""]), labels)
    return (_without_range(template) if low == high else template).format(
        **{name: _enumeration(named) for name, named in labels.items()},
        low=low,
        high=high,
        seeds=min(part.verdict.seeds for part in parts),
    )


def _without_empty(template: str, labels: Mapping[str, Sequence[str]]) -> str:
    """The template without sentences whose lists of parts are all empty."""
    kept = []
    for sentence in re.split(r"(?<=\.) ", template):
        named = [word for word in labels if f"{{{word}}}" in sentence]
        if not named or any(labels[word] for word in named):
            kept.append(sentence)
    return " ".join(kept)


def _without_range(template: str) -> str:
    """The template for effects that are all equal: one number in place of a range."""
    single = re.sub(r"from {(low|high)} to {(low|high)}", "of {low}", template)
    return re.sub(r"{(low|high)} to {(low|high)}", "{low}", single)


def _enumeration(items: Sequence[str]) -> str:
    between = "; " if any("," in item for item in items) else ", "
    return " and ".join([between.join(items[:-1]), items[-1]] if len(items) > 1 else items) or "none"
