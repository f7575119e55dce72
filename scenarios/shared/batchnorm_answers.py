"""The sentences with which ``batchnorm`` may answer its question."""

from __future__ import annotations

from scenarios.scenario import Answer

COUNTED = {"four_for_each_unit": "supported", "second_pair_is_trained": "refuted"}
KEPT = {"keeps_activations": "supported"} | COUNTED
KEEPS = "Over 20 layers it keeps the size of activations within a factor of 2"
PARAMETERS = "it has 400 parameters for 100 units, of which 200 are trained."
BEST = "In three epochs, each network at its best learning rate, it"
NETWORKS = {"deep_glorot": "20 layers with Glorot", "deep_he": "20 layers with He"}


def _headlines() -> tuple[Answer, ...]:
    """What it keeps, where it belongs in a deep network, and what it counts."""
    places = {
        "supported": "before ReLU it makes a network of that depth more accurate after three epochs than behind it, by "
        "{before_is_better.points} points",
        "mixed": "in a network of that depth it is more accurate before ReLU than after it with {before_is_better.supported}, and "
        "less with {before_is_better.refuted}",
        "refuted": "in a network of that depth it is not more accurate before ReLU than after it with {before_is_better.refuted}",
        "open": "whether a network of that depth is more accurate with it before ReLU than after is not settled for "
        "{before_is_better.open}",
    }
    return tuple(
        Answer(f"{KEEPS}; {where}; and {PARAMETERS}", KEPT | {"before_is_better": word})
        for word, where in places.items()
    )


def _learns_faster() -> tuple[Answer, ...]:
    """A sentence for each network and verdict; the two places are named where they differ."""
    both = {f"learns_faster_{name}": "supported" for name in NETWORKS}
    told = [
        Answer(
            f"{BEST} lowers the loss of 20 layers by {{learns_faster_deep_glorot.size}} nats with Glorot and "
            "{learns_faster_deep_he.size} with He.",
            both,
        )
    ]
    for name, network in NETWORKS.items():
        claim = f"learns_faster_{name}"
        (other,) = (key for key in both if key != claim)
        told += [
            Answer(
                f"{BEST} lowers the loss of {network} by {{{claim}.size}} nats.",
                {claim: "supported", other: "refuted|mixed|open"},
            ),
            Answer(f"It raises the loss of {network} with {{{claim}.refuted}}.", {claim: "refuted|mixed"}),
            Answer(f"Whether it lowers the loss of {network} is not settled.", {claim: "open"}),
        ]
    return tuple(told)


ANSWERS = (
    *_headlines(),
    Answer(
        "It does not keep the size of activations within a factor of 2 over 20 layers for {keeps_activations.refuted}.",
        {"keeps_activations": "mixed|refuted"},
    ),
    Answer(
        "Whether it keeps the size of activations within a factor of 2 over 20 layers is not settled for {keeps_activations.open}.",
        {"keeps_activations": "open"},
    ),
    Answer(
        "Before ReLU it makes gradients more even with Glorot and less even with He.",
        {"eases_gradients_glorot": "supported", "eases_gradients_he": "refuted"},
    ),
    Answer(
        "Before ReLU it makes gradients more even, with Glorot and with He.",
        {"eases_gradients_glorot": "supported", "eases_gradients_he": "supported"},
    ),
    *_learns_faster(),
    Answer(
        "With 5 layers it lowers the loss by {learns_faster_shallow_glorot.size} nats with Glorot; whether it does with He is not "
        "settled.",
        {"learns_faster_shallow_glorot": "supported", "learns_faster_shallow_he": "open"},
    ),
    Answer(
        "With 5 layers it lowers the loss by {learns_faster_shallow_glorot.size} nats with Glorot and by "
        "{learns_faster_shallow_he.size} with He.",
        {"learns_faster_shallow_glorot": "supported", "learns_faster_shallow_he": "supported"},
    ),
    Answer(
        "With 5 layers it lowers the loss by {learns_faster_shallow_glorot.size} nats with Glorot, and raises it with He "
        "({learns_faster_shallow_he.refuted}).",
        {"learns_faster_shallow_glorot": "supported", "learns_faster_shallow_he": "refuted|mixed"},
    ),
    Answer(
        "Whether it lowers the loss of 5 layers with Glorot is not settled.",
        {"learns_faster_shallow_glorot": "open|mixed|refuted"},
    ),
    Answer(
        "With 5 layers its place changes test accuracy by less than two points.",
        {"can_be_exchanged": "supported"},
    ),
    Answer(
        "With 5 layers, too, its place changes test accuracy by more than two points with {can_be_exchanged.refuted}.",
        {"can_be_exchanged": "mixed|refuted"},
    ),
)
"""Sentences and the verdicts that each one needs, in the order in which a report shows them."""
