"""Closed forms to compare with measurements: signal propagation, dropout moments, counts."""

from diagnostics.theory.activations import ACTIVATIONS, Activation, activation, elu, leaky_relu
from diagnostics.theory.counting import (
    ParameterCount,
    batch_normalisation_parameters,
    born_dead_probability,
    log2_subnetwork_count,
    mask_entropy,
    subnetwork_count,
)
from diagnostics.theory.dropout import (
    ALPHA_PRIME,
    Moments,
    alpha_dropout_affine,
    alpha_dropout_moments,
    dropout_moments,
)
from diagnostics.theory.moments import activation_moments, relu_zero_fraction, selu_fixed_point
from diagnostics.theory.propagation import (
    SignalPropagation,
    dense_stack,
    normalised_stack,
    signal_propagation,
    weight_variance,
)
from diagnostics.theory.quadrature import gaussian_mean

__all__ = [
    "ACTIVATIONS",
    "ALPHA_PRIME",
    "Activation",
    "Moments",
    "ParameterCount",
    "SignalPropagation",
    "activation",
    "activation_moments",
    "alpha_dropout_affine",
    "alpha_dropout_moments",
    "batch_normalisation_parameters",
    "born_dead_probability",
    "dense_stack",
    "dropout_moments",
    "elu",
    "gaussian_mean",
    "leaky_relu",
    "log2_subnetwork_count",
    "mask_entropy",
    "normalised_stack",
    "relu_zero_fraction",
    "selu_fixed_point",
    "signal_propagation",
    "subnetwork_count",
    "weight_variance",
]
