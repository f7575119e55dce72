"""The two sentences at the top of a run's page: its worst finding, and the data behind it. Needs no page and no figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
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


CLOSED = 0.2
"""Seconds for closing a run's files that are worth a word."""
MOSTLY = 0.9
"""Share of the parameters that are trained in a model without frozen ones: the others are averages of normalisations."""
LARGE, SHORT = 0.2, 10.0
"""A share of measuring above this says nothing about a training of less than so many seconds: most of it is the first file."""


def answer(found: Sequence[Finding]) -> str:
    """One or two sentences: how the run ended if it was cut short, then the first finding, or that no check complains."""
    cut = next((one.what for one in found if one.rule == ENDED and one.severity in (*LOUD, "info")), "")
    loud = [finding for finding in found if finding.severity in LOUD and finding.rule != ENDED]
    if loud or cut:
        return " ".join(part for part in (cut, *(_told(loud) if loud else ())) if part)
    clean = sum(finding.severity == "clean" and finding.rule != ENDED for finding in found)
    odd = [finding for finding in found if finding.severity == "info"]
    if not clean and not odd:
        return "This run did not record enough for any check."
    if odd:
        count = "an oddity is" if len(odd) == 1 else f"{len(odd)} oddities are"
        names = "; ".join(f"{findings.oddity(one.rule)}{findings.place(one.layers)}" for one in odd)
        return f"Nothing wrong was found: {clean} checks passed, and {count} noted. No check asks for a change. Noted: {names}."
    checks = "the one check that could run" if clean == 1 else f"all {clean} checks that could run"
    return f"Nothing suspicious: {checks} passed."


def _told(loud: Sequence[Finding]) -> tuple[str, ...]:
    """What the first finding comes to, what it led to, and what to do first; the measurement itself is in its letter."""
    first = loud[0]
    do = first.do.split(". ")[0].rstrip(".")
    said = findings.sentence(first.rule, first.layers, first.steps, first.means or first.what)
    return (said, _result(loud), f"{do}." if do else "")


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
    facts += [f"{len(run.layer_table)} layer{'s' * (len(run.layer_table) > 1)}"] if run.layer_table else []
    facts += [*_settings(run.training), *_trained(run.architecture)]
    facts += [f"seed {run.seed}"] if run.seed is not None else []
    facts += [_cost(run.metadata["cost"])] if run.metadata.get("cost") else []
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
    if training.precision not in (None, "float32"):
        yield training.precision


def _trained(architecture: Sequence[Layer]) -> Iterator[str]:
    """How many parameters are trained, where a good part of them is not."""
    total, trained = sum(one.parameters for one in architecture), sum(one.trainable_parameters for one in architecture)
    if 0 < trained < MOSTLY * total:
        yield f"{trained:,} of {total:,} parameters trained"


def _cost(cost: Mapping[str, Any]) -> str:
    """The cost of measuring, as far as the run itself shows it."""
    # What rounds to nothing is left out.
    written = f", plus {cost['closing']:.1f} s to close the run's files" if cost["closing"] >= CLOSED else ""
    if cost["share"] is None:
        return f"measuring took an unknown share of the step time (too few steps were timed){written}"
    plain = (cost.get("per_step_without") or 0.0) * (cost.get("steps") or 0)
    if cost["share"] > LARGE and 0 < plain < SHORT:  # writing one file takes as long as many small steps
        return (
            f"measuring took {cost['share'] * plain:.2f} s beside {plain:.2f} s of steps, mostly for its start{written}"
        )
    return f"measuring took {percent(cost['share'])} of the step time{written}"
