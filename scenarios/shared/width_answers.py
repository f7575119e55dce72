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
    others = f"48, 96 and 192 units, multiples of 16 that are no powers of 2, take {{{OTHERS}.percent}} less"
    return (
        Answer(
            f"More efficient than the widths next to them, yes, but not as powers of 2: on this machine {gain}, and {others}.",
            {POWERS: "supported", OTHERS: "supported"},
        ),
        Answer(
            f"Not as powers of 2: on this machine {others} time per multiply-add than one unit more or less.",
            {POWERS: OPEN, OTHERS: "supported"},
        ),
        Answer(
            f"More efficient than the widths next to them, yes: on this machine {gain}.",
            {POWERS: "supported", OTHERS: OPEN},
        ),
        Answer(
            f"Not all of them: on this machine a power of 2 takes {percent:g} % less time per multiply-add than one unit more or "
            f"less for {{{POWERS}.supported}}, and not for {{{POWERS}.refuted}}.",
            {POWERS: "mixed", OTHERS: OPEN},
        ),
        Answer(
            f"No: on this machine a power of 2 does not take {percent:g} % less time per multiply-add than one unit more or less.",
            {POWERS: "refuted", OTHERS: OPEN},
        ),
        Answer(
            "Not settled: on this machine time per multiply-add at a power of 2 differs from that at one unit more or less by "
            f"{{{POWERS}.percent}}.",
            {POWERS: "open", OTHERS: OPEN},
        ),
    )


def _others(percent: float) -> tuple[Answer, ...]:
    """The powers of 2 where the headline tells of other multiples of 16, and these where it does not."""
    less = f"{percent:g} % less time than one unit more or less"
    return (
        Answer(
            f"Powers of 2 take {less}, too, but not for {{{POWERS}.refuted}}.",
            {POWERS: "mixed", OTHERS: "supported"},
        ),
        Answer(
            f"Powers of 2 were not shown to take {less} everywhere: not for {{{POWERS}.open}}.",
            {POWERS: "open", OTHERS: "supported"},
        ),
        Answer(f"Powers of 2 do not take {less} ({{{POWERS}.refuted}}).", {POWERS: "refuted", OTHERS: "supported"}),
        Answer(
            f"Other multiples of 16 gain {percent:g} % against their own neighbours for {{{OTHERS}.supported}}, but not for "
            f"{{{OTHERS}.refuted}}.",
            {OTHERS: "mixed"},
        ),
        Answer(
            f"Of 48, 96 and 192 units, multiples of 16 that are no powers of 2, none was shown to gain {percent:g} % against its "
            "own neighbours.",
            {OTHERS: "refuted"},
        ),
        Answer(
            f"Whether other multiples of 16 gain {percent:g} % against their own neighbours is not settled.",
            {OTHERS: "open"},
        ),
    )


def _against_multiples(percent: float) -> tuple[Answer, ...]:
    """Whether a power of 2 is better than the multiples of 16 around it."""
    nearest = "the nearest other multiples of 16"
    return (
        Answer(f"A power of 2 is faster than {nearest}, too, by {{{MULTIPLES}.percent}}.", {MULTIPLES: "supported"}),
        Answer(
            f"Against {nearest} a power of 2 was shown to be faster by over {percent:g} % only for {{{MULTIPLES}.supported}}.",
            {MULTIPLES: "mixed"},
        ),
        Answer(f"Against {nearest} no power of 2 was shown to be faster by {percent:g} %.", {MULTIPLES: "refuted"}),
        Answer(f"Whether a power of 2 is faster than {nearest} by {percent:g} % is not settled.", {MULTIPLES: "open"}),
    )


def _against_decimals(percent: float) -> tuple[Answer, ...]:
    """Whether a power of 2 is better than a round decimal number."""
    return (
        Answer(f"Round decimals such as 60 or 500 take {percent:g} % longer, too.", {DECIMALS: "supported"}),
        Answer(
            f"Against round decimals such as 60 or 500 it was for {{{DECIMALS}.supported}}.",
            {MULTIPLES: "mixed|refuted", DECIMALS: "mixed"},
        ),
        Answer(
            f"Against round decimals such as 60 or 500 a power of 2 was not shown to be faster by {percent:g} %.",
            {DECIMALS: "refuted"},
        ),
    )
