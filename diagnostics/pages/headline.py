"""The two sentences at the top of a run's page: its worst finding, and the data behind it. Needs no page and no figure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from diagnostics.rules import LOUD, Finding, rules
from diagnostics.runs.facts import Layer, Training
from diagnostics.runs.run import Run
from diagnostics.wording import findings
from diagnostics.wording.numerals import percent, short

ENDED = "ended"
"""The rule that tells whether a run is complete: the other findings are read in its light."""
NON_FINITE = "non_finite"
"""The rule whose finding everybody asks the step of."""
LONGER = ("stopped_early", "slow_loss")
"""Oddities that say one thing, that training longer would help; the first says it in words for users."""
TOO_HIGH = "learning_rate_too_high"
"""The consequence that invites a second change, which may not be needed."""
SPARSE = 0.25
"""Share of checks that could not be made above which the first sentence says so."""
MOST_NAMED = 5
"""Most checks that could not be made and are named all."""
MISSED = ("vanishing_gradient", "exploding_gradient", "over_fitting", "dead_units", "non_finite", "stuck_loss")
"""The checks whose lack a reader has to know first."""


CLOSED = 0.2
"""Seconds for closing a run's files that are worth a word."""
MOSTLY = 0.9
"""Share of the parameters that are trained in a model without frozen ones: the others are averages of normalisations."""
AHEAD = 2.0
"""Times the training loss from which on a validation loss is far above it."""
FAR = 10.0
"""A factor from which on one digit is enough."""
LEFT = 0.02
"""The share of a run's time above which what is left of it is told."""
LARGE, SHORT = 0.2, 10.0
"""A share of measuring above this says nothing about a training of less than so many seconds: most of it is the first file."""


def answer(found: Sequence[Finding], *, span: tuple[int, int] | None = None, since: str = "", normal: str = "") -> str:
    """How the run ended if it was cut short, then the first finding; without one: that, since when, and how far to trust it.

    Args:
        found: what the rules found.
        span: the first and the last step of the run, where they are known.
        since: since when the first finding shows, for findings that do not say so themselves, such as ``"from the start"``.
        normal: how the run compares with healthy ones, as sentences.
    """
    cut = next((one.what for one in found if one.rule == ENDED and one.severity in (*LOUD, "info")), "")
    loud = [finding for finding in found if finding.severity in LOUD and finding.rule != ENDED]
    if loud or cut:
        return " ".join(part for part in (cut, *(_told(loud, since) if loud else ())) if part)
    # How a run ended is told by its status, and is no check of what was trained.
    checks = [one for one in found if one.rule != ENDED]
    passed, odd, lacking = (
        [one for one in checks if one.severity == severity] for severity in ("clean", "info", "not_evaluated")
    )
    empty = [one for one in passed if one.is_unjudged]
    passed = [one for one in passed if not one.is_unjudged]
    if not passed and not odd:
        return "This run did not record enough for any check."
    when = f" from step {span[0]:,} to {span[1]:,}" if span else ""
    sparse = len(lacking) > SPARSE * len(checks)
    made = f"{len(passed) + len(odd)} of {len(checks)} checks could be made"
    lead = f"No fault was found{when}, but only {made}." if sparse else f"No fault was found in any layer{when}."
    enabled = _enabling(lacking) if sparse else ""
    return " ".join(
        part
        for part in (
            lead,
            _change(odd, passed),
            normal or _nearest(passed),
            _trust(passed, odd, lacking, empty),
            enabled,
        )
        if part
    )


def _change(odd: Sequence[Finding], passed: Sequence[Finding]) -> str:
    """That nothing has to be changed, what would still improve the model, and what else is worth knowing."""
    longer = next((one.what.partition(":")[0].rstrip(".") for one in odd if one.rule == LONGER[0]), "")
    rest = [one for one in odd if one.rule not in (LONGER if longer else ())]
    ahead = [_ahead(passed)] if "not the validation loss" in longer else []
    names = [f"{findings.oddity(one.rule)}{findings.place(one.layers)}" for one in rest]
    told = "; ".join(part for part in (*ahead, *names) if part)
    longer = f"; {longer[:1].lower()}{longer[1:]}" if longer else ""
    return f"Nothing has to be changed{longer}.{f' Noted: {told}.' if told else ''}"


def _ahead(passed: Sequence[Finding]) -> str:
    """How far the loss on validation data, which no longer falls, lies above that on training data; empty where it does not."""
    ends = {one.rule: one.numbers.get("end", 0.0) for one in passed}
    trained, held = ends.get("no_learning", 0.0), ends.get("over_fitting", 0.0)
    if not 0 < AHEAD * trained <= held:
        return ""
    above = f"{short(held)}, {short(held / trained, 2)} times the training loss"
    return (
        f"training is far ahead of validation (the validation loss no longer falls, and ends at {above}): more epochs may only "
        "over-fit"
    )


def _enabling(lacking: Sequence[Finding]) -> str:
    """What would enable most of the checks that could not be made; empty where no single thing would."""
    ways = Counter(one.do for one in lacking if one.do and not one.do.startswith("Nothing"))
    do, count = ways.most_common(1)[0] if ways else ("", 0)
    return f"For {count} of these, {do[:1].lower()}{do[1:]}" if 2 * count > len(lacking) else ""


def _nearest(passed: Sequence[Finding]) -> str:
    """How far the check that is nearest to its bound is from it."""
    ratios = {one.rule: one.value / one.threshold for one in passed if one.value and one.threshold}
    away = {rule: max(ratio, 1 / ratio) for rule, ratio in ratios.items() if 0 < ratio < float("inf")}
    if not away:
        return ""
    rule = min(away, key=away.__getitem__)
    # Both numbers are told in round figures elsewhere, and so is what lies between them.
    factor = f"about {short(float(f'{away[rule]:.1g}'))}" if away[rule] >= FAR else short(away[rule], 2)
    return f"The check nearest to its bound ({findings.title(rule)}) is a factor of {factor} away from it."


def _trust(
    passed: Sequence[Finding], odd: Sequence[Finding], lacking: Sequence[Finding], empty: Sequence[Finding]
) -> str:
    """How many checks passed, and which could not be made; all of them add up."""
    total = len(passed) + len(odd) + len(lacking) + len(empty)
    if len(passed) == total:
        return "The one check passed." if total == 1 else f"All {total} checks passed."
    told = f"{len(passed)} of {total} checks passed"
    parts = [told]
    parts += [f"{len(odd)} found something worth a note"] if odd else []
    parts += [f"{len(empty)} had nothing to judge"] if empty else []
    if not lacking:
        return f"{findings.listed(parts)}."
    known = [findings.title(one.rule) for one in sorted(lacking, key=_weight)]
    some = known if len(known) <= MOST_NAMED else known[:3]
    among = "among them " if len(some) < len(known) else ""
    return f"{', '.join(parts)}, and {len(lacking)} could not be made ({among}{findings.listed(some)})."


def _weight(finding: Finding) -> int:
    """The rank of a check among those that a reader would miss most."""
    return MISSED.index(finding.rule) if finding.rule in MISSED else len(MISSED)


def _told(loud: Sequence[Finding], since: str) -> tuple[str, ...]:
    """What the first finding comes to, what it led to, and what to do first; the measurement itself is in its letter."""
    first = loud[0]
    do = first.do.split(". ")[0].rstrip(".")
    said = findings.sentence(first.rule, first.layers, first.steps, first.means or first.what)
    if since and not (first.steps and min(first.steps)):  # where the sentence does not say so
        head, point, means = said.partition(". ")
        said = f"{head}, {since}{point}{means}"
    return (said, _result(loud), f"{do}." if do else "", _then(loud))


def _then(loud: Sequence[Finding]) -> str:
    """What to do about a learning rate that is too high only in what the first finding made of the model."""
    follows = any(one.rule == TOO_HIGH and one.explained_by == loud[0].rule for one in loud[1:])
    return (
        "Then train again before you lower the learning rate: its steps are too large now, and need not be after that."
        * follows
    )


def _result(loud: Sequence[Finding]) -> str:
    """What the first finding led to: the symptoms that it explains, and since when the run holds no numbers."""
    symptoms = {name for name, rule in rules().items() if rule.is_symptom}
    names = [
        f"{findings.title(one.rule)}{f' since step {min(one.steps):,}' if one.rule == NON_FINITE and one.steps else ''}"
        for one in loud[1:]
        if one.explained_by == loud[0].rule and (one.rule == NON_FINITE or one.rule in symptoms)
    ]
    return f"The result: {', '.join(names)}." if names else ""


def status(run: Run) -> str:
    """The data behind the report: status, steps, layers, seed, cost of measuring."""
    steps = pd.concat([table["step"] for table in (run.layers, run.scalars) if "step" in table]).to_numpy()
    facts = [f"run {run.status}", f"steps {steps.min():,} to {steps.max():,}" if len(steps) else "no steps recorded"]
    facts += _recorded(run)
    facts += [f"seed {run.seed}"] if run.seed is not None else []
    facts += [_cost(run.metadata)] if run.metadata.get("cost") else []
    facts += [f"steps {gap['first']} to {gap['until'] - 1} missing" for gap in run.metadata.get("gaps", ())]
    facts += [f"{len(run.damage)} damaged files left out"] if run.damage else []
    return " · ".join(facts)


def _settings(training: Training) -> Iterator[str]:
    """What readers ask for first: optimizer, batch, and a precision that is not the usual one; what is unknown is left out."""
    known = training.optimizer
    if known and known.class_name:
        yield known.class_name + (f" at {short(known.learning_rate)}" if known.learning_rate else "")
    if training.batch_size:
        yield f"batches of {training.batch_size:,}"
    for name, one in training.optimizers.items():
        yield f"{name}: {one.class_name}" + (f" at {short(one.learning_rate)}" if one.learning_rate else "")
    if training.precision not in (None, "float32"):
        yield training.precision
        scale = known.settings.get("loss_scale") if known else None
        if isinstance(scale, Mapping) and scale.get("initial_scale"):
            yield f"loss scale {scale['initial_scale']:,.0f} at first, its course not recorded"


def _trained(architecture: Sequence[Layer]) -> Iterator[str]:
    """How many parameters are trained, where a good part of them is not."""
    total, trained = sum(one.parameters for one in architecture), sum(one.trainable_parameters for one in architecture)
    if 0 < trained < MOSTLY * total:
        yield f"{trained:,} of {total:,} parameters trained"


def _recorded(run: Run) -> Iterator[str]:
    """How many layers were measured, the settings, and in a word which of these the run does not hold."""
    layers = len(run.layers["layer"].unique()) if "layer" in run.layers else len(run.layer_table)
    if layers:
        yield f"{layers} layer{'s' * (layers > 1)} measured"
    yield from _settings(run.training)
    known = {"optimizer": run.training.optimizer or run.training.optimizers, "batch size": run.training.batch_size}
    lacking = [name for name, value in known.items() if not value]
    if lacking:
        yield f"{' and '.join(lacking)} not recorded"
    yield from _trained(run.architecture)


def _cost(metadata: Mapping[str, Any]) -> str:
    """How the run's time splits where training was short, else what share measuring took, as far as the run itself shows it."""
    cost = metadata["cost"]
    # What rounds to nothing is left out.
    written = f", plus {cost['closing']:.1f} s to close the run's files" if cost["closing"] >= CLOSED else ""
    if cost["share"] is None:
        return f"measuring took an unknown share of the step time (too few steps were timed){written}"
    plain = (cost.get("per_step_without") or 0.0) * (cost.get("steps") or 0)
    if cost["share"] > LARGE and 0 < plain < SHORT:  # writing one file takes as long as many small steps
        return ", ".join(_times(metadata, plain, cost["share"] * plain + cost["closing"]))
    return f"measuring took {percent(cost['share'])} of the step time{written}"


def _times(metadata: Mapping[str, Any], plain: float, measuring: float) -> Iterator[str]:
    """What the whole run took, and of it the first calls, the steps and measuring."""
    first = metadata["cost"].get("first_calls") or 0.0
    parts = [f"{seconds(first)} in the first calls, which compile"] if first else []
    parts += [f"{seconds(plain)} in training steps", f"{seconds(measuring)} measuring"]
    try:
        whole = datetime.fromisoformat(metadata["ended"]) - datetime.fromisoformat(metadata["started"])
    except (KeyError, TypeError, ValueError):  # a run that goes on, or one made by hand
        yield from parts
        return
    total = whole.total_seconds()
    rest = total - first - plain - measuring
    parts += [f"{seconds(rest)} outside the steps: data, evaluation, saving"] if rest > LEFT * total else []
    yield f"took {seconds(total)} in all: {parts[0]}"
    yield from parts[1:]


def seconds(value: float) -> str:
    """A duration, such as ``"2.8 s"``, ``"48 s"`` or ``"3 min 32 s"``."""
    if value < 10:
        return f"{value:.1f} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
