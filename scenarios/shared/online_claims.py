"""The claims of ``activation_sparsity`` about online learning."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from scenarios.scenario import Claim
from scenarios.shared.parts import recorded
from scenarios.shared.stream import SOON

FORGOTTEN = 0.1
"""The least loss of accuracy that is called forgetting: half of what guessing among the old classes would leave."""

HOW = "each at the learning rate with the lowest mean loss on a stream of the validation part"
"""The rates at which activations are compared."""


def online_claims(
    arm: Callable[[str], str], others: Mapping[str, str], regret: float, forgotten: float
) -> tuple[Claim, ...]:
    """Whether ReLU's zeros help a network that sees each example once, one half of the classes after the other.

    Args:
        arm: the name of the arm of an activation; all record what ``stream.learn_online`` returns.
        others: labels of the activations, less sparse by a measure of their own, that ReLU is compared with.
        regret: the smallest difference in nats that counts.
        forgotten: the smallest difference of forgetting that counts.
    """
    sides = {label: (arm("relu"), arm(name)) for name, label in others.items()}
    return (
        Claim(
            name="stream_forgets",
            statement="A ReLU network that learns one half of the classes after the other, without replay, forgets (positive "
            "control).",
            parts=(
                recorded("forgets some", "forgetting", arm("relu"), threshold=FORGOTTEN, unit="share of test images"),
                recorded("keeps some", "retained", arm("relu"), threshold=FORGOTTEN, unit="share of test images"),
            ),
            threshold=f"supported when accuracy on the first half falls by more than {FORGOTTEN:g} while {_listed()} examples of "
            f"the second half are learned (the mean over these), and stays above {FORGOTTEN:g}: there is room for less forgetting "
            "and for more",
            outcomes={"": "As stated: {supported}. Not: {refuted}. Shares of the test images: {low} to {high}."},
        ),
        Claim(
            name="forgets_less",
            statement="Sparse activations forget less by ten points: ReLU loses less of what it learned first than less sparse "
            "activations.",
            parts=tuple(
                recorded(
                    label,
                    "forgetting",
                    *pair,
                    expects="less",
                    threshold=-forgotten,
                    unit="share of test images",
                )
                for label, pair in sides.items()
            ),
            threshold=f"supported when accuracy on the first half of the classes falls by over {forgotten:g} less with ReLU, what "
            f"is called forgetting above; {HOW}",
            outcomes={"": "Less than: {supported}. Not by that much: {refuted}. ReLU changes it by {low} to {high}."},
            requires="stream_forgets",
        ),
        Claim(
            name="learns_better_online",
            statement="Sparse activations learn better online: ReLU predicts the examples of a stream better than less sparse "
            "activations.",
            parts=tuple(
                recorded(label, "regret", *pair, expects="less", threshold=-regret, unit="nats")
                for label, pair in sides.items()
            ),
            threshold=f"supported when the mean loss of an example before it is learned is lower with ReLU by more than {regret:g} "
            f"nats, {HOW}",
            outcomes={
                "": "Better than: {supported}. Not by that much: {refuted}. ReLU changes the loss by {low} to {high} nats."
            },
        ),
    )


def _listed() -> str:
    return f"{', '.join(map(str, SOON[:-1]))} and {SOON[-1]}"
