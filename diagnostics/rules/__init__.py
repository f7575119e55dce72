"""Rules turn a run into findings. Each rule is one file, of a symptom or of a cause, and is found by its name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable
from functools import cache

from diagnostics.rules import causes, symptoms
from diagnostics.rules.case import Case, case_of
from diagnostics.rules.finding import Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.rule import Rule
from diagnostics.rules.stages import judged
from diagnostics.runs.of_reading import Tables
from diagnostics.runs.run import Run
from diagnostics.wording.severities import LOUD, SEVERITIES, Severity

__all__ = [
    "LOUD",
    "SEVERITIES",
    "Case",
    "Evidence",
    "Finding",
    "NotEvaluated",
    "Remedy",
    "Rule",
    "Severity",
    "case_of",
    "diagnose",
    "rules",
]


@cache
def _all() -> dict[str, type[Rule]]:
    return {
        module.name: getattr(
            importlib.import_module(f"{stage.__name__}.{module.name}"), module.name.title().replace("_", "")
        )
        for stage in (symptoms, causes)
        for module in pkgutil.iter_modules(stage.__path__)
    }


def rules() -> dict[str, type[Rule]]:
    """All rules by name: from each file of ``symptoms`` and ``causes``, the class of the same name.

    Returns:
        Rule classes; each can be built without arguments.
    """
    return dict(_all())


def diagnose(run: Run | Tables | Case, rules: Iterable[Rule] | None = None) -> list[Finding]:
    """Judge a run by all rules, or by those given: first what training achieved, then why.

    Args:
        run: a stored run, a ``probes.Reading``, or anything with their tables.
        rules: rules with their thresholds; None for all rules with default thresholds.

    Returns:
        One finding per rule, most severe first, and causes before the symptoms that they explain: the first is the one to act
        on. A cause without a bad outcome is ``info``. A rule with no complaint returns a clean finding; one that lacks data
        returns a finding that names what is missing.
    """
    every = [rule() for rule in _all().values()]
    chosen = every if rules is None else list(rules)
    asked = {rule.name for rule in chosen}
    return judged(case_of(run), chosen, [rule for rule in every if rule.is_symptom and rule.name not in asked])
