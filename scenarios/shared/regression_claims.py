"""Claims of ``regression_activation`` about the harm that ReLU does."""

from __future__ import annotations

from scenarios.scenario import Claim, Part
from scenarios.shared.parts import sweep


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


def sometimes_lost(arm: str, error: float) -> Claim:
    """That a network with ReLU at the output may never learn, because its output is 0 on all examples from the start.

    Args:
        arm: the sweep's base name; the same replicates are lost at each rate.
        error: from which on a network is lost.
    """
    return Claim(
        name="sometimes_lost",
        statement="Some networks with ReLU after the last layer never learn, at any of the learning rates.",
        parts=(
            Part(
                "after the last layer",
                "final_scalar",
                {"column": "rmse", "split": "test"},
                treated=sweep(arm),
                threshold=error,
                unit="deviations of the target",
                method="exists",
            ),
        ),
        threshold=f"existence: one run is enough whose test error is above {error:g} at its best rate; always predicting the mean "
        "has 1, and always 0 about 2",
        outcomes={
            "supported": "It happens: in a share of {low} of the runs.",
            "": "In none of {seeds} runs.",
        },
    )


def units_live(few: float) -> Claim:
    """That few ReLU units die.

    Args:
        few: share of a layer's units below which dead ones do not count as a loss.
    """
    arms = {
        "relu": "equal widths",
        "funnel": "funnel",
        "inverted": "inverted funnel",
        "relu-output": "ReLU at the output",
    }
    measure = {"column": "dead_fraction", "layers": "hidden_*", "step": -1}
    return Claim(
        name="units_live",
        statement=f"In a regression network fewer than {100 * few:g} % of the ReLU units of a layer die.",
        parts=tuple(
            Part(label, "layer_maximum", measure, sweep(arm), expects="less", threshold=few, unit="share")
            for arm, label in arms.items()
        ),
        threshold=f"supported when fewer than {100 * few:g} % of the units of every hidden layer are silent over the last two epochs",
        outcomes={
            "": "Few: {supported}. More: {refuted}. The share of dead units in the worst layer is {low} to {high}."
        },
    )
