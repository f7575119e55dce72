"""What must hold between the fields of a scenario's plan, whoever wrote it, so that its claims can be judged and told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, Protocol

from probes.errors import UsageError

IN_SENTENCES = ("supported", "refuted", "open", "low", "high", "seeds")
"""Fields of an outcome's sentence: labels of parts by their verdict, the range of effects, and the number of replicates."""
CHANCE, COMMON = "chance", "common"
"""Words in place of a number: that of guessing among the classes, and one that the runs of both arms decide."""


class PartLike(Protocol):
    """A part of a claim; ``diagnostics.runs.plan.PartPlan`` is one."""

    @property
    def parameters(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def treated(self) -> str: ...  # noqa: D102
    @property
    def control(self) -> str | None: ...  # noqa: D102
    @property
    def beside(self) -> tuple[str, ...]: ...  # noqa: D102


class ClaimLike(Protocol):
    """A claim; ``diagnostics.runs.plan.ClaimPlan`` is one."""

    @property
    def parts(self) -> Sequence[PartLike]: ...  # noqa: D102
    @property
    def outcomes(self) -> Mapping[str, str]: ...  # noqa: D102


def check_arms(labels: Mapping[str, str], where: str) -> None:
    """Refuse two arms with one label, which no figure could tell apart.

    Raises:
        UsageError: there are two.
    """
    twice = sorted({label for label in labels.values() if [*labels.values()].count(label) > 1})
    if twice:
        raise _wrong("two arms have the same label", where, f"{twice!r:.200}", "give each arm a label of its own")


def check_claim(claim: ClaimLike, classes: int, where: str) -> None:
    """Refuse a claim that cannot be judged or told.

    Args:
        claim: the claim.
        classes: number of classes in the data; 0 for regression.
        where: the claim, named in errors.

    Raises:
        UsageError: an outcome has no sentence, a sentence has other fields, or a part does not name the arms it compares.
    """
    _check_outcomes(claim.outcomes, f"{where}.outcomes")
    for number, part in enumerate(claim.parts):
        _check_part(part, classes, f"{where}.parts[{number}]")


def _check_part(part: PartLike, classes: int, where: str) -> None:
    compared = [part.treated, *([] if part.control is None else [part.control]), *part.beside]
    if not all(compared) or len(part.beside) not in ((0, 2) if part.control else (0,)):
        got = f"treated {part.treated!r:.50}, control {part.control!r:.50}, beside {list(part.beside)!r:.100}"
        do = "name the treated arm, its control if there is one, and beside them no arm or two"
        raise _wrong("the part does not name the arms that it compares", where, got, do)
    words = [value for value in part.parameters.values() if isinstance(value, str)]
    if CHANCE in words and classes < 2:
        raise _wrong("there is no chance level", where, f"{classes} classes", "give a number in place of 'chance'")
    if COMMON in words and any(set("*?[") & set(arm) for arm in compared):
        raise _wrong("arms of a sweep have nothing in common", where, f"{compared!r:.200}", "name single arms")


def _check_outcomes(outcomes: Mapping[str, str], where: str) -> None:
    """Refuse sentences that leave an outcome without one, or that cannot be filled in."""
    if "" not in outcomes:
        do = 'add one for all other outcomes, under ""'
        raise UsageError(what="an outcome has no sentence", where=where, got=f"{list(outcomes)!r:.200}", do=do)
    for template in outcomes.values():
        _check_template(template, where)


def _check_template(template: str, where: str) -> None:
    """Refuse a sentence whose braces hold more than a name: formats and attributes would run in somebody else's file."""
    try:
        fields = [field[1:] for field in Formatter().parse(template) if field[1] is not None]
    except ValueError as error:
        raise _bad_template(template, where) from error
    if not all(name in IN_SENTENCES and not spec and not conversion for name, spec, conversion in fields):
        raise _bad_template(template, where)


def _bad_template(template: str, where: str) -> UsageError:
    do = f"write fields as {', '.join(f'{{{name}}}' for name in IN_SENTENCES)}"
    return UsageError(what="the sentence has braces that are no field", where=where, got=f"{template!r:.200}", do=do)


def _wrong(what: str, where: str, got: str, do: str) -> UsageError:
    return UsageError(what=what, where=where, got=got, do=do)
