"""Name, unit and scale on an axis for each column of a run's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from diagnostics.figures.scales import Linear, Log, Scale, Share


@dataclass(frozen=True)
class Quantity:
    """A column's axis.

    Args:
        label: its name in words, with the unit in brackets.
        scale: logarithmic for what spans decades.
        always_measured: whether each row holds a measurement; NaN then means *not a number*, not *missing*.
    """

    label: str
    scale: Scale
    always_measured: bool = False


LOG, LINEAR, WHOLE, SHARE = Log(), Linear(), Linear(margin=0.02, always=(0.0, 1.0)), Share(margin=0.02)

QUANTITIES: Mapping[str, Quantity] = {
    "activation_gradient_rms": Quantity("gradient at the layer's output, RMS (loss per unit of activation)", LOG),
    "gradient_norm": Quantity("gradient norm ‖g‖₂ (loss per unit of weight)", LOG),
    "gradient_rms": Quantity("gradient per weight, RMS (loss per unit of weight)", LOG),
    "gradient_norm_clipped": Quantity("gradient norm after clipping (loss per unit of weight)", LOG),
    "gradient_to_weight": Quantity("gradient norm / weight norm (loss per unit of weight²)", LOG),
    "weight_norm": Quantity("weight norm ‖W‖₂", LOG),
    "update_ratio": Quantity("update norm / weight norm, per step (no unit)", LOG),
    "activation_mean": Quantity("mean activation", LINEAR),
    "activation_std": Quantity("standard deviation of the activation", LOG),
    "activation_largest": Quantity("largest |activation|", LOG),
    "constant_fraction": Quantity("units that are constant over the batch (share)", SHARE),
    "zero_fraction": Quantity("activations exactly 0 (share)", SHARE),
    "population_sparseness": Quantity("population sparseness (0 dense, 1 sparse)", WHOLE),
    "lifetime_sparseness": Quantity("lifetime sparseness (0 dense, 1 sparse)", WHOLE),
    "saturated_fraction": Quantity("saturated activations (share)", SHARE),
    "dead_fraction": Quantity("dead units (share)", SHARE),
    "gradient_nonfinite": Quantity("gradient entries that are NaN or Inf (count)", LINEAR),
    "activation_nonfinite": Quantity("activation entries that are NaN or Inf (count)", LINEAR),
    "dropout_input_variance": Quantity("variance of the activations before dropout", LOG),
    "dropout_output_variance": Quantity("variance of the activations", LOG),
    "dropout_output_mean": Quantity("mean of the activations", LINEAR),
    "variance_ratio": Quantity("variance after / before dropout (ratio)", LOG),
    "shift": Quantity("variance in inference / in training (ratio)", LOG),
    "ks_distance": Quantity("Kolmogorov-Smirnov distance between before and after", LINEAR),
    "skewness": Quantity("change of the standardised third moment", LINEAR),
    "kurtosis": Quantity("change of the standardised fourth moment", LINEAR),
    "gradient_snr": Quantity("gradient against its noise ‖mean‖ / standard error (no unit)", LOG),
    "gradient_noise_scale": Quantity("gradient noise scale (examples)", LOG),
    "sharpness": Quantity("sharpness, largest eigenvalue of the loss's Hessian", LOG),
    "loss": Quantity("loss (logarithmic)", LOG, always_measured=True),
    "accuracy": Quantity("accuracy (share)", WHOLE),
    "rmse": Quantity("root mean squared error (standard deviations of the target)", LINEAR),
    "learning_rate": Quantity("learning rate", LOG),
}


def quantity(column: str) -> Quantity:
    """The axis of a column; an unknown one is shown under its own name on a linear scale."""
    return QUANTITIES.get(column, Quantity(column.replace("_", " "), LINEAR))
