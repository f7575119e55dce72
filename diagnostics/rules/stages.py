"""Outcome first, then cause: which complaints stand, which explains which, and in what order they are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, Finding, NotEvaluated
from diagnostics.rules.rule import Rule
from diagnostics.wording.severities import SEVERITIES, Severity

STRONG = 0.9
"""The confidence from which on a cause counts although the outcome is only poor, or unknown."""
TENTATIVE = 0.6
"""The confidence below which a cause is an oddity whatever the outcome: it cannot account for a bad one."""
LIKELY = 0.8
"""The confidence below which a cause is told after all others."""
CERTAIN = 0.95
"""The confidence that it takes when the model has learned at least ``HALF`` of what there is to learn."""
HALF = 0.5
NEXT_TO_NOTHING = 0.1
"""The skill below which a likely cause is enough: noisy targets allow little, and healthy trainings still reach more."""

HARMLESS = "The model learned all the same; this run shows no harm from it."
POOR = "This may be why the model did not learn more."
UNTARGETED = "Nothing to add: this model's training step is given no targets."
UNSEEN = "This run does not show whether it does harm."
"""What a cause means that is told as an oddity: with a good, a middling and an unknown outcome."""


def judged(case: Case, rules: Sequence[Rule], unasked: Sequence[Rule] = ()) -> list[Finding]:
    """The findings of all rules, after the outcome was weighed.

    A cause keeps its severity only if it explains a bad outcome that some symptom found. With a confidence of at least
    ``STRONG``, a poor or an unknown outcome is enough (``CERTAIN`` where the skill is ``HALF`` or more, ``LIKELY`` where it is below
    ``NEXT_TO_NOTHING``). Otherwise it is told as
    ``info``, as is any with a confidence below ``TENTATIVE``. What one cause explains is marked so.
    A rule that is no symptom and explains nothing keeps its severity; so does a finding that ``stands``.

    Args:
        case: the run.
        rules: symptoms and causes.
        unasked: further symptoms that tell the outcome; what they find is not returned.

    Returns:
        One finding per rule: by severity, then causes before symptoms, and what nothing explains before what something does.
    """
    answers = [(rule, ask(rule, case)) for rule in rules]
    symptoms = [found for rule, found in sorted(answers, key=lambda answer: answer[0].rank) if rule.is_symptom]
    outcome = [*symptoms, *(ask(rule, case) for rule in unasked)]
    needed = _needed(case.outcome.skill)
    causes = sorted(
        (_weighed(rule, found, outcome, needed) for rule, found in answers if not rule.is_symptom),
        key=lambda each: (_class(each[1].confidence), each[0].rank, each[0].name),
    )
    found = _grouped(symptoms, causes)
    order = {each.rule: place for place, each in enumerate(found)}
    return sorted(found, key=lambda each: (SEVERITIES.index(each.severity), bool(each.explained_by), order[each.rule]))


def _needed(skill: float | None) -> float:
    """The confidence that a cause needs, for lack of a symptom, to be a warning."""
    if skill is None:
        return STRONG
    return LIKELY if skill < NEXT_TO_NOTHING else STRONG if skill < HALF else CERTAIN


def ask(rule: Rule, case: Case) -> Finding:
    """A rule's finding; one that names what is missing where the rule cannot judge."""
    missing = sorted(rule.needs.difference(case.statistics))
    if missing:
        return _not_evaluated(rule, NotEvaluated(tuple(missing), tuple(case.statistics)))
    answer = rule.judge(case)
    return answer if isinstance(answer, Finding) else _not_evaluated(rule, _possible(answer, case))


def _possible(answer: NotEvaluated, case: Case) -> NotEvaluated:
    """The answer without advice to record targets of a training step that is given none."""
    untargeted = bool(case.data.inputs) and not case.data.targets and any("target" in one for one in answer.missing)
    return replace(answer, do=UNTARGETED) if untargeted and answer.do == ALL_FACTS else answer


def _not_evaluated(rule: Rule, answer: NotEvaluated) -> Finding:
    has = f"; the run has {', '.join(answer.available)}" if answer.available else ""
    return Finding(
        rule=rule.name,
        severity="not_evaluated",
        what=f"Not evaluated: needs {', '.join(answer.missing)}{has}.",
        do=answer.do or rule.remedy,
    )


def _weighed(rule: Rule, found: Finding, symptoms: Sequence[Finding], needed: float) -> tuple[Rule, Finding]:
    """The cause with the severity that the outcome leaves it; ``needed`` is the confidence that a poor outcome asks for."""
    found = replace(found, explains=tuple(sorted(rule.explains.union(found.explains))))
    if found.is_loud and found.stands:
        return rule, found
    if found.is_loud and rule.explains and found.confidence < TENTATIVE:
        return rule, replace(found, severity="info")
    seen = {one.severity for one in symptoms if one.rule in rule.explains}
    if not found.is_loud or not rule.explains or seen & {"error", "warning"}:
        return rule, found
    poor_or_unknown = "info" in seen or seen <= {"not_evaluated"}
    if poor_or_unknown and found.confidence >= needed:
        return rule, replace(found, severity="warning")
    # Where something else went wrong, nobody can tell what harm this did besides.
    harmless = not poor_or_unknown and not any(one.is_loud for one in symptoms)
    return rule, found.as_oddity(HARMLESS if harmless else POOR if "info" in seen else UNSEEN)


def _class(confidence: float) -> int:
    """0 for what is sure, 1 for what is likely, 2 for an oddity: of one class, the cause that comes in earlier is told first."""
    return sum(confidence < least for least in (STRONG, LIKELY))


def _grouped(symptoms: Sequence[Finding], causes: Sequence[tuple[Rule, Finding]]) -> list[Finding]:
    """Causes, then symptoms, each marked with the first loud cause before it that explains it; oddities with any loud one.

    A cause becomes as severe as the worst symptom that it is the first to explain, so that it is told before the symptom.
    """
    loud = [found for _, found in causes if found.is_loud]
    told = [one for one in symptoms if one.severity in ("error", "warning", "info")]
    because = {one.rule: _first_to_explain(one, loud) for one in told}
    because |= {one.rule: _first_to_explain(one, loud[:place]) for place, one in enumerate(loud)}
    because |= {one.rule: _first_to_explain(one, loud) for _, one in causes if one.severity == "info"}
    worst = {cause.rule: _worst([one for one in symptoms if because.get(one.rule) == cause.rule]) for cause in loud}
    raised = [replace(found, severity=_worse(found, worst.get(found.rule))) for _, found in causes]
    return [replace(found, explained_by=because.get(found.rule, "")) for found in [*raised, *symptoms]]


def _first_to_explain(one: Finding, causes: Sequence[Finding]) -> str:
    return next((cause.rule for cause in causes if one.rule in cause.explains), "")


def _worst(findings: Sequence[Finding]) -> Finding | None:
    return min(findings, key=lambda one: SEVERITIES.index(one.severity), default=None)


def _worse(cause: Finding, symptom: Finding | None) -> Severity:
    return "error" if cause.is_loud and symptom is not None and symptom.severity == "error" else cause.severity
