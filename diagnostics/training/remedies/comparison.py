"""Tries every remedy that the findings of a program suggest, with the same seeds and the same budget."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from diagnostics.measures.remedied import Remedied
from diagnostics.pages.remedies import Found, Outcome, in_words
from diagnostics.rules import Remedy
from diagnostics.training.remedies.program import Make
from diagnostics.training.remedies.rebuilding import NotTriedError
from diagnostics.training.remedies.trial import Trial, tried

MOST = 0.5
"""Share of the seeds in which a finding must stand, to be one of the program and not of a seed."""

Say = Callable[[str], None]


def compare(make: Make, seeds: Sequence[int], directory: Path, only: Sequence[str] | None, say: Say) -> Outcome:
    """Train as it is, then with each remedy.

    Args:
        make: makes the program of a seed.
        seeds: at least two.
        directory: for the runs, a folder by remedy and one by seed in it.
        only: changes to try; all that the findings suggest if None.
        say: told before each training.

    Raises:
        UsageError: the program cannot be trained.
    """
    before = _trials(make, seeds, directory / "as-it-is", None, say)
    found = _found(before)
    outcomes, not_tried = [], {}
    for remedy, cause in _suggested(found):
        words = in_words(remedy)
        if only is not None and remedy.change not in only:
            not_tried[words] = "left out by --only"
            continue
        try:
            after = _trials(make, seeds, directory / _folder(words), remedy, say)
        except NotTriedError as why:
            not_tried[words] = str(why)
            continue
        skills = [one.skill for one in before], [one.skill for one in after]
        outcomes.append(Remedied(words, cause, *skills, _share(cause, after), _share(cause, before)))
    return Outcome(seeds, [one.skill for one in before], found, outcomes, not_tried)


def _trials(make: Make, seeds: Sequence[int], folder: Path, remedy: Remedy | None, say: Say) -> list[Trial]:
    found = []
    for seed in seeds:
        say(f"{'as it is' if remedy is None else in_words(remedy)}, seed {seed}")
        found.append(tried(make, seed, folder / f"seed-{seed}", remedy))
    return found


def _found(trials: Sequence[Trial]) -> list[Found]:
    """The findings that stand in most seeds, in the order of the first seed that has them."""
    counts = Counter(one.rule for trial in trials for one in trial.loud)
    first = {one.rule: one for trial in reversed(trials) for one in trial.loud}
    order = {rule: place for trial in reversed(trials) for place, rule in enumerate(one.rule for one in trial.loud)}
    lasting = [rule for rule in sorted(first, key=lambda rule: order[rule]) if counts[rule] > MOST * len(trials)]
    return [Found(first[rule], counts[rule]) for rule in lasting]


def _suggested(found: Sequence[Found]) -> Iterator[tuple[Remedy, str]]:
    """Each remedy once, with the first rule that suggests it."""
    seen = set()
    for one in found:
        for remedy in one.finding.remedies:
            words = in_words(remedy)
            if words not in seen:
                seen.add(words)
                yield remedy, one.finding.rule


def _share(rule: str, trials: Sequence[Trial]) -> float:
    return sum(rule in {one.rule for one in trial.loud} for trial in trials) / len(trials)


def _folder(words: str) -> str:
    return re.sub(r"[^a-z0-9.]+", "-", words.lower().replace("×", "x")).strip("-")
