"""Formats numbers for readers: significant digits, a true minus sign, superscripts, and a dash for missing values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MISSING = "–"
ROUNDING = 1e-12
"""Rounding error of sums of 64-bit numbers of size 1."""


def short(value: float, digits: int = 3) -> str:
    """A number with `digits` significant digits; NaN is a dash, infinity its sign.

    Args:
        value: any number, or None for missing.
        digits: significant digits kept; trailing zeros are dropped.

    Returns:
        Text such as ``"0.626"``, ``"−1.2 × 10⁻⁷"``, ``"∞"`` or ``"–"``.

    Examples:
        >>> short(0.62649), short(-1.234e-7), short(float("nan"))
        ('0.626', '−1.23 × 10⁻⁷', '–')
    """
    if value is None or math.isnan(value):
        return MISSING
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value != 0 and not 1e-4 <= abs(value) < 1e6:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{_trim(mantissa)} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    return _trim(f"{value:,.{max(digits - 1 - _magnitude(value), 0)}f}")


def span(values: Iterable[float], digits: int = 3) -> tuple[str, str]:
    """The smallest and the largest of some numbers; an end that is rounding error relative to the other is 0.

    Returns:
        Two texts of so many significant digits.

    Examples:
        >>> span([0.1, 2, 30])
        ('0.1', '30')
    """
    low, high = min(values := [*values]), max(values)
    size = max(abs(low), abs(high))
    low, high = (0.0 if abs(end) < ROUNDING * size < math.inf else end for end in (low, high))
    return short(low, digits), short(high, digits)


def power_of_ten(value: float) -> str:
    """A value of a logarithmic axis: digits from 0.01 to 1000, a superscript power of ten outside.

    Examples:
        >>> power_of_ten(100), power_of_ten(1e-5)
        ('100', '10⁻⁵')
    """
    exponent = _magnitude(value)
    mantissa = value / 10.0**exponent
    if -2 <= exponent <= 3:
        return _trim(f"{value:,.{max(1 - exponent, 0)}f}")
    power = f"10{str(exponent).translate(_SUPERSCRIPT)}"
    return power if abs(mantissa - 1) < 1e-6 else f"{mantissa:.2g}×{power}"


def interval(low: float, high: float, digits: int = 3) -> str:
    """An interval in brackets, or a dash when it is missing.

    Examples:
        >>> interval(-0.5, 0.639)
        '[−0.5, 0.639]'
    """
    if math.isnan(low) or math.isnan(high):
        return MISSING
    return f"[{short(low, digits)}, {short(high, digits)}]"


def estimate(effect: float, low: float, high: float, bounds: Sequence[float] = ()) -> str:
    """An effect with its interval, all to the same decimal place.

    The place is that of the interval's second significant digit. An interval without width has no such place, and beside
    a power of ten it would only repeat it. Where an end would read like one of the bounds that it is compared with, it gets
    up to two places more.

    Returns:
        Text such as ``"0.630 [0.621, 0.639]"``; ``"not measured"`` when the effect is missing.

    Examples:
        >>> estimate(0.6301, 0.6212, 0.6394), estimate(0.2, 0.1001, 0.3, [0.1])
        ('0.630 [0.621, 0.639]', '0.2000 [0.1001, 0.3000]')
    """
    if math.isnan(effect):
        return "not measured"
    width = high - low
    if not math.isfinite(width) or not math.isfinite(effect) or max(abs(low), abs(high), width) >= 1e6:
        return f"{short(effect)} {interval(low, high)}" if not math.isnan(width) else short(effect)
    places = 1 - _magnitude(width) if width else 7
    if places > 6:
        alone = not width and "×" in short(effect)
        return short(effect) if alone else f"{short(effect)} {interval(low, high)}"
    places = max(places, 0)
    more = next((more for more in (0, 1, 2) if not _reads_like(bounds, (low, high), places + more)), 0)
    return "{} [{}, {}]".format(*(_fixed(value, places + more) for value in (effect, low, high)))


def _reads_like(bounds: Sequence[float], ends: Sequence[float], places: int) -> bool:
    """Whether an end that differs from a bound looks the same."""
    return any(end != bound and round(end, places) == round(bound, places) for end in ends for bound in bounds)


MANY = 10.0
"""A share from which on decimals of its per cent are noise."""


def found(effect: float, low: float, high: float, bounds: Sequence[float] = ()) -> str:
    """An effect with its interval; the effect alone where it was the same in every replicate. Arguments as for `estimate`.

    Examples:
        >>> found(400, 400, 400), found(0.5, 0.4, 0.6)
        ('400', '0.50 [0.40, 0.60]')
    """
    return short(effect) if low == high == effect else estimate(effect, low, high, bounds)


def percent(share: float) -> str:
    """A share in per cent: ``0.0123`` is ``"1.2 %"``; below a tenth of a per cent it says so.

    Examples:
        >>> percent(0.0123), percent(0.0004)
        ('1.2 %', '< 0.1 %')
    """
    if math.isnan(share) or math.isinf(share):
        return MISSING
    if 0 < abs(share) < 1e-3:
        return "< 0.1 %"
    return (f"{100 * share:,.0f}" if abs(share) >= MANY else _trim(f"{100 * share:.1f}")) + " %"


def decades(value: float) -> str:
    """A number of decades with its unit, such as ``"1 decade"`` or ``"−2.5 decades"``; a dash when it is missing."""
    text = short(value)
    return text if text == MISSING else f"{text} decade{'s' * (text not in ('1', '−1'))}"


LARGEST = 300.0
"""Decades from which on a factor is beyond 64-bit numbers."""


def factor(exponent: float) -> str:
    """A number of decades as the factor that it stands for, with two digits.

    Examples:
        >>> factor(0.3), factor(5.64), factor(7)
        ('2', '440,000', '10⁷')
    """
    return short(float(f"{10.0 ** min(exponent, LARGEST):.1e}")).removeprefix("1 × ")


def p_value(value: float) -> str:
    """A p-value as papers write it, such as ``"p = 0.031"`` or ``"p < 0.001"``; empty when there is none.

    Examples:
        >>> p_value(0.03125), p_value(0.0002)
        ('p = 0.031', 'p < 0.001')
    """
    if value is None or math.isnan(value):
        return ""
    return "p < 0.001" if value < 1e-3 else f"p = {value:.2g}"


def _magnitude(value: float) -> int:
    return math.floor(math.log10(abs(value)) + 1e-12) if value else 0


def _fixed(value: float, places: int) -> str:
    text = f"{value:,.{places}f}"
    return text.replace("-", "−") if text.strip("-0.,") else text.removeprefix("-")


def _trim(digits: str) -> str:
    text = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return text.replace("-", "−") if text.strip("-0.,") else "0"
