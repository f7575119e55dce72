"""How often verdicts err when the truth is known, and how often they see an effect: ``python -m tests.kit.error_rates`` prints it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
from scipy import stats

from diagnostics.runs.experiment import Experiment
from diagnostics.statistics.counts import CountRatio
from diagnostics.statistics.evidence import Evidence
from diagnostics.statistics.looks import LEVEL, LOOKS
from diagnostics.statistics.order import OrderStatistics
from diagnostics.statistics.sign_flip import SignFlip
from diagnostics.statistics.student import student
from diagnostics.verdict.claims import judge_claims

MOST = LOOKS[-1]
Random = np.random.Generator


def _normal(random: Random) -> np.ndarray:
    return random.normal(size=(2, MOST))


def _skewed(random: Random) -> np.ndarray:
    return random.lognormal(0, 1, (2, MOST))


def _tied(random: Random) -> np.ndarray:
    return random.normal(0, 0.8, (2, MOST)).round()


def _counts(random: Random) -> np.ndarray:
    """Two arms whose counts vary twice as much as Poisson's, in runs that differ in rate."""
    return random.poisson(8 * random.gamma(2, 1 / 2, MOST) * random.gamma(4, 1 / 4, (2, MOST))).astype(float)


def _failing(random: Random) -> np.ndarray:
    """One run in ten diverges."""
    return np.where(random.random((2, MOST)) < 0.1, np.inf, random.normal(size=(2, MOST)))


KINDS: dict[str, tuple[str, Callable[[Random], np.ndarray], float]] = {
    "normal": ("t", _normal, 0.0),
    "skewed": ("sign_flip", _skewed, 0.0),
    "counts": ("counts", _counts, 1.0),
    "tied": ("sign_flip", _tied, 0.0),
    "failing runs": ("t", _failing, 0.0),
}
"""Of each kind: the method that a scenario would declare, two arms that do not differ, and the effect's value under that."""


def false_support(random: Random) -> bool:
    """Whether a scenario of five claims, none of them true, supports any of them at any of its looks.

    Args:
        random: the generator of one simulated scenario.
    """
    arms, claims = {}, []
    for kind, (method, draw, nothing) in KINDS.items():
        names = [f"{kind}-treated", f"{kind}-control"]
        arms |= dict(zip(names, draw(random), strict=True))
        part = {"label": kind, "measure": "recorded", "parameters": {"name": "value"}, "threshold": nothing}
        part |= {"treated": names[0], "control": names[1], "scale": "difference", "expects": "greater"}
        part |= {"margin": None, "unit": "", "method": method}
        claims.append({"name": kind, "statement": "", "parts": [part], "threshold": "", "outcomes": {"": ""}})
    return any(_supported(arms, claims, look) for look in LOOKS)


def coverage(kind: str, random: Random, samples: int) -> dict[int, float]:
    """How often the interval of one look holds the truth.

    Args:
        kind: a key of ``TRUTHS``.
        random: the generator.
        samples: number of simulated experiments.
    """
    draw, evidence, truth = TRUTHS[kind]
    held = dict.fromkeys(LOOKS, 0)
    for _ in range(samples):
        values = draw(random)
        for look in LOOKS:
            low, high = evidence(values[..., :look]).bounds(LEVEL)
            held[look] += low <= truth <= high
    return {look: count / samples for look, count in held.items()}


TRUTHS: dict[str, tuple[Callable[[Random], np.ndarray], Callable[[np.ndarray], Evidence], float]] = {
    "normal, t": (lambda random: random.normal(0.7, 1, MOST), student, 0.7),
    "skewed arms, sign flip": (lambda random: 0.7 + np.subtract(*_skewed(random)), SignFlip, 0.7),
    "skewed values, median": (lambda random: random.lognormal(0, 1, MOST), OrderStatistics, 1.0),
    "counts, ratio 2": (
        lambda random: random.poisson(np.array([[16], [8]]) * random.gamma(4, 1 / 4, (2, MOST))),
        lambda pair: CountRatio(*pair),
        2.0,
    ),
    "tied, sign flip": (lambda random: 0.5 + random.normal(0, 0.8, MOST).round(), SignFlip, 0.5),
    "one run in five fails, median": (
        lambda random: np.where(random.random(MOST) < 0.2, np.inf, random.normal(size=MOST)),
        OrderStatistics,
        float(stats.norm.ppf(0.5 / 0.8)),
    ),
}
"""Of each kind: how effects are drawn, the method, and the true value."""


def power(effect: float, look: int, claims: int) -> float:
    """The probability that t supports an effect at one look.

    Args:
        effect: true effect over the standard deviation of its replicates.
        look: number of replicates.
        claims: claims in the scenario, all as hard to decide.
    """
    limit = stats.t.isf(LEVEL / claims, look - 1)
    return float(stats.nct.sf(limit, look - 1, effect * math.sqrt(look)))


def _supported(arms: dict[str, np.ndarray], claims: list[dict[str, Any]], look: int) -> bool:
    runs = {
        arm: {n: SimpleNamespace(metadata={"recorded": {"value": value}}) for n, value in enumerate(values[:look])}
        for arm, values in arms.items()
    }
    metadata = {"claims": claims, "answers": [], "figures": [], "arms": {}, "seeds": [], "question": "?"}
    metadata |= {"config": {"epochs": 1, "batch_size": 1}, "data": {"name": "", "classes": 2, "train": 1}}
    return any(claim.word == "supported" for claim in judge_claims(Experiment(Path(), metadata, cast(Any, runs))))


def tables(samples: int) -> Iterator[str]:
    """The tables of ``docs/verdicts.md``, line by line."""
    wrong = np.mean([false_support(np.random.default_rng(seed)) for seed in range(samples)])
    yield f"False support anywhere in a scenario of five false claims, over four looks: {100 * wrong:.1f} %\n"
    yield f"| effects, method | {' | '.join(map(str, LOOKS))} |\n|---|{'---|' * len(LOOKS)}"
    for kind in TRUTHS:
        found = coverage(kind, np.random.default_rng(1), samples)
        yield f"| {kind} | {' | '.join(f'{100 * share:.1f} %' for share in found.values())} |"
    yield f"\n| effect / deviation | claims | {' | '.join(map(str, LOOKS))} |\n|---|---|{'---|' * len(LOOKS)}"
    for effect in (0.5, 1.0, 1.5, 2.0, 3.0):
        for claims in (1, 5):
            shares = " | ".join(f"{100 * power(effect, look, claims):.0f} %" for look in LOOKS)
            yield f"| {effect:g} | {claims} | {shares} |"


if __name__ == "__main__":
    print("\n".join(tables(2000)))
