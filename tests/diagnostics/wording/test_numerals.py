from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnostics.wording.numerals import decades, estimate, interval, p_value, percent, power_of_ten, short, span


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.6264, "0.626"),
        (-0.0021, "−0.0021"),
        (0.0, "0"),
        (412.4, "412"),
        (1797.0, "1,797"),
        (-1.2e-7, "−1.2 × 10⁻⁷"),
        (3e12, "3 × 10¹²"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
        (math.nan, "–"),
    ],
)
def test_a_number_reads_as_in_print(value, text):
    assert short(value) == text


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_three_digits_lose_less_than_one_per_cent(value):
    text = short(value).replace(",", "")
    mantissa, _, power = text.partition(" × 10")
    exponent = int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
    assert math.isclose(float(f"{mantissa}e{exponent}"), value, rel_tol=0.01)


@given(st.floats(min_value=1e-300, max_value=1e300))
def test_the_sign_stands_in_front_and_changes_nothing_else(value):
    assert short(-value) == f"−{short(value)}"


def test_an_effect_and_its_interval_share_their_decimal_place():
    assert estimate(0.63, 0.621, 0.6394) == "0.630 [0.621, 0.639]"
    assert estimate(412.4, 380.2, 440.9) == "412 [380, 441]"
    assert estimate(-0.0004, -0.01, 0.01) == "0.000 [−0.010, 0.010]"


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0.0, 0.0, 0.0), "0 [0, 0]"),
        ((2.5, 2.5, 2.5), "2.5 [2.5, 2.5]"),
        ((-8.47e-9, -8.47e-9, -8.47e-9), "−8.47 × 10⁻⁹"),
        ((math.nan, 0.0, 1.0), "not measured"),
        ((math.inf, 3.0, math.inf), "∞ [3, ∞]"),
        ((1.0, math.nan, math.nan), "1"),
        ((2e-9, 1e-9, 3e-9), "2 × 10⁻⁹ [1 × 10⁻⁹, 3 × 10⁻⁹]"),
        ((5e8, 4e8, 6e8), "5 × 10⁸ [4 × 10⁸, 6 × 10⁸]"),
    ],
)
def test_an_estimate_without_a_common_place_still_reads(numbers, text):
    assert estimate(*numbers) == text


@given(*[st.floats(allow_nan=True, allow_infinity=True)] * 3)
def test_any_estimate_has_a_text(effect, low, high):
    assert estimate(effect, low, high)


def test_ticks_of_a_logarithmic_axis():
    assert [power_of_ten(value) for value in (1e-3, 0.01, 0.5, 1, 20, 1000, 1e4)] == [
        "10⁻³", "0.01", "0.5", "1", "20", "1,000", "10⁴",
    ]  # fmt: skip
    assert power_of_ten(2e-7) == "2×10⁻⁷"


def test_shares_and_p_values():
    assert [percent(share) for share in (0.0, 0.0004, 0.123, 1.0, math.nan)] == [
        "0 %",
        "< 0.1 %",
        "12.3 %",
        "100 %",
        "–",
    ]
    assert [p_value(p) for p in (0.0001, 0.0312, math.nan)] == ["p < 0.001", "p = 0.031", ""]
    assert interval(math.nan, 1.0) == "–"


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.3, -0.00167, 4e-17], ("−0.00167", "0.3")),
        ([-0.00167, 4.44e-17], ("−0.00167", "0")),
        ([4e-17], ("4 × 10⁻¹⁷", "4 × 10⁻¹⁷")),
        ([1.0, math.inf], ("1", "∞")),
        ([math.nan], ("–", "–")),
    ],
)
def test_a_span_hides_rounding_beside_what_is_larger(values, texts):
    assert span(values) == texts


def test_one_decade_is_singular():
    assert [decades(value) for value in (1.0, -1.0, 2.5, float("nan"))] == ["1 decade", "−1 decade", "2.5 decades", "–"]
