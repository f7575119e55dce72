"""The network for scenarios that compare data, not networks."""

from __future__ import annotations

import keras

from scenarios.data import Data


def relu_classifier(data: Data, depth: int, width: int) -> keras.Model:
    """Dense ReLU layers ``hidden_1`` … with He initialisation, and ``logits``.

    Args:
        data: determines the number of inputs and outputs.
        depth: hidden layers.
        width: units in each.
    """
    hidden = [
        keras.layers.Dense(width, "relu", kernel_initializer="he_normal", name=f"hidden_{number}")
        for number in range(1, depth + 1)
    ]
    inputs = keras.Input(data.x_train.shape[1:], name="inputs")
    return keras.Sequential([inputs, *hidden, keras.layers.Dense(data.outputs, name="logits")], name="classifier")
