"""Which of several backward passes through a layer's call is the one that trains it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import tensorflow as tf

from probes.capture.capture import Call
from probes.seams.graph import key_of
from probes.snapshot.gradient_parts import Gradient


def choose(call: Call, own: Collection[int], given: Mapping[int, Gradient]) -> bool:
    """Use the gradient from the backward pass that produced the gradients passed to ``update``.

    Two tapes, a persistent one, or a penalty on gradients run backwards through the same call several times.

    Args:
        call: the call; its gradient is removed where the pass is not known.
        own: keys of the variables of its layer.
        given: the gradient of each of the model's variables, by key.

    Returns:
        Whether the pass is known.
    """
    # A pass that differentiates by no trained weight (saliency, a penalty on input gradients) cannot be the one.
    trains = [each for each in call.passes if {*map(key_of, each[0].sources)} & {*given}] or call.passes
    # An inner tape's pass only serves the loss of the tape around it.
    trains = [each for each in trains if not each[0].enclosed] or trains
    targets = {tuple(map(id, tf.nest.flatten(differentiation.target))) for differentiation, _ in trains}
    if len(targets) <= 1:
        call.gradient = trains[-1][1] if trains else call.gradient
        return True
    # The layer's own weights tell passes apart best; a layer without weights is decided by those of the whole model.
    for keys in (own, given):
        ids = {id(given[key]) for key in keys if given.get(key) is not None}
        made = [gradient for differentiation, gradient in trains if ids & {*map(id, differentiation.gradients)}]
        if made:
            call.gradient = made[-1]
            return True
    call.gradient = None
    return False
