"""A claim of ``regression_activation`` that ReLU does no harm."""

from __future__ import annotations

from scenarios.scenario import Claim, Part


def harmless(name: str, where: str, part: Part, note: str = "") -> Claim:
    """That ReLU in one place does no harm.

    Args:
        name: of the claim.
        where: the place, in words.
        part: the test error with ReLU there against that without; its threshold is the largest harm that does not count.
        note: what to add to the threshold.
    """
    return Claim(
        name=name,
        statement=f"Adding ReLU {where} does no harm.",
        parts=(part,),
        threshold=f"supported when ReLU raises the test error by less than {part.threshold:g}{note}",
        outcomes={"": "The test error changes by {low} standard deviations of the target."},
    )
