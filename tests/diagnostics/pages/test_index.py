"""The overview of scenarios: the answers at a glance, the claims behind them folded."""

from __future__ import annotations

import json
import re

import pytest

from diagnostics.pages.index import overview, write_index

VERDICT = {"effect": 0.5, "low": 0.4, "high": 0.6, "unit": "nats", "seeds": 6}
EXACT = {"effect": 400.0, "low": 400.0, "high": 400.0, "unit": "1 − R²", "seeds": 5}
WORDS = ("supported", "open", "supported", "refuted")
ANSWER = "Yes, it does. It depends on the rate. More was not tested."


@pytest.fixture
def folder(tmp_path):
    parts = [{"label": "ReLU", "verdict": VERDICT}, {"label": "tanh", "verdict": EXACT}]
    claims = [{"word": word, "statement": f"Claim {number}.", "parts": parts} for number, word in enumerate(WORDS)]
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        record = {"question": f"Question {name}?", "answer": ANSWER, "status": "digits", "claims": claims}
        (tmp_path / name / "findings.json").write_text(json.dumps(record), encoding="utf-8")
    return tmp_path


def test_an_answer_is_split_after_its_first_sentence(folder):
    one = overview(folder / "one" / "findings.json")
    assert (one.lead, one.rest) == ("Yes, it does.", "It depends on the rate. More was not tested.")
    assert one.counts == {"supported": 2, "open": 1, "refuted": 1}
    assert one.claims[0].effects == ("ReLU: 0.50 [0.40, 0.60] nats", "tanh: 400 (1 − R²)")
    assert one.claims[0].seeds == 5


def test_questions_and_answers_stand_open_and_claims_are_folded(folder):
    text = write_index(folder, {}, seconds=4321).read_text(encoding="utf-8")
    assert "8 claims in 2 scenarios: 4 supported, 2 open, 2 refuted · 72\u00a0min" in text
    shown = re.sub(r"<details>.*?</details>", "", text, flags=re.DOTALL)
    assert shown.count("Yes, it does.") == 2 and "Claim 0." not in shown and text.count("Claim 0.") == 2
    assert text.count("4 claims: ") == 2 and text.count("<h1") == 1


def test_a_short_time_is_told_in_seconds(folder):
    assert "· 59\u00a0s" in write_index(folder, {}, seconds=59).read_text(encoding="utf-8")
