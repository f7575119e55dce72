"""What can be wrong with a training, and which rules of `diagnostics.rules` name it: the one place that knows both."""

from __future__ import annotations

CAUSES: dict[str, tuple[str, ...]] = {
    "vanishing_gradient": ("vanishing_gradient",),
    "exploding_gradient": ("exploding_gradient",),
    "non_finite": ("non_finite",),
    "non_finite_inputs": ("constant_inputs", "non_finite"),  # the first of them looks at the inputs in every respect
    "dead_units": ("dead_units",),
    "saturation": ("saturation",),
    "initialisation": ("initialisation",),
    "not_connected": ("not_connected",),
    "frozen_layers": ("frozen_layers",),
    "weights_do_not_move": ("weights_do_not_move",),
    "update_ratio": ("update_ratio",),
    "learning_rate_too_high": ("learning_rate_too_high",),
    "learning_rate_too_low": ("learning_rate_too_low",),
    "oscillating_loss": ("oscillating_loss",),
    "stopped_early": ("stopped_early",),
    "over_fitting": ("over_fitting",),
    "unscaled_inputs": ("unscaled_inputs",),
    "unscaled_targets": ("unscaled_targets",),
    "constant_inputs": ("constant_inputs",),
    "invalid_labels": ("invalid_labels",),
    "output_loss_mismatch": ("output_loss_mismatch",),
    "linear_stack": ("linear_stack",),
    "unusual_activation": ("unusual_activation",),
    "narrow_layer": ("narrow_layer",),
    "repeated_batches": ("repeated_batches",),
    "wrong_outputs": ("wrong_outputs",),
    "strong_penalty": ("strong_penalty",),
    "dropout_rate": ("dropout_rate",),
    "dropout_before_batch_norm": ("dropout_before_batch_norm",),
    "tiny_batches": ("tiny_batches",),
    "constant_predictions": ("constant_predictions", "strong_penalty"),  # the second where a penalty is why
    "constant_signal": ("constant_signal",),
    "unshuffled_data": ("unshuffled_data",),
    "float16_headroom": ("float16_headroom",),
    "contradicting_metric": ("contradicting_metric", "uneven_weights"),
    "unrelated_targets": ("unrelated_targets",),
}
"""Names of rules by cause."""

OUTCOMES = frozenset({"diverging_loss", "ended", "no_learning", "slow_loss", "stuck_loss"})
"""Rules that say how training ended, and never why."""


def rules_of(causes: tuple[str, ...]) -> frozenset[str]:
    """The rules that name any of these causes."""
    return frozenset(rule for cause in causes for rule in CAUSES[cause])
