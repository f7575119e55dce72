"""Rules turn a run into findings. Each rule is one file in this package and is found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable

from diagnostics.measures.tables import KEYS, RunLike
from diagnostics.rules.rule import SEVERITIES, Finding, NotEvaluated, Rule, Severity

__all__ = ["SEVERITIES", "Finding", "NotEvaluated", "Rule", "Severity", "diagnose", "rules"]


def rules() -> dict[str, type[Rule]]:
    """All rules by name: from each file of this package, the class of the same name.

    Returns:
        Rule classes; each can be built without arguments.
    """
    names = [module.name for module in pkgutil.iter_modules(__path__) if module.name != "rule"]
    modules = {name: importlib.import_module(f"{__name__}.{name}") for name in names}
    return {name: getattr(module, name.title().replace("_", "")) for name, module in modules.items()}


def diagnose(run: RunLike, rules: Iterable[Rule] | None = None) -> list[Finding]:
    """Judge a run by all rules, or by those given.

    Args:
        run: a stored run, or anything with its tables.
        rules: rules with their thresholds; None for all rules with default thresholds.

    Returns:
        One finding per rule, most severe first. A rule with no complaint returns a clean finding; one that lacks data
        returns a finding that names what is missing.
    """
    chosen = _defaults() if rules is None else rules
    return sorted(
        (_finding(rule, run) for rule in chosen), key=lambda found: (SEVERITIES.index(found.severity), found.rule)
    )


def _defaults() -> list[Rule]:
    return [rule() for rule in rules().values()]


def _finding(rule: Rule, run: RunLike) -> Finding:
    available = [str(name) for name, readings in run.layers.count().items() if readings and name not in KEYS]
    missing = sorted(rule.needs.difference(available))
    if missing:
        return _not_evaluated(rule, NotEvaluated(tuple(missing), tuple(available)), rule.remedy)
    answer = rule.judge(run)
    return answer if isinstance(answer, Finding) else _not_evaluated(rule, answer)


def _not_evaluated(rule: Rule, answer: NotEvaluated, remedy: str = "") -> Finding:
    has = f"the run has {', '.join(answer.available)}" if answer.available else "the run has none"
    return Finding(
        rule=rule.name,
        severity="not_evaluated",
        what=f"Not evaluated: needs {', '.join(answer.missing)}; {has}.",
        do=remedy,
    )
