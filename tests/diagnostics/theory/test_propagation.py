"""Signal propagation against closed forms, brute force, and the slopes that were measured on the digits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special

from diagnostics.theory import (
    ACTIVATIONS,
    Activation,
    activation,
    activation_moments,
    dense_stack,
    elu,
    gaussian_mean,
    leaky_relu,
    normalised_stack,
    relu_zero_fraction,
    selu_fixed_point,
    signal_propagation,
    weight_variance,
)
from probes.errors import UsageError


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_derivative_is_that_of_the_value(name):
    phi, h = ACTIVATIONS[name], 1e-6
    x = np.concatenate([-np.geomspace(1e-2, 30, 40), np.geomspace(1e-2, 30, 40)])
    numeric = (phi.value(x + h) - phi.value(x - h)) / (2 * h)
    np.testing.assert_allclose(phi.derivative(x), numeric, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_stay_finite_far_out(name):
    x = np.array([-1e140, -1e3, 1e3, 1e140])
    assert np.isfinite(ACTIVATIONS[name].value(x)).all()
    assert np.isfinite(ACTIVATIONS[name].derivative(x)).all()


def test_activation_names():
    assert activation("swish") is activation("silu")
    assert activation(leaky_relu(0.5)).value(np.array([-2.0])) == -1.0
    assert elu(2.0).value(np.array([-50.0])) == pytest.approx(-2.0)
    with pytest.raises(UsageError, match="sigmoid"):
        activation("sigmoidd")


@pytest.mark.parametrize("power", range(2, 13, 2))
def test_gaussian_mean_of_powers(power):
    assert gaussian_mean(lambda x: x**power, std=3.0) == pytest.approx(3.0**power * special.factorial2(power - 1))


@given(mean=st.floats(-50, 50), std=st.floats(1e-6, 1e6))
@settings(max_examples=50)
def test_gaussian_mean_of_a_jump(mean, std):
    expected = special.ndtr(mean / std)
    assert gaussian_mean(lambda x: (x > 0).astype(float), mean, std) == pytest.approx(expected, rel=1e-11, abs=1e-30)


@pytest.mark.parametrize("std", [1.0, 1e2, 1e4, 1e6])
def test_gaussian_mean_resolves_a_narrow_peak(std):
    """The derivative of a sigmoid under a wide input: the mass sits in a sliver around 0."""
    tail, _ = integrate.quad(lambda x: activation("sigmoid").derivative(x) * np.exp(-((x / std) ** 2) / 2), -40, 40)
    wide = tail / (std * np.sqrt(2 * np.pi))
    assert gaussian_mean(activation("sigmoid").derivative, std=std) == pytest.approx(wide, rel=1e-9)


def test_gaussian_mean_at_the_edges():
    assert gaussian_mean(np.exp, mean=2.0, std=0.0) == pytest.approx(np.e**2)
    assert np.isnan(gaussian_mean(np.exp, mean=np.nan))
    assert np.isnan(gaussian_mean(np.exp, std=np.inf))


@pytest.mark.parametrize(
    ("initializer", "expected"),
    [("he", 2), ("he_uniform", 2), ("HeNormal", 2), ("lecun_normal", 1), ("glorot_uniform", 2 * 64 / 164)],
)
def test_weight_variance(initializer, expected):
    assert weight_variance(initializer, 64, 100) == pytest.approx(expected)


def test_weight_variance_of_orthogonal_weights():
    assert weight_variance("orthogonal", 64, 100) == pytest.approx(0.64)
    assert weight_variance("orthogonal", 100, 64) == 1
    with pytest.raises(UsageError, match="glorot"):
        weight_variance("xavier", 1, 1)


# DEFINITIONS, "Theory": theory's numbers for 20 layers of 100 on the digits, printed to three places.
DIGITS = {"depth": 20, "width": 100, "inputs": 64}


@pytest.mark.parametrize(
    ("phi", "initializer", "theory", "measured"),
    [
        ("sigmoid", "glorot", 0.627, 0.626),
        ("sigmoid", "he", 0.498, 0.498),
        ("tanh", "glorot", 0.019, 0.021),
        ("tanh", "he", -0.021, -0.021),
        ("relu", "glorot", 0.1505, 0.151),
        ("relu", "he", 0.0, 0.006),
    ],
)
@pytest.mark.parametrize("second_moment", [0.2346, 1.0], ids=["pixels over 16", "standardised"])
def test_depth_slopes_of_the_definitions(phi, initializer, theory, measured, second_moment):
    slope = dense_stack(phi, initializer, input_second_moment=second_moment, **DIGITS).depth_slope
    assert slope == pytest.approx(theory, abs=0.003)
    assert slope == pytest.approx(measured, abs=0.007)


def test_relu_in_closed_form():
    """Each layer halves the second moment times σ_w², in both directions."""
    stack = signal_propagation("relu", 1.2, depth=5, input_second_moment=3.0)
    np.testing.assert_allclose(stack.second_moments, 3.6 * 0.6 ** np.arange(5))
    np.testing.assert_allclose(stack.gains, 0.6)
    np.testing.assert_allclose(stack.log10_gradient, 0.5 * np.log10(0.6) * np.arange(4, -1, -1), atol=1e-15)
    assert stack.attenuation == pytest.approx(-2 * np.log10(0.6))
    assert stack.depth_slope == pytest.approx(-0.5 * np.log10(0.6))


def test_biases_enter_the_second_moment():
    stack = signal_propagation("linear", 1.0, depth=3, input_second_moment=1.0, sigma_b2=0.5)
    np.testing.assert_allclose(stack.second_moments, [1.5, 2.0, 2.5])


@pytest.mark.parametrize("phi", ["relu", "tanh", "selu", "linear", "sigmoid"])
@pytest.mark.parametrize("sigma_w2", [0.01, 100.0])
def test_thousands_of_layers_neither_under_nor_overflow(phi, sigma_w2):
    stack = signal_propagation(phi, sigma_w2, depth=2000, input_second_moment=1.0)
    assert np.isfinite(stack.log10_gradient).all()
    assert np.isfinite(stack.depth_slope)


def test_a_vanished_signal_meets_the_slope_at_zero():
    """Tanh is linear for tiny input, so that χ is σ_w²."""
    assert signal_propagation("tanh", 0.5, depth=1500, input_second_moment=1.0).gains[-1] == pytest.approx(0.5)


def test_profile_against_a_simulated_network():
    """Forward and backward through random weights, wide enough for the theory of infinite width."""
    rng, width, depth = np.random.default_rng(0), 1000, 6
    weights = rng.normal(0, width**-0.5, (depth, width, width))
    phi, signal, derivatives = activation("tanh"), rng.normal(size=(width, 8)), []
    for weight in weights:
        signal = weight @ signal
        derivatives.append(phi.derivative(signal))
        signal = phi.value(signal)
    gradient, profile = rng.normal(size=(width, 8)), []
    for weight, derivative in zip(weights[::-1], derivatives[::-1], strict=True):
        profile.append(0.5 * np.log10(np.mean(gradient**2)))
        gradient = weight.T @ (derivative * gradient)
    expected = signal_propagation("tanh", 1.0, depth=depth, input_second_moment=1.0).log10_gradient
    np.testing.assert_allclose(np.subtract(profile[::-1], profile[0]), expected, atol=0.02)


def test_batch_normalisation_makes_relu_gradients_grow_backwards():
    stack = normalised_stack("relu", depth=20)
    np.testing.assert_allclose(stack.gains, np.pi / (np.pi - 1))
    assert stack.depth_slope == pytest.approx(-0.5 * np.log10(np.pi / (np.pi - 1)))
    assert stack.attenuation < 0
    assert normalised_stack("linear", depth=4).depth_slope == pytest.approx(0)


@pytest.mark.parametrize("bad", [{"depth": 0}, {"input_second_moment": 0.0}, {"input_second_moment": np.nan}])
def test_a_stack_without_signal_is_refused(bad):
    with pytest.raises(UsageError, match=next(iter(bad))):
        signal_propagation("relu", 2.0, **({"depth": 3, "input_second_moment": 1.0} | bad))
    with pytest.raises(UsageError, match="sigma_w2"):
        signal_propagation("relu", -1.0, depth=3, input_second_moment=1.0)


def test_short_stacks_have_no_slope():
    assert np.isnan(normalised_stack("relu", depth=2).depth_slope)


def test_an_activation_of_ones_own():
    cube = Activation("cube", lambda x: x**3, lambda x: 3 * x**2)
    assert signal_propagation(cube, 1.0, depth=2, input_second_moment=1.0).second_moments[1] == pytest.approx(15)


def test_selu_rests_at_zero_and_one():
    fixed = selu_fixed_point()
    np.testing.assert_allclose([*activation_moments("selu", *fixed)], [*fixed], atol=1e-14)


@given(z=st.floats(-4, 4), std=st.floats(0.01, 100))
@settings(max_examples=30)
def test_moments_of_relu_in_closed_form(z, std):
    """The rectified normal: E = μ Φ(μ/σ) + σ φ(μ/σ), E² = (μ² + σ²) Φ + μ σ φ."""
    mean, density, mass = z * std, np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi), special.ndtr(z)
    expected = mean * mass + std * density
    square = (mean**2 + std**2) * mass + mean * std * density
    np.testing.assert_allclose([*activation_moments("relu", mean, std**2)], (expected, square - expected**2), rtol=1e-8)


def test_relu_zero_fraction():
    assert relu_zero_fraction() == 0.5
    assert relu_zero_fraction(1.0, 1.0) == pytest.approx(0.15865525393145707)
    assert relu_zero_fraction(0.0, 0.0) == 1
    assert relu_zero_fraction(0.1, 0.0) == 0
