"""The sentence of a judged claim, and the answer to a scenario's question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Protocol

from diagnostics.runs.plan import AnswerPlan, ClaimPlan, PartPlan
from diagnostics.statistics.looks import LOOKS
from diagnostics.verdict.verdict import Verdict, Word
from diagnostics.wording import numerals

PART_WORDS = ("supported", "refuted", "open")
OF_DIFFERENCES = ("t", "sign_flip", "median")
"""Methods for effects that are 0 where nothing differs."""
TALLY = {
    "supported": ("holds", "hold"),
    "refuted": ("does not", "do not"),
    "mixed": ("holds in part", "hold in part"),
    "open": ("is open", "are open"),
}


class PartLike(Protocol):
    """A part with its verdict; ``claims.JudgedPart`` provides it."""

    @property
    def label(self) -> str:
        """The case that it covers."""
        ...

    @property
    def verdict(self) -> Verdict:
        """Its verdict."""
        ...


class ClaimLike(Protocol):
    """A claim with its word; ``claims.JudgedClaim`` provides it."""

    @property
    def name(self) -> str:
        """The claim's name."""
        ...

    @property
    def word(self) -> Word:
        """The verdict."""
        ...

    @property
    def parts(self) -> Sequence[PartLike]:
        """Its effects."""
        ...


def answer(prepared: Sequence[AnswerPlan], claims: Sequence[ClaimLike]) -> str:
    """The answer to a scenario's question: the prepared sentences that match the verdicts, or else a count of verdicts."""
    seen = [part.verdict for claim in claims for part in claim.parts]
    if seen and all(math.isnan(verdict.p_value) and verdict.word == "open" for verdict in seen):
        most = max(verdict.seeds for verdict in seen)
        return f"No verdict yet: {most} replicate{'s' * (most != 1)}, and the first look is at {LOOKS[0]}."
    # A claim that waits for the first look matches no prepared sentence, not even one for an open verdict.
    words = {claim.name: "waiting" if _waits(claim) else claim.word for claim in claims}
    facts = {claim.name: facts_of(claim.parts) for claim in claims}
    told = [
        filled(each.text, facts)
        for each in prepared
        if all(words.get(name) in allowed.split("|") for name, allowed in each.when.items())
    ]
    return " ".join(told) or _count(claims)


def filled(text: str, facts: Mapping[str, Mapping[str, str]]) -> str:
    """A prepared sentence with ``{claim.fact}`` replaced by what was found; what is unknown stays as it stands.

    Args:
        text: the sentence.
        facts: by claim, those of `facts_of`.
    """
    return re.sub(r"{(\w+)\.(\w+)}", lambda found: facts.get(found[1], {}).get(found[2], found[0]), text)


def facts_of(parts: Sequence[PartLike]) -> dict[str, str]:
    """What a sentence may say of a claim.

    Args:
        parts: its effects.

    Returns:
        ``supported``, ``refuted`` and ``open``: the labels of these parts. ``size``: the smallest and the largest effect with
        two digits, without a sign where all effects have the same. ``points`` and ``percent``: the same in hundredths. With a
        number behind it, such as ``size1`` or ``points2``, that of one part.
    """
    told = {word: enumeration([part.label for part in parts if part.verdict.word == word]) for word in PART_WORDS}
    told |= _sizes([part.verdict.effect for part in parts if math.isfinite(part.verdict.effect)])
    for number, part in enumerate(parts, 1):
        told |= {f"{name}{number}": text for name, text in _sizes([part.verdict.effect]).items()}
    return told


def _sizes(effects: Sequence[float]) -> dict[str, str]:
    """The smallest to the largest effect in words, without a sign unless both signs occur."""
    differ = min(effects, default=0.0) < 0 < max(effects, default=0.0)
    sizes = effects if differ else [abs(effect) for effect in effects]
    small, large = min(sizes, default=math.nan), max(sizes, default=math.nan)
    hundredths = _from_to(100 * small, 100 * large)
    return {"size": _from_to(small, large), "points": hundredths, "percent": f"{hundredths} %"}


def _from_to(low: float, high: float) -> str:
    ends = [numerals.short(end, 2) for end in (low, high)]
    return " to ".join(dict.fromkeys(ends))


def sentence_of(claim: ClaimPlan, word: str, parts: Sequence[PartLike]) -> str:
    """The claim's own sentence for this outcome, filled with labels and numbers, and the bound of every part that is open."""
    if not parts:
        return "Not judged: the arms it compares were not run."
    effects = [part.verdict.effect for part in parts if not math.isnan(part.verdict.effect)]
    if not effects:
        return "Not measured: the runs are too short or lack the data it needs."
    labels = {word: [part.label for part in parts if part.verdict.word == word] for word in PART_WORDS}
    low, high = numerals.span(effects, 2)
    template = _without_empty(claim.outcomes.get(word, claim.outcomes[""]), labels)
    told = (_without_range(template) if low == high else template).format(
        **{name: enumeration(named) for name, named in labels.items()},
        low=low,
        high=high,
        seeds=min(part.verdict.seeds for part in parts),
    )
    return " ".join([told, *_signs(claim.parts, parts), *_bounds(parts)]).strip()


def enumeration(items: Sequence[str]) -> str:
    """Items as in a sentence: ``a, b and c``, or ``none``."""
    between = "; " if any("," in item for item in items) else ", "
    return " and ".join([between.join(items[:-1]), items[-1]] if len(items) > 1 else items) or "none"


def _waits(claim: ClaimLike) -> bool:
    undecided = [part.verdict for part in claim.parts if part.verdict.word == "open"]
    return claim.word == "open" and bool(undecided) and all(math.isnan(verdict.low) for verdict in undecided)


def _signs(plans: Sequence[PartPlan], parts: Sequence[PartLike]) -> list[str]:
    """Differences that are smaller than what they are compared with, or not surely larger, but surely not 0."""
    sides: dict[str, list[str]] = {"above": [], "below": []}
    for plan, part in zip(plans, parts, strict=True):
        if plan.control is not None and plan.method in OF_DIFFERENCES and not _tells_sign(part.verdict):
            low, high = part.verdict.low, part.verdict.high
            for side in ["above"] * (low > 0) + ["below"] * (high < 0):
                sides[side].append(part.label)
    named = {side: f": {enumeration(labels)}" if len(parts) > 1 else "" for side, labels in sides.items()}
    return [f"{side.capitalize()} 0 in any case{named[side]}." for side, labels in sides.items() if labels]


def _tells_sign(verdict: Verdict) -> bool:
    """Whether the word alone says on which side of 0 the effect lies."""
    if verdict.margin is not None:
        return False
    ahead = verdict.threshold if verdict.expects == "greater" else -verdict.threshold
    return (verdict.word == "supported" and ahead >= 0) or (verdict.word == "refuted" and ahead <= 0)


def _bounds(parts: Sequence[PartLike]) -> list[str]:
    """What is known about the open parts; a part without bounds yet is left out."""
    known = [part for part in parts if part.verdict.word == "open" and part.verdict.is_bounded]
    bounds = [f"{part.label}, {part.verdict.bound}" if len(parts) > 1 else part.verdict.bound for part in known]
    return [f"Still open: {'; '.join(bounds)}."] if bounds else []


def _count(claims: Sequence[ClaimLike]) -> str:
    found = Counter(claim.word for claim in claims)
    told = [f"{found[word]} {forms[found[word] > 1]}" for word, forms in TALLY.items() if found[word]]
    return f"It depends. Of the statements below, {enumeration(told)}."


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
