"""The sentences with which ``layer_width`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

OPEN = "refuted|mixed|open"
POWERS, OTHERS, MULTIPLES, DECIMALS = (
    "against_neighbours",
    "others_against_neighbours",
    "against_multiples",
    "against_decimal",
)


def answers(percent: float) -> tuple[Answer, ...]:
    """Sentences and the verdicts that each one needs, in the order in which a report shows them.

    Args:
        percent: the smallest gain in time that counts.
    """
    return (*_against_neighbours(percent), *_others(percent), *_against_multiples(percent), *_against_decimals(percent))


def _against_neighbours(percent: float) -> tuple[Answer, ...]:
    """The headline: powers of 2, and whether other multiples of 16 gain as well."""
    gain = f"a power of 2 takes {{{POWERS}.percent}} less time per multiply-add than one unit more or less"
    changes = (
        f"time per multiply-add at a power of 2 differs from that at one unit more or less by {{{POWERS}.percent}}"
    )
    return (
        Answer(
            f"More efficient than the widths next to them, yes, but not as powers of 2: on this machine {gain}, and so do 48, 96 "
            f"and 192 units, multiples of 16 ({{{OTHERS}.percent}} less).",
            {POWERS: "supported", OTHERS: "supported"},
        ),
        Answer(
            f"More efficient than the widths next to them, yes: on this machine {gain}.",
            {POWERS: "supported", OTHERS: OPEN},
        ),
        Answer(
            f"Not everywhere: on this machine a power of 2 takes {percent:g} % less time per multiply-add than one unit more or "
            f"less for {{{POWERS}.supported}}, and not for {{{POWERS}.refuted}}.",
            {POWERS: "mixed"},
        ),
        Answer(
            f"No: on this machine a power of 2 does not take {percent:g} % less time per multiply-add than one unit more or less "
            f"for {{{POWERS}.refuted}}.",
            {POWERS: "refuted"},
        ),
        Answer(
            f"On this machine {changes}; whether it takes {percent:g} % less is not settled for {{{POWERS}.open}}.",
            {POWERS: "open"},
        ),
    )


def _others(percent: float) -> tuple[Answer, ...]:
    """The control, where the headline has not told it."""
    return (
        Answer(
            f"That is no matter of powers of 2 alone: 48, 96 and 192 units, multiples of 16, take {{{OTHERS}.percent}} less than "
            "their own neighbours.",
            {POWERS: OPEN, OTHERS: "supported"},
        ),
        Answer(
            f"Other multiples of 16 gain as much as {percent:g} % against their own neighbours, too, for {{{OTHERS}.supported}}, "
            f"but not for {{{OTHERS}.refuted}}.",
            {OTHERS: "mixed"},
        ),
        Answer(
            f"Of 48, 96 and 192 units, multiples of 16 that are no powers of 2, none was shown to gain {percent:g} % against its "
            "own neighbours.",
            {OTHERS: "refuted"},
        ),
        Answer(
            f"Whether other multiples of 16 gain {percent:g} % against their own neighbours is not settled for {{{OTHERS}.open}}.",
            {OTHERS: "open"},
        ),
    )


def _against_multiples(percent: float) -> tuple[Answer, ...]:
    """Whether a power of 2 is better than the multiples of 16 around it."""
    nearest = "the nearest other multiples of 16"
    return (
        Answer(f"A power of 2 is faster than {nearest}, too, by {{{MULTIPLES}.percent}}.", {MULTIPLES: "supported"}),
        Answer(
            f"Against {nearest} a power of 2 is faster by over {percent:g} % for {{{MULTIPLES}.supported}}, and not for "
            f"{{{MULTIPLES}.refuted}}.",
            {MULTIPLES: "mixed"},
        ),
        Answer(f"Against {nearest} no power of 2 was shown to be faster by {percent:g} %.", {MULTIPLES: "refuted"}),
        Answer(
            f"Whether a power of 2 is faster than {nearest} by {percent:g} % is not settled for {{{MULTIPLES}.open}}.",
            {MULTIPLES: "open"},
        ),
    )


def _against_decimals(percent: float) -> tuple[Answer, ...]:
    """Whether a power of 2 is better than a round decimal number."""
    return (
        Answer(f"Round decimals such as 60 or 500 take {percent:g} % longer, too.", {DECIMALS: "supported"}),
        Answer(
            f"Against round decimals such as 60 or 500 a power of 2 does not gain {percent:g} % for {{{DECIMALS}.refuted}}.",
            {DECIMALS: "mixed|refuted"},
        ),
    )
