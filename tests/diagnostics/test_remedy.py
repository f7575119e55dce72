"""The command that tries remedies: what it says, and what it refuses."""

from __future__ import annotations

import json

import pytest

from diagnostics.measures.remedied import Remedied, confirmed, ranked
from diagnostics.pages.remedies import Found, Outcome, as_json, in_words, lines
from diagnostics.remedy import main
from diagnostics.rules import Finding, Remedy

PROGRAM = """
import keras, numpy as np
RNG = np.random.default_rng(0)
Y = RNG.integers(0, 3, 240)
X = (RNG.normal(0, 2, (3, 6))[Y] + RNG.standard_normal((240, 6))).astype("float32")

def make(rate=10.0):
    hidden = [keras.layers.Dense(8, "tanh") for _ in range(3)]
    model = keras.Sequential([keras.Input((6,)), *hidden, keras.layers.Dense(3, "softmax")])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, X, Y

def no_model():
    return None

def not_compiled():
    return keras.Sequential([keras.Input((6,)), keras.layers.Dense(3)]), X, Y

def uneven():
    return *make()[:2], Y[:7]
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("remedy") / "train.py"
    path.write_text(PROGRAM)
    return path


def test_a_rate_that_is_too_high_is_found_and_a_lower_one_tried(file, tmp_path, capsys):
    options = ["--seeds", "2", "--epochs", "4", "--only", "learning_rate", "--out", str(tmp_path / "out"), "--json"]
    assert main([f"{file}:make", *options]) == 0
    outcome = json.loads(capsys.readouterr().out)
    assert outcome["found"][0]["rule"] == "learning_rate_too_high"
    assert outcome["tried"][0]["remedy"] == "learning_rate × 0.1"
    assert outcome["tried"][0]["effect"] > 0.3
    assert outcome["not_tried"]["clipping (clipnorm 1.0)"] == "left out by --only"
    assert (tmp_path / "out" / "learning-rate-x-0.1" / "seed-1" / "run.json").exists()


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nowhere.py:make"], "there is no such file"),
        (["{file}:maek"], "use 'make'"),
        (["{file}:no_model"], "does not return a program"),
        (["{file}:not_compiled"], "no compiled model"),
        (["{file}:uneven"], "do not belong together"),
        (["{file}:make", "--seeds", "1"], "one seed shows no spread"),
        (["{file}:make", "--only", "learning_rat"], "use 'learning_rate'"),
        (["{file}:make", "--arm", "a"], "a file has no arms"),
        (["vanishing_gradien"], "use 'vanishing_gradient'"),
        (["vanishing_gradient"], "no arm was named"),
        (["vanishing_gradient", "--arm", "nothing"], "there is no arm"),
    ],
)
def test_misuse_is_told_in_four_parts(arguments, part, file, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main([each.format(file=file) for each in arguments]) == 2
    told = capsys.readouterr().err
    assert part in told
    assert all(word in told for word in ("where:", "got:", "do this:"))


def remedied(remedy: str, gains, remaining=0.0, cause="learning_rate_too_high") -> Remedied:
    before = [0.1, 0.12, 0.11, 0.1, 0.13]
    return Remedied(remedy, cause, before, [old + gain for old, gain in zip(before, gains, strict=True)], remaining)


CURES = remedied("learning_rate × 0.1", [0.7, 0.72, 0.69, 0.7, 0.71])
HELPS = remedied("initialization", [0.8, 0.82, 0.79, 0.8, 0.8], remaining=1.0)
NOTHING = remedied("clipping", [0.1, -0.1, 0.05, -0.05, 0.0])
TINY = remedied("optimizer", [0.001, 0.001, 0.0012, 0.001, 0.0011])
WIDE = remedied("epsilon", [0.5, -0.3, 0.4, 0.1, 0.6])
HARMS = remedied("dropout", [-0.3, -0.31, -0.3, -0.29, -0.3])


def test_a_remedy_that_does_not_help_is_said_not_to():
    words = [one.word for one in (CURES, HELPS, WIDE, NOTHING, TINY, HARMS)]
    assert words == ["cures", "helps", "is not shown to help", "does not help", "does not help", "harms"]
    equal = Remedied("labels", "invalid_labels", [0.1, 0.1], [0.9, 0.9], 0.0)
    assert equal.word == "is not shown to help"  # two equal numbers have no interval
    assert Remedied("clipping", "update_ratio", [0.1, 0.2], [0.1, 0.2], 1.0).word == "does not help"
    assert [one.remedy for one in ranked([HARMS, NOTHING, HELPS, CURES])][:2] == [
        "learning_rate × 0.1",
        "initialization",
    ]
    assert confirmed([HELPS, NOTHING]) == [] and confirmed([NOTHING, CURES]) == ["learning_rate_too_high"]


def test_what_is_printed():
    found = [Found(Finding("learning_rate_too_high", "warning", "Half of the layers change by 70 %."), 5)]
    outcome = Outcome(range(5), [0.1] * 5, found, [NOTHING, CURES], {"epochs × 4": "it needs a longer training"})
    text = "\n".join(lines(outcome))
    assert "warning, 5 of 5 seeds: learning_rate_too_high" in text
    assert text.index("learning_rate × 0.1") < text.index("clipping") < text.index("Not tried: epochs × 4")
    assert "Confirmed: learning_rate_too_high. learning_rate × 0.1 cures it." in text
    assert as_json(outcome)["confirmed"] == ["learning_rate_too_high"]  # pyright: ignore
    healthy = "\n".join(lines(Outcome(range(5), [0.9] * 5, [])))
    assert "Nothing to remedy" in healthy
    assert "nothing that was tried cures one" in "\n".join(lines(Outcome(range(5), [0.1] * 5, found, [NOTHING])))


def test_remedies_in_words():
    assert in_words(Remedy("learning_rate", {"factor": 0.1})) == "learning_rate × 0.1"
    assert in_words(Remedy("optimizer", {"class": "Adam"})) == "optimizer (Adam)"
    assert in_words(Remedy("batch_size", {"size": 32})) == "batch_size (size 32)"
    assert in_words(Remedy("shuffle")) == "shuffle"
