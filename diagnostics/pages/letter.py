"""A finding as a letter: what, where, since when, how sure, why we think so, and what to try."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from diagnostics.pages.advice import advice_on
from diagnostics.pages.bounds import bound_of
from diagnostics.pages.evidence import figures_of, first_step, judged_on, last_step
from diagnostics.pages.model_picture import link_to
from diagnostics.pages.page import Advice, Letter, Place, Table
from diagnostics.rules import Finding, rules
from diagnostics.rules.finding import UNJUDGED
from diagnostics.runs.run import Run
from diagnostics.wording.about import TEXTS
from diagnostics.wording.findings import JUDGED, observed, oddity, page, title
from diagnostics.wording.numerals import MISSING, percent

CERTAINTY = ((0.9, "very likely"), (0.7, "likely"), (0.0, "possibly"))
"""Words for a finding's confidence, from the least share on."""
OUTCOMES = {"clean": "passed", "info": "odd, no harm"}
"""Words for a check that asks for nothing."""
LATE = 0.1
"""The share at a training's end that counts as its end."""
BOUNDED, ODD = ("check", "measured", "what was seen"), ("noted", "what was seen", "measured", "what it means")
"""Titles of the tables of checks that passed, and of oddities."""
OFTEN = 3
"""Rows with the same remedy from which on it is told above the table."""
NOTED = "Unusual, but no reason on its own to change anything."
FOLLOWING = "Seen beside the findings, and no reason on its own to change anything."
MEASURED = "non_finite"
"""The rule whose confidence is that of a cause, while its finding is a fact: a number that is none was recorded."""
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
    follows = finding.explained_by in others
    evidence, course = (None, None) if follows else figures_of(run, finding)
    return Letter(
        rule=finding.rule,
        layers=finding.layers,
        name=observed(finding.rule) if follows else title(finding.rule),
        word=finding.severity,
        statement=_seen(finding) if follows else finding.what,
        means="" if follows else finding.means,
        where=tuple(_places(run, finding.layers)) or (Place(NO_LAYER, "#model"),),
        since=_since(run, finding),
        sure=_sure(finding),
        bound=bound_of(finding),
        advice=_advice(run, finding, others),
        note=_note(finding, () if alone else others),
        evidence=evidence,
        course=course,
        friends=TEXTS[finding.rule][1] if finding.rule in TEXTS and not follows else "",
    )


def _seen(finding: Finding) -> str:
    """What was measured, without a judgement on a setting that another finding accounts for."""
    told = finding.what.partition(": ")[2] if finding.rule in JUDGED else ""
    return f"{told[0].upper()}{told[1:]}" if told else finding.what


def _advice(run: Run, finding: Finding, others: Collection[str]) -> tuple[Advice, ...]:
    """What to try; for a consequence nothing but its cause, whose cure may ask for the opposite."""
    if finding.explained_by in others:
        return (Advice(f"Fix {title(finding.explained_by)} first: this finding follows from it."),)
    own = (Advice(finding.do),) if finding.do else ()
    return (*own, *advice_on(run, finding.layers, finding.remedies))


def measured_of(findings: Sequence[Finding]) -> Table | None:
    """The checks that passed and compared a number with a bound, and how far the run is from it; ``None`` without any."""
    rows = tuple((title(one.rule), bound_of(one), one.what) for one in findings if _passed(one) and bound_of(one))
    return (
        Table("Checks that passed, with the number that each measured.", BOUNDED, rows, terminal=False)
        if rows
        else None
    )


def noted_of(findings: Sequence[Finding]) -> Table | None:
    """The oddities: what was seen, against which bound, and why none of it asks for a change; ``None`` without any.

    What a finding of the page explains comes last, and names that finding in place of a cause of its own.
    """
    noted = [one for one in findings if one.severity == "info"]
    rows = tuple(
        (
            _odd_name(one),
            _seen(one) if one.explained_by else one.what,
            bound_of(one) or MISSING,
            _follows(one) or one.means or MISSING,
        )
        for one in sorted(noted, key=lambda one: bool(one.explained_by))
    )
    beside = any(one.explained_by for one in noted)
    return Table(FOLLOWING if beside else NOTED, ODD, rows, terminal=False) if rows else None


def _odd_name(finding: Finding) -> str:
    return observed(finding.rule) if finding.explained_by else oddity(finding.rule)


def _follows(finding: Finding) -> str:
    return f"It follows from {title(finding.explained_by)}." if finding.explained_by else ""


def _passed(finding: Finding) -> bool:
    return finding.severity != "info" and not finding.is_unjudged


def others_of(findings: Sequence[Finding]) -> Table | None:
    """The checks that passed without a number to compare; ``None`` without any."""
    rows = tuple((title(one.rule), one.what) for one in findings if _passed(one) and not bound_of(one))
    return Table("Checks that passed.", ("check", "what was seen"), rows, terminal=False) if rows else None


def unjudged_of(findings: Sequence[Finding]) -> Table | None:
    """The checks that make no complaint only because there was nothing to judge; ``None`` without any."""
    rows = tuple((title(one.rule), one.what) for one in findings if one.is_unjudged)
    return Table(UNJUDGED, ("check", "what was seen"), rows, terminal=False) if rows else None


def missing_of(findings: Sequence[Finding]) -> Table:
    """The checks that could not judge, those with the same reason in one row.

    Args:
        findings: those that were not evaluated.
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for one in findings:
        groups.setdefault((_lack(one), one.do), []).append(title(one.rule))
    ways = Counter(do for _, do in groups if do)
    usual, count = ways.most_common(1)[0] if ways else ("", 0)
    often = count >= OFTEN  # said once, and not in each row
    rows = tuple(
        (", ".join(names), lack, "" if often and do == usual else do or MISSING) for (lack, do), names in groups.items()
    )
    caption = "Why each of these could not be judged." + f" Where the last column is empty: {usual}" * often
    return Table(caption, ("checks", "missing", "to enable them"), rows, terminal=False)


def _lack(finding: Finding) -> str:
    """What a rule lacked, without the list of statistics that the run has instead."""
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
        return judged_on(run, finding).replace("judged on steps 0 to", "judged on the whole run, steps 0 to")
    begun = f"step {first:,}" if first else "the start"
    last = int(max(finding.steps)) if finding.steps else end
    if last is None or last == first:
        return f"seen at step {first:,}, the last" if first and first == end else begun
    # A rule looks at windows of measured steps: what lasts into the last tenth of the training lasts to its end.
    to_the_end = end is not None and last >= end - LATE * (end - first)
    return f"{begun}, to the end" if to_the_end else f"{begun}, until step {last:,}"


def _sure(finding: Finding) -> str:
    if finding.confidence >= 1 or finding.rule == MEASURED:
        return "certain: it was measured"
    word = next(word for least, word in CERTAINTY if finding.confidence >= least)
    return f"{word} a fault ({percent(finding.confidence)})"


def _note(finding: Finding, others: Collection[str]) -> str:
    # A consequence explains nothing by itself, its own cause least of all.
    explained = [] if finding.explained_by else [title(rule) for rule in finding.explains if rule in others]
    parts = [
        # Where the cause has a letter, the advice sends there.
        f"Follows from {title(finding.explained_by)}." if finding.explained_by not in ("", *others) else "",
        f"Also explains: {', '.join(explained)}." if explained else "",
        f"See {finding.reference.removesuffix('.')}." if finding.reference else "",
        f"More: {page(finding.rule)}." if finding.rule in rules() else "",
    ]
    return " ".join(part for part in parts if part)
