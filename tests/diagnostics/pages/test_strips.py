"""Effects as small pictures: places follow the numbers, and what is exact has none."""

from __future__ import annotations

import math

import pytest

from diagnostics.pages.strips import EXACT, MARGIN, strips
from diagnostics.verdict.claims import JudgedPart
from diagnostics.verdict.verdict import Verdict


def part(effect: float, low: float, high: float, *, threshold: float = 0.0, margin=None, **other) -> JudgedPart:
    facts = {"word": "supported", "expects": "equal" if margin is not None else "greater", "unit": "nats", "test": "t"}
    facts |= {"confidence": 0.95, "seeds": 6, "p_value": 0.01, "statistic": "mean"} | other
    return JudgedPart(
        "a part", Verdict(effect=effect, low=low, high=high, threshold=threshold, margin=margin, **facts), 0.01
    )


def test_places_follow_the_numbers():
    (strip,) = strips([part(1.5, 1.0, 2.0, threshold=0.0)])
    room = 100 * MARGIN / (1 + 2 * MARGIN)
    assert strip.start == pytest.approx(room, abs=0.01) and strip.end == 100  # above 0, to the end of the strip
    assert strip.low == pytest.approx(50) and strip.high == pytest.approx(100 - room, abs=0.01)
    assert strip.effect == pytest.approx((strip.low + strip.high) / 2, abs=0.01)
    assert strip.text == "1.5 [1.0, 2.0]" and strip.drawn


def test_parts_with_one_range_share_a_scale_and_others_do_not():
    near, far, other = strips([part(1, 0, 2), part(99, 98, 100), part(1, 0, 2, threshold=0.5)])
    assert near.high < 10 and far.low > 90
    assert other.low < 10 and other.high > 90


@pytest.mark.parametrize("margin", [0.1, 0.5])
def test_within_a_margin_has_two_ends(margin):
    (strip,) = strips([part(0.0, -0.2, 0.2, margin=margin)])
    assert (strip.start < strip.low) is (margin > 0.2) and strip.start < 50 < strip.end
    assert strip.start == pytest.approx(100 - strip.end)


@pytest.mark.parametrize("ends", [(-math.inf, 1.0), (0.2, math.inf)])
def test_an_open_end_reaches_the_edge(ends):
    (strip,) = strips([part(0.5, *ends)])
    assert strip.drawn and (strip.low == 0 or strip.high == 100)


@pytest.mark.parametrize(
    "without", [part(0, 0, 0, margin=0.0, test=EXACT), part(math.nan, math.nan, math.nan), part(0, 0, 0, threshold=0)]
)
def test_what_has_no_interval_has_no_picture(without):
    assert not strips([without])[0].drawn
