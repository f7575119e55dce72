"""A finding as a letter: what, where, since when, how sure, why we think so, and what to try."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from diagnostics.figures.columns import quantity
from diagnostics.pages.advice import advice_on
from diagnostics.pages.evidence import figures_of, first_step, last_step
from diagnostics.pages.model_picture import link_to
from diagnostics.pages.page import Advice, Letter, Place, Table
from diagnostics.rules import LOUD, Finding, rules
from diagnostics.runs.run import Run
from diagnostics.wording.about import TEXTS
from diagnostics.wording.findings import oddity, page, title
from diagnostics.wording.numerals import MISSING, percent, short

CERTAINTY = ((0.9, "very likely"), (0.7, "likely"), (0.0, "possible"))
"""Words for a finding's confidence, from the least share on."""
OUTCOMES = {"clean": "passed", "info": "odd, no harm"}
"""Words for a check that asks for nothing."""
UNITS = {
    "vanishing_gradient": ("decades lost", "decades gained"),
    "exploding_gradient": ("decades gained", "decades lost"),
}
"""What a rule's number counts where its name does not tell, and what it counts below 0."""
LATE = 0.1
"""The share at a training's end that counts as its end."""
BOUNDED, ODD = ("check", "measured", "what was seen"), ("noted", "what was seen", "measured", "what it means")
"""Titles of the tables of checks that passed, and of oddities."""
NO_LAYER = "no single layer"
"""Where a finding about the model as a whole, its data or its settings is."""
MOST_PLACES = 6
"""Most groups of layers that a letter names; the model's picture marks all of them."""


def letter_of(run: Run, finding: Finding, others: Collection[str], *, alone: bool = False) -> Letter:
    """The letter about one finding.

    Args:
        run: the run that was judged.
        finding: a finding that asks for something to be done.
        others: the rules with a letter of their own.
        alone: whether the page says anyway that it explains all of these.
    """
    # A consequence shows what its cause shows, and the page's own figures hold the rest.
    evidence, course = (None, None) if finding.explained_by in others else figures_of(run, finding)
    return Letter(
        rule=finding.rule,
        layers=finding.layers,
        name=title(finding.rule),
        word=finding.severity,
        statement=finding.what,
        means=finding.means,
        where=tuple(_places(run, finding.layers)) or (Place(NO_LAYER, "#model"),),
        since=_since(run, finding),
        sure=_sure(finding),
        bound=bound_of(finding),
        advice=_advice(run, finding, others),
        note=_note(finding, () if alone else others),
        evidence=evidence,
        course=course,
        friends=TEXTS[finding.rule][1] if finding.rule in TEXTS else "",
    )


def _advice(run: Run, finding: Finding, others: Collection[str]) -> tuple[Advice, ...]:
    """What to try; for a consequence nothing but its cause, whose cure may ask for the opposite."""
    if finding.explained_by in others:
        return (Advice(f"Fix {title(finding.explained_by)} first: this finding follows from it."),)
    own = (Advice(finding.do),) if finding.do else ()
    return (*own, *advice_on(run, finding.layers, finding.remedies))


def bound_of(finding: Finding) -> str:
    """What was measured and what it was compared with, such as ``"0.62, bound 0.1"``; empty if the finding has neither."""
    value, threshold = finding.value, finding.threshold
    if value is None or threshold is None:
        return ""
    ratio = value / threshold if threshold and np.isfinite(value) else np.nan
    if not ratio > 0 or 0.5 < ratio < 2:
        near = ""
    elif finding.severity in (*LOUD, "info"):
        near = f" ({short(ratio, 2)} × the bound)"
    else:
        near = f" (a factor of {short(max(ratio, 1 / ratio), 2)} away)"
    if finding.evidence and quantity(finding.evidence[0].column).label.endswith("(share)"):
        return f"{percent(value)}, bound {percent(threshold)}{near}"
    if finding.rule in UNITS:
        unit, opposite = UNITS[finding.rule]
        return (
            f"{short(abs(value))} {opposite if value < 0 else unit}, bound {short(threshold)} {unit.split()[-1]}{near}"
        )
    return f"{short(value)}, bound {short(threshold)}{near}"


def measured_of(findings: Sequence[Finding]) -> Table | None:
    """The checks that passed and compared a number with a bound, and how far the run is from it; ``None`` without any."""
    rows = tuple((title(one.rule), bound_of(one), one.what) for one in findings if _passed(one) and bound_of(one))
    return Table("How far the run is from each bound.", BOUNDED, rows, terminal=False) if rows else None


def noted_of(findings: Sequence[Finding]) -> Table | None:
    """The oddities: what was seen, against which bound, and why none of it asks for a change; ``None`` without any."""
    rows = tuple(
        (oddity(one.rule), one.what, bound_of(one) or MISSING, one.means or MISSING)
        for one in findings
        if one.severity == "info"
    )
    return Table("Odd, and no reason to change anything by itself.", ODD, rows, terminal=False) if rows else None


def _passed(finding: Finding) -> bool:
    return finding.severity != "info"


def others_of(findings: Sequence[Finding]) -> Table | None:
    """The checks that passed without a number to compare; ``None`` without any."""
    rows = tuple((title(one.rule), one.what) for one in findings if _passed(one) and not bound_of(one))
    return Table("Checks that passed.", ("check", "what was seen"), rows, terminal=False) if rows else None


def missing_of(findings: Sequence[Finding]) -> Table:
    """The checks that lacked data, grouped by what would enable them.

    Args:
        findings: those that were not evaluated.
    """
    groups: dict[str, list[Finding]] = {}
    for one in findings:
        groups.setdefault(one.do, []).append(one)
    rows = tuple(
        (", ".join(title(one.rule) for one in group), "; ".join(dict.fromkeys(map(_lack, group))), do or MISSING)
        for do, group in groups.items()
    )
    return Table("The run lacks what these need.", ("checks", "missing", "to enable them"), rows, terminal=False)


def _lack(finding: Finding) -> str:
    """What a rule lacked, without the list of what the run has instead."""
    return finding.what.removeprefix("Not evaluated: needs ").partition("; the run has ")[0].rstrip(".")


def _places(run: Run, layers: Sequence[str]) -> Iterator[Place]:
    """Consecutive layers as one place: ``hidden_1 to hidden_6``."""
    order = {str(name): place for place, name in enumerate(run.layers["layer"].unique())} if len(run.layers) else {}
    groups: list[list[str]] = []
    for name in sorted(layers, key=lambda name: order.get(name, len(order))):
        if groups and order.get(name, -1) == order.get(groups[-1][-1], -9) + 1:
            groups[-1].append(name)
        else:
            groups.append([name])
    for group in groups[:MOST_PLACES]:
        many = f"{group[0]} to {group[-1]} ({len(group)} layers)" if len(group) > 2 else " and ".join(group)
        yield Place(many, link_to(group[0]))
    if left := sum(map(len, groups[MOST_PLACES:])):
        yield Place(f"{left} more", "#model")


def _since(run: Run, finding: Finding) -> str:
    first, end = first_step(run, finding), last_step(run)
    if first is None:
        return "" if end is None else f"judged on the whole run, steps 0 to {end:,}"
    begun = f"step {first:,}" if first else "the start"
    last = int(max(finding.steps)) if finding.steps else end
    if last is None or last == first:
        return f"seen at step {first:,}, the last" if first and first == end else begun
    # A rule looks at windows of measured steps: what lasts into the last tenth of the training lasts to its end.
    to_the_end = end is not None and last >= end - LATE * (end - first)
    return f"{begun}, to the end" if to_the_end else f"{begun}, until step {last:,}"


def _sure(finding: Finding) -> str:
    word = next(word for least, word in CERTAINTY if finding.confidence >= least)
    return f"{word} a fault ({percent(finding.confidence)})"


def _note(finding: Finding, others: Collection[str]) -> str:
    explained = [title(rule) for rule in finding.explains if rule in others]
    parts = [
        f"Explained by {title(finding.explained_by)}." if finding.explained_by else "",
        f"Also explains: {', '.join(explained)}." if explained else "",
        f"See {finding.reference.removesuffix('.')}." if finding.reference else "",
        f"More: {page(finding.rule)}." if finding.rule in rules() else "",
    ]
    return " ".join(part for part in parts if part)
