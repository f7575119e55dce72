"""How often another run would change a word."""

from __future__ import annotations

from tests.diagnostics.verdict.test_claims import experiment, spread
from tests.kit.stability import differs, words


def test_an_effect_far_from_its_threshold_keeps_its_word_and_one_at_the_threshold_does_not():
    arms = {"far": spread(1, 24), "near": spread(0.025, 24)}
    (clear,) = words([experiment(arms, {"treated": "far"})], 40).values()
    (unclear,) = words([experiment(arms, {"treated": "near"})], 40).values()
    assert clear == {"supported": 40} and differs(clear) == 0
    assert differs(unclear) > 0.2 and set(unclear) == {"supported", "open"}


def test_runs_are_pooled():
    parts = {"treated": "a"}
    (found,) = words([experiment({"a": spread(sign, 24)}, parts) for sign in (1, -1)], 40).values()
    assert "open" in found
