"""The page of a replayed step: where the first value that is not finite was made, what went into it, and the steps before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from diagnostics.pages.flight_letter import letter_of
from diagnostics.pages.page import Page, Section, Table
from diagnostics.runs.flight import Origin, Parting, Repeated, Values
from diagnostics.wording.numerals import MISSING, short

EQUAL = "The repeat is equal to the recording in every bit of loss and gradient norm."
LAST = 25
"""Steps that the table shows at most."""
FINITE = "Run eagerly, the step is finite: only compiled it is not. Compare the ways to run it with --compare."


def page_of(
    record: Path,
    content: Mapping[str, Any],
    step: int,
    origin: Origin | None,
    repeated: Sequence[Repeated],
    hindrances: Sequence[str],
) -> Page:
    """The page of one replayed step.

    Args:
        record: the record's folder.
        content: its ``flight.json``.
        step: the step that was explained.
        origin: where its first value that is not finite was made; ``None`` if there is none.
        repeated: the repeated steps.
        hindrances: what may prevent the repeat from being bit-equal.
    """
    return Page(
        kind="flight record",
        title=f"{record.parent.parent.absolute().name}, step {step}",
        answer=answer(step, origin, repeated),
        status=equality(repeated, hindrances),
        sections=tuple(_sections(step, origin, repeated, hindrances)),
        details={"recorded because": f"{content['kind']} {content['detail']}".strip(), **content["environment"]},
    )


def comparison_page(record: Path, step: int, outcome: Mapping[str, str], partings: Sequence[Parting]) -> Page:
    """The page of one step run in several ways.

    Args:
        record: the record's folder.
        step: the step.
        outcome: by way, its loss or why it did not run.
        partings: the differences from eager, from input to output and on to the gradients.
    """
    ways = tuple(way for way in outcome if way != "eager")
    rows = tuple(
        (
            each.name,
            *(short(each.difference[way]) if way in each.difference else MISSING for way in ways),
            short(each.limit),
        )
        for each in partings
    )
    header = ("layer or gradient", *ways, "rounding")
    caption = (
        "Largest difference from eager, relative to the largest value. What exceeds the last column is no rounding."
    )
    table = Table(caption, header, rows, numeric=frozenset(header[1:]))
    ran = Table("How the step ended in each way.", ("way", "outcome"), tuple(outcome.items()))
    return Page(
        kind="flight record",
        title=f"{record.parent.parent.absolute().name}, step {step}, eager, graph and XLA",
        answer=parting_sentence(step, partings),
        sections=(Section("Ways", tables=(ran,)), Section("Layer by layer", tables=(table,))),
    )


def answer(step: int, origin: Origin | None, repeated: Sequence[Repeated]) -> str:
    """One sentence: what was made where."""
    if origin is not None:
        what = "TensorFlow raised an error" if origin.message else "the first value that is not finite comes"
        return f"Step {step}: {what} from {origin.sentence}."
    if repeated and repeated[-1].finite:
        return f"Step {step} is finite."
    return f"Step {step}: {FINITE}"


def equality(repeated: Sequence[Repeated], hindrances: Sequence[str]) -> str:
    """Whether the repeat is the recording, bit by bit."""
    if not hindrances:
        return EQUAL
    differing = [str(each.step) for each in repeated if not each.is_equal]
    return f"The repeat differs from the recording in {len(differing)} steps, first in step {differing[0]}."


def parting_sentence(step: int, partings: Sequence[Parting]) -> str:
    """One sentence: the first layer whose results are not the same, and in which way to run the step."""
    if not partings:
        return f"Step {step} does not run eagerly, so there is nothing to compare with."
    first = next((each for each in partings if each.parts), None)
    if first is None:
        return f"Step {step}: eager, graph and XLA agree in all layers and gradients, but for rounding."
    ways = [way for way, value in first.difference.items() if not value <= first.limit]
    return f"Step {step}: {' and '.join(ways)} part from eager at {first.name}."


def _sections(
    step: int, origin: Origin | None, repeated: Sequence[Repeated], hindrances: Sequence[str]
) -> Iterator[Section]:
    if origin is not None:
        yield Section("Finding", letters=(letter_of(step, origin, repeated, differs=bool(hindrances)),))
        facts = {"pass": origin.phase, "where": origin.place, "operation": origin.operation}
        facts |= {"computing": origin.computing, "your code": origin.code, "message": origin.message}
        rows = tuple((name, text) for name, text in facts.items() if text)
        yield Section("What went in and came out", tables=(_values((*origin.inputs, *origin.outputs)),))
        yield Section("The operation", tables=(Table("As TensorFlow names it.", ("what", "value"), rows),), folded=True)
    yield Section("The steps before", tables=(_steps(repeated),))
    if hindrances:
        rows = tuple((f"{number}", text) for number, text in enumerate(hindrances, 1))
        yield Section("What may prevent an equal repeat", tables=(Table("Reasons.", ("", "what"), rows),))


def _values(values: Sequence[Values]) -> Table:
    header = (
        "tensor",
        "type and shape",
        "lowest",
        "highest",
        "not finite",
        "entries behind it",
        "examples of the batch",
    )
    rows = tuple(
        (
            each.name,
            each.shape,
            short(each.low),
            short(each.high),
            f"{each.bad:,}",
            "; ".join(f"{place} = {value:.6g}" for place, value in each.worst) or MISSING,
            ", ".join(map(str, each.examples)) or MISSING,
        )
        for each in values
    )
    caption = "Lowest and highest are of the finite values; examples are counted from 0 within the batch."
    return Table(caption, header, rows, numeric=frozenset(header[2:5]))


def _steps(repeated: Sequence[Repeated]) -> Table:
    header = ("step", "loss", "norm of small gradients", "finite", "equal to the recording")
    rows = tuple(
        (
            *(str(each.step), f"{each.repeated[0]:.9g}", f"{each.repeated[1]:.9g}"),
            *("yes" if each.finite else "no", "yes" if each.is_equal else "no"),
        )
        for each in repeated[-LAST:]
    )
    return Table("The last steps, repeated.", header, rows, numeric=frozenset(header[1:3]))
