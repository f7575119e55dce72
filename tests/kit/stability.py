"""How often another run would change a word: ``python -m tests.kit.stability RUNS [AGAIN] [--times 100]``.

RUNS and AGAIN are folders of ``diagnostics.run all --thorough``. Their replicates are pooled and drawn from with replacement, as many
as a thorough run has, all claims of a scenario together. Two such draws give the same word with the probability that is printed; a
claim whose effect lies far from its threshold keeps it always. What depends on numbers of another kind than replicates, such as
another machine, is not in it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from diagnostics.runs.experiment import Experiment, load_experiment
from diagnostics.statistics.looks import LOOKS
from diagnostics.verdict.claims import judge_effects
from diagnostics.verdict.effects import Effects, effects_of


def words(experiments: Sequence[Experiment], times: int, seed: int = 0) -> dict[str, Counter[str]]:
    """How often each word came out of resampled replicates.

    Args:
        experiments: runs of one scenario, with different replicates.
        times: number of draws.
        seed: of the draws.

    Returns:
        By claim, the number of draws with each word.
    """
    claims = experiments[0].plan.claims
    measured = [[_pooled(effects_of(each, part) for each in experiments) for part in claim.parts] for claim in claims]
    size = max(effects.values.size + effects.failed for own in measured for effects in own)
    random = np.random.default_rng(seed)
    found = {claim.name: Counter[str]() for claim in claims}
    for _ in range(times):
        rows = random.integers(0, size, LOOKS[-1])
        drawn = [[_drawn(effects, rows) for effects in own] for own in measured]
        for claim in judge_effects(claims, drawn):
            found[claim.name][claim.word] += 1
    return found


def differs(counts: Counter[str]) -> float:
    """The probability that two draws give different words.

    Examples:
        >>> differs(Counter(supported=8)), differs(Counter(supported=4, open=4))
        (0.0, 0.5)
    """
    return 1 - sum((count / counts.total()) ** 2 for count in counts.values())


def _pooled(effects: Iterable[Effects]) -> Effects:
    """The effects of several runs, one after the other."""
    every = list(effects)
    values, treated, control = (
        np.concatenate([getattr(each, name) for each in every]) for name in ("values", "treated", "control")
    )
    return Effects(values, treated, control, failed=sum(each.failed for each in every))


def _drawn(effects: Effects, rows: np.ndarray) -> Effects:
    """The chosen replicates; row numbers beyond the measured ones are failed runs."""
    measured = rows[rows < effects.values.size]
    control = effects.control[measured] if effects.control.size else effects.control
    return replace(
        effects,
        values=effects.values[measured],
        treated=effects.treated[measured],
        control=control,
        failed=int(rows.size - measured.size),
    )


def _loaded(folders: Sequence[Path], name: str) -> list[Experiment]:
    return [load_experiment(folder / name) for folder in folders if (folder / name / "findings.json").exists()]


def main() -> None:
    """Print every claim that another run may change, and how many changes are to be expected in all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--times", type=int, default=100)
    asked = parser.parse_args()
    claims, expected = 0, 0.0
    for name in sorted({file.parent.name for file in asked.folders[0].glob("*/findings.json")}):
        for claim, counts in words(_loaded(asked.folders, name), asked.times).items():
            claims, expected = claims + 1, expected + differs(counts)
            if len(counts) > 1:
                shares = ", ".join(f"{word} {count / counts.total():.0%}" for word, count in counts.most_common())
                print(f"{name}.{claim}: {differs(counts):.0%} ({shares})", flush=True)
    print(f"{expected:.1f} of {claims} claims are expected to change from one thorough run to the next")


if __name__ == "__main__":
    main()
