"""Parts and figures that many scenarios have."""

from __future__ import annotations

from typing import Any

from scenarios.scenario import Figure, Part

ACCURACY = {"column": "accuracy", "split": "test"}


def loss_curve(note: str = "") -> Figure:
    """The training loss by step with chance as a guide.

    Args:
        note: a sentence on what to look for in this scenario.
    """
    caption = "Training loss, median and range over the replicates. The dotted line is the loss of guessing."
    return Figure("curves", f"{caption} {note}".strip(), {"column": "loss", "split": "train", "guide": "chance"})


def final(
    label: str, column: str, treated: str, control: str | None = None, split: str = "test", **judged: Any
) -> Part:
    """The value of a loss or metric after the last epoch.

    Args:
        label: label in text and tables.
        column: the loss or metric.
        treated: an arm or a sweep.
        control: the arm or sweep that it is compared with.
        split: the part of the data.
        judged: further fields of ``Part``.
    """
    return Part(label, "final_scalar", {"column": column, "split": split}, treated, control, **judged)


def recorded(label: str, name: str, treated: str, control: str | None = None, **judged: Any) -> Part:
    """A number that the scenario recorded.

    Args:
        label: label in text and tables.
        name: its name in ``Scenario.record``.
        treated: an arm or a sweep.
        control: the arm or sweep that it is compared with.
        judged: further fields of ``Part``.
    """
    return Part(label, "recorded", {"name": name}, treated, control, **judged)


def swept(base: str, rate: float) -> str:
    """The name of the arm of a sweep at one learning rate."""
    return f"{base}_r{rate:g}"


def sweep(base: str) -> str:
    """The pattern of all arms of a sweep: at each replicate, the rate that did best on the validation part."""
    return f"{base}_r*"


CHECK: dict[str, Any] = {"expects": "equal", "margin": 0.0, "method": "check"}
"""A part that holds by construction."""


def check_at(threshold: float, margin: float = 0.0) -> dict[str, Any]:
    """A part whose value is known by construction.

    Args:
        threshold: the value.
        margin: rounding that is allowed.
    """
    return CHECK | {"threshold": threshold, "margin": margin}
