"""The network for scenarios that compare data, not networks."""

from __future__ import annotations

import keras

from scenarios.data import Data
from scenarios.shared.layers import classifier, dense


def relu_classifier(data: Data, depth: int, width: int) -> keras.Model:
    """Dense ReLU layers ``hidden_1`` … with He initialisation, and ``logits``.

    Args:
        data: determines the numbers of inputs and outputs and, with its replicate, the weights.
        depth: hidden layers.
        width: units in each.
    """
    return classifier(data, *(dense(data, f"hidden_{n}", width, "relu", "he_normal") for n in range(1, depth + 1)))
