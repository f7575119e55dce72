"""What findings are called in sentences, and where each is described."""

from __future__ import annotations

from collections.abc import Sequence

TITLES = {
    "constant_inputs": "constant inputs",
    "constant_predictions": "the same prediction for every input",
    "constant_signal": "a signal that no longer varies",
    "contradicting_metric": "loss and metric that disagree",
    "dropout_before_batch_norm": "dropout before batch normalisation",
    "dropout_rate": "an unusual dropout rate",
    "ended": "a run that was cut short",
    "float16_headroom": "values near the end of float16",
    "initialisation": "unsuitable initialisation",
    "linear_stack": "layers without a non-linearity",
    "no_learning": "nothing learned",
    "non_finite": "NaN or infinite values",
    "not_connected": "weights without a gradient",
    "over_fitting": "results that do not hold on validation data",
    "output_loss_mismatch": "an output that does not fit the loss",
    "saturation": "saturated activations",
    "stuck_loss": "a loss that is stuck",
    "update_ratio": "steps of an unusual size",
    "weights_do_not_move": "weights that do not move",
}
"""Names of findings whose rule's name is no phrase of its own."""


ODDITIES = {
    "no_learning": "a loss that does not tell whether the model learned",
    "stopped_early": "a loss that still falls",
}
"""Names of findings that are told without a complaint, where the complaint's name would say too much."""


def title(rule: str) -> str:
    """A rule's finding as a phrase, such as ``"vanishing gradient"``."""
    return TITLES.get(rule, rule.replace("_", " "))


def oddity(rule: str) -> str:
    """A rule's finding as a phrase, where it is told without a complaint."""
    return ODDITIES.get(rule) or title(rule)


def page(rule: str) -> str:
    """Where the documentation describes a finding; a report names the place and never asks a network for it."""
    return f"docs/findings/{rule}.md"


def place(layers: Sequence[str]) -> str:
    """Where a finding is, for a sentence: ``" in hidden_3"``, ``" in 12 layers from hidden_1 to hidden_12"``; may be empty."""
    if not layers:
        return ""
    if len(layers) < 3:
        return f" in {' and '.join(layers)}"
    return f" in {len(layers)} layers from {layers[0]} to {layers[-1]}"


def sentence(rule: str, layers: Sequence[str], steps: Sequence[int], means: str) -> str:
    """A finding in two sentences for a reader who does not know the measurement.

    Args:
        rule: the rule's name.
        layers: the layers concerned, from input to output.
        steps: the first and the last step concerned; may be empty.
        means: what it means for training.
    """
    since = f", since step {min(steps):,}" if steps and min(steps) else ""
    name = title(rule)
    return f"{name[:1].upper()}{name[1:]}{place(layers)}{since}. {means}"
