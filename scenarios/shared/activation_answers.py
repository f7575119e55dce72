"""The sentences with which ``activation_sparsity`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ANSWERS = (
    Answer(
        "For zeros and dead units yes, for accuracy hardly: with a leak there are next to no exact zeros and no unit dies, while "
        "accuracy stays within two points.",
        {"fewer_zeros": "supported", "does_not_die": "supported", "same_accuracy": "supported"},
    ),
    Answer("ReLU sets half of the activations to 0 at the start.", {"half_are_zero": "supported"}),
    Answer(
        "With a leak there are hardly any exact zeros, and no unit dies; some ReLU units do, in training.",
        {"fewer_zeros": "supported", "does_not_die": "supported", "same_accuracy": "mixed|refuted|open"},
    ),
    Answer("With a leak no unit dies; in these runs no ReLU unit died either.", {"does_not_die": "mixed|open"}),
    Answer(
        "By a measure of sparseness that does not need exact zeros, both leaks make activations less sparse.",
        {"sparser": "supported"},
    ),
    Answer(
        "By a measure of sparseness that does not need exact zeros, a leak does not always make activations less sparse.",
        {"sparser": "mixed|refuted"},
    ),
    Answer(
        "The leak makes less than two points of difference to accuracy.",
        {"same_accuracy": "supported", "does_not_die": "mixed|open|refuted"},
    ),
    Answer(
        "Where both have come down to the same training loss, a leak costs no accuracy.",
        {"as_good_at_equal_loss": "supported"},
    ),
    Answer("Accuracies were not shown to be within two points of each other.", {"same_accuracy": "open"}),
    Answer("At some slope the leak changes accuracy by more than two points.", {"same_accuracy": "mixed|refuted"}),
    Answer(
        "Online, example by example and one half of the classes after the other, sparse activations are not always an "
        "advantage: against some activation without zeros ReLU neither learns faster nor forgets less.",
        {"learns_better_online": "refuted", "forgets_less": "refuted"},
    ),
    Answer(
        "Online, example by example and one half of the classes after the other, ReLU learns faster than activations "
        "without zeros.",
        {"learns_better_online": "supported"},
    ),
    Answer(
        "Whether ReLU learns faster online depends on what it is compared with.",
        {"learns_better_online": "mixed"},
    ),
    Answer(
        "These runs do not show whether ReLU learns faster online than activations without zeros.",
        {"learns_better_online": "open"},
    ),
    Answer("It forgets less than activations without zeros.", {"forgets_less": "supported"}),
    Answer("Whether it forgets less depends on what it is compared with.", {"forgets_less": "mixed"}),
    Answer(
        "It does not always forget less than activations without zeros.",
        {"learns_better_online": "supported|mixed|open", "forgets_less": "refuted"},
    ),
    Answer("Whether it forgets less is not settled.", {"forgets_less": "open"}),
    Answer(
        "After equally many steps at the same rate, a leak makes the network less non-linear.",
        {"less_bent": "supported"},
    ),
    Answer(
        "After equally many steps at the same rate, one of the two leaks makes the network noticeably less non-linear, the other "
        "does not.",
        {"less_bent": "mixed"},
    ),
    Answer("A leak does not always make the network less non-linear.", {"less_bent": "refuted"}),
    Answer(
        "These runs do not show whether every leak, however small, makes the network less non-linear.",
        {"less_bent": "open"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
