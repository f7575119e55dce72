"""The sentences with which ``activation_sparsity`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

ONLINE = "Online, example by example and one half of the classes after the other, ReLU"
DIES = "(a unit is dead when its output is exactly 0 on all examples, which a leaky one's cannot be)"
ANSWERS = (
    Answer(
        f"For zeros and dead units yes, for accuracy hardly: with a leak there are next to no exact zeros and no unit dies {DIES}, "
        "while accuracy changes by less than two points.",
        {"fewer_zeros": "supported", "does_not_die": "supported", "same_accuracy": "supported"},
    ),
    Answer(
        f"For zeros and dead units yes: with a leak there are next to no exact zeros and no unit dies {DIES}; some ReLU units do.",
        {"fewer_zeros": "supported", "does_not_die": "supported", "same_accuracy": "mixed|refuted|open"},
    ),
    Answer("With a leak no unit dies; in these runs no ReLU unit died either.", {"does_not_die": "mixed|open"}),
    Answer(
        "The leak changes accuracy by less than two points.",
        {"same_accuracy": "supported", "does_not_die": "mixed|open|refuted"},
    ),
    Answer(
        "Whether the leak changes accuracy by less than two points is not settled for {same_accuracy.open}.",
        {"same_accuracy": "open"},
    ),
    Answer(
        "Accuracy differs from ReLU's by more than two points with {same_accuracy.refuted}.",
        {"same_accuracy": "mixed|refuted"},
    ),
    Answer(
        "By a measure of sparseness that does not need exact zeros, activations without zeros are less sparse, by {sparser.size}.",
        {"sparser": "supported"},
    ),
    Answer(
        "By a measure of sparseness that does not need exact zeros, ReLU is sparser by more than 0.1 than {sparser.supported}, but "
        "not than {sparser.refuted}.",
        {"sparser": "mixed"},
    ),
    Answer(
        "By a measure of sparseness that does not need exact zeros, ReLU is not sparser by 0.1 than {sparser.refuted}.",
        {"sparser": "refuted"},
    ),
    Answer(
        f"{ONLINE} neither predicts the next example better than {{learns_better_online.refuted}} by 0.02 nats, nor forgets less "
        "by ten points than {forgets_less.refuted}.",
        {"learns_better_online": "refuted", "forgets_less": "refuted"},
    ),
    Answer(
        f"{ONLINE} does not predict the next example better than {{learns_better_online.refuted}} by 0.02 nats.",
        {"learns_better_online": "refuted", "forgets_less": "supported|mixed|open"},
    ),
    Answer(
        f"{ONLINE} predicts the next example better than less sparse activations, by {{learns_better_online.size}} nats.",
        {"learns_better_online": "supported"},
    ),
    Answer(
        f"{ONLINE} predicts the next example better by 0.02 nats than {{learns_better_online.supported}}, but not than "
        "{learns_better_online.refuted}.",
        {"learns_better_online": "mixed"},
    ),
    Answer(
        f"{ONLINE} was not shown to predict the next example better by 0.02 nats.",
        {"learns_better_online": "open"},
    ),
    Answer("It forgets less by more than ten points.", {"forgets_less": "supported"}),
    Answer(
        "It forgets less by ten points than {forgets_less.supported}, but not than {forgets_less.refuted}.",
        {"forgets_less": "mixed"},
    ),
    Answer(
        "It does not forget less by ten points than {forgets_less.refuted}.",
        {"learns_better_online": "supported|mixed|open", "forgets_less": "refuted"},
    ),
    Answer("Whether it forgets less by ten points is not settled.", {"forgets_less": "open"}),
    Answer(
        "After equally many steps at the same rate a leak makes the network less non-linear, by {less_bent.size} of the logits' "
        "variance.",
        {"less_bent": "supported"},
    ),
    Answer(
        "After equally many steps at the same rate, the network is less non-linear with {less_bent.supported}; with "
        "{less_bent.refuted} not by 0.005 of the logits' variance.",
        {"less_bent": "mixed"},
    ),
    Answer(
        "With {less_bent.refuted} the network is not less non-linear by 0.005 of the logits' variance.",
        {"less_bent": "refuted"},
    ),
    Answer(
        "Whether a leak makes the network less non-linear by 0.005 of the logits' variance is not settled for {less_bent.open}.",
        {"less_bent": "open"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
