"""What findings are called, and one sentence about where they are."""

from __future__ import annotations

import pytest

from diagnostics.rules import rules
from diagnostics.wording.findings import TITLES, place, sentence, title


def test_titles_are_of_rules_that_exist():
    assert set(TITLES) <= set(rules())


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        ((), ""),
        (("a",), " in a"),
        (("a", "b"), " in a and b"),
        (("a", "b", "c"), " in a, b and c"),
        (("h_1", "h_2", "h_3"), " in 3 layers from h_1 to h_3"),
        (("h_2", "h_5", "h_6"), " in h_2, h_5 and h_6"),
        (("h_1", "h_3", "h_4", "h_5", "h_9"), " in h_1, h_3, h_4 and 2 more layers"),
        (("1", "2", "x"), " in 1, 2 and x"),
        (("lower", "lower_1", "logits"), " in “lower”, lower_1 and logits"),
    ],
)
def test_a_place_counts_layers(layers, text):
    assert place(layers) == text


def test_a_finding_from_the_first_step_on_needs_no_since():
    said = "Vanishing gradient in h. It stands still."
    assert sentence("vanishing_gradient", ("h",), (0, 9), "It stands still.") == said
    assert ", since step 1,200." in sentence("ended", (), (1200,), "Cut short.") and title("ended") != "ended"
