"""What findings are called in sentences, and where each is described."""

from __future__ import annotations

import re
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


JUDGED = {
    "learning_rate_too_high": "weights that change too much in a step",
    "learning_rate_too_low": "weights that end near where they began",
}
"""Findings that blame a setting, and what was seen: where another finding explains it, the setting is not to blame."""


def title(rule: str) -> str:
    """A rule's finding as a phrase, such as ``"vanishing gradient"``."""
    return TITLES.get(rule, rule.replace("_", " "))


def oddity(rule: str) -> str:
    """A rule's finding as a phrase, where it is told without a complaint."""
    return ODDITIES.get(rule) or title(rule)


def observed(rule: str) -> str:
    """A rule's finding as a phrase, where another finding explains it."""
    return JUDGED.get(rule) or title(rule)


def page(rule: str) -> str:
    """Where the documentation describes a finding; a report names the place and never asks a network for it."""
    return f"docs/findings/{rule}.md"


def marked(name: str) -> str:
    """A layer's name for a sentence: in quotes where it could be taken for a word, such as “lower”, and as it is otherwise."""
    return f"“{name}”" if len(name) >= WORD and name.isalpha() and name not in PLAIN else name


WORD = 3
"""Letters from which on a name may read as a word."""
PLAIN = ("logits",)
"""Names that read as names, although they hold letters only."""
MOST_NAMES = 4
"""Most layers that a sentence names one by one."""


def place(layers: Sequence[str]) -> str:
    """Where a finding is, for a sentence: ``" in hidden_3"``, ``" in 12 layers from hidden_1 to hidden_12"``; may be empty."""
    if not layers:
        return ""
    if len(layers) > 2 and _follow_each_other(layers):
        return f" in {len(layers)} layers from {marked(layers[0])} to {marked(layers[-1])}"
    if len(layers) <= MOST_NAMES:
        return f" in {listed([marked(name) for name in layers])}"
    some = [marked(name) for name in layers[: MOST_NAMES - 1]]
    return f" in {', '.join(some)} and {len(layers) - MOST_NAMES + 1} more layers"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence lists them: ``"a, b and c"``."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def _follow_each_other(layers: Sequence[str]) -> bool:
    """Whether no layer between the first and the last is left out, as far as numbers in the names tell."""
    numbered = [re.fullmatch(r"(.*?)(\d+)(\D*)", name) for name in layers]
    stems = {(found[1], found[3]) for found in numbered if found}
    numbers = [int(found[2]) for found in numbered if found]
    return len(stems) == 1 and numbers == [*range(numbers[0], numbers[0] + len(layers))]


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
