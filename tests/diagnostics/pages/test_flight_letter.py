"""What a replayed step found, as a letter: cause and cure by operation, and how sure that is."""

from __future__ import annotations

import pytest

from diagnostics.pages.flight_letter import CAUSES, letter_of
from diagnostics.runs.flight import Origin, Repeated, Values

STEPS = [Repeated(step, (1.0, 1.0), (1.0, 1.0), step < 7) for step in range(3, 8)]


def letter(**changes):
    taken = (Values("input 0", "float32 [8, 1]", 0.0, 3.0, 0, (("[5, 0]", 0.0),), (5,)),)
    made = (Values("output 0", "float32 [8, 1]", -2.0, 1.0, 1),)
    origin = Origin(
        **{"phase": "forward", "layer": "rate", "part": "", "operation": "Log", **changes}, inputs=taken, outputs=made
    )
    return letter_of(7, origin, STEPS, differs=False)


def test_a_letter_says_what_where_since_when_how_sure_and_what_to_try():
    said = letter(code="train.py:4")
    assert "comes from Log" in said.statement and "logarithm of 0" in said.means
    assert said.where[0].text == "layer rate, forward pass, train.py:4"
    assert said.since == "step 7; the 4 repeated steps before it are finite" and said.sure.startswith("a fact")
    assert said.bound == "in: 0 to 3; out: 1 value not finite; in the batch: example 5"
    assert "tf.math.log(tf.maximum(" in said.advice[0].code


@pytest.mark.parametrize(("phase", "said"), [("input", "held NaN or infinity"), ("update", "the optimizer")])
def test_a_bad_batch_and_a_bad_step_have_their_own_words(phase, said):
    assert said in letter(phase=phase, operation="Log").means


def test_an_unknown_operation_and_an_error_get_no_advice():
    assert letter(operation="Betainc").advice == () and letter(operation="Betainc").means == ""
    raised = letter(message="indices[0] = 12 is not in [0, 10)")
    assert raised.advice == () and raised.statement.startswith("indices") and raised.name == "an error of TensorFlow"


def test_every_cause_says_what_to_do():
    for operation, cause in CAUSES.items():
        assert operation[0].isupper() and cause.means.endswith(".") and cause.do.endswith(".")
        compile(cause.code, operation, "exec")


def test_a_repeat_that_differs_is_no_fact():
    origin = Origin("forward", "rate", "", "Log")
    assert "differs" in letter_of(7, origin, STEPS, differs=True).sure
