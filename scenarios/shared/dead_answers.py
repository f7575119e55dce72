"""The sentences with which ``dead_relu`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

FIT = "Measured by the best linear fit to its logits,"
KILLED = "Of the units that a spike kills behind the first layer,"
STAY = f"{KILLED} {{dead_for_good.percent}} stay dead until training ends"
ANSWERS = (
    Answer("Units die after one step that is too large, and after one outlying batch.", {"spike_kills": "supported"}),
    Answer(
        "Units die after {spike_kills.supported}; after {spike_kills.refuted} not more than in calm training.",
        {"spike_kills": "mixed"},
    ),
    Answer("Spikes were not shown to kill more units than calm training.", {"spike_kills": "refuted|open"}),
    Answer(
        "In the first layer a dead unit never recovers under plain SGD: its inputs are fixed and its weights get no gradient.",
        {"first_layer_never_returns": "supported"},
    ),
    Answer(
        "In deeper layers some dead units recover, because the layers before them go on learning: with those frozen, none does.",
        {"deep_units_return": "supported", "because_layers_before_learn": "supported"},
    ),
    Answer(
        "In deeper layers some dead units recover.",
        {"deep_units_return": "supported", "because_layers_before_learn": "mixed|refuted|open"},
    ),
    Answer(
        f"{STAY}, and they stay dead longer than units that die in calm training, by {{return_later.size}} steps.",
        {"return_later": "supported", "dead_for_good": "supported|refuted"},
    ),
    Answer(f"{STAY}.", {"return_later": "mixed|refuted|open", "dead_for_good": "supported|refuted"}),
    Answer(
        f"{KILLED} nine in ten stay dead after {{dead_for_good.supported}}, but not after {{dead_for_good.refuted}}.",
        {"dead_for_good": "mixed"},
    ),
    Answer(
        "Dead units add no linear pieces: with more of them a network has fewer.",
        {"dead_add_no_pieces": "supported"},
    ),
    Answer(
        f"{FIT} though, networks with more dead units are more non-linear with {{dead_do_not_bend.refuted}} (what it leaves "
        "unexplained changes by {dead_do_not_bend.size} of the logits' variance).",
        {"dead_do_not_bend": "refuted"},
    ),
    Answer(
        f"{FIT} networks with more dead units are less non-linear, by {{dead_do_not_bend.size}} of the logits' variance.",
        {"dead_do_not_bend": "supported"},
    ),
    Answer(
        f"{FIT} networks with more dead units are more non-linear with {{dead_do_not_bend.refuted}}, and less with "
        "{dead_do_not_bend.supported}.",
        {"dead_do_not_bend": "mixed"},
    ),
    Answer(
        f"{FIT} whether networks with more dead units are more non-linear is not settled with {{dead_do_not_bend.open}}.",
        {"dead_do_not_bend": "open"},
    ),
    Answer(
        "Zeros are not necessary for non-linearity: a leaky network is non-linear, too.",
        {"zeros_bend": "refuted"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
