"""Online learning: one example at a time, once, without replay; half of the classes first, then the other half."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from scenarios.data import Data

SOON = (10, 20, 40, 80)
"""Examples of the other classes after which the first ones are tested: after a few hundred everything is forgotten by every network."""

Weights = list[tf.Tensor]
Outputs = Callable[[Weights, tf.Tensor], tf.Tensor]


def learn_online(data: Data, model: keras.Model, activation: str, slope: float, rate: float) -> dict[str, float]:
    """Regret and forgetting of a network that meets its training examples one by one.

    Args:
        data: the training part is the stream, examples of the first half of the classes before the others; accuracy is
            measured on the test part.
        model: dense layers, new; only its weights are read.
        activation: name of the activation between the layers, or ``leaky``.
        slope: of a leaky activation.
        rate: of plain SGD.

    Returns:
        regret: mean loss of each example before it is learned, in nats, ≥ 0; retained: accuracy on the first half of the classes
        while the second half is learned, the mean over ``SOON``; forgetting: how far below the accuracy at the end of the first half
        that is, a share in [−1, 1].
    """
    first = data.y_train < data.classes // 2
    early = data.y_test < data.classes // 2
    weights = [tf.convert_to_tensor(variable) for variable in model.trainable_variables]
    outputs, run = _compiled(activation, slope)
    order = np.concatenate([np.flatnonzero(first), np.flatnonzero(~first)])
    soon = [count for count in SOON if count <= (~first).sum()]
    losses, accuracies = [], []
    for part in np.split(order, first.sum() + np.array([0, *soon])):
        weights, each = run(weights, data.x_train[part], data.y_train[part], tf.constant(rate, tf.float32))
        losses.append(np.asarray(each))
        predicted = np.argmax(np.asarray(outputs(weights, tf.constant(data.x_test[early]))), axis=1)
        accuracies.append(float(np.mean(predicted == data.y_test[early])))
    retained = float(np.mean(accuracies[1 : 1 + len(soon)]))
    return {
        "regret": float(np.concatenate(losses).mean()),
        "forgetting": accuracies[0] - retained,
        "retained": retained,
    }


def learn_at_best_rate(
    data: Data, model: keras.Model, activation: str, slope: float, rates: Sequence[float]
) -> dict[str, float]:
    """The same at the rate with the lowest regret on a stream of the validation part.

    Args:
        data: the training part is the stream.
        model: dense layers, new; only its weights are read.
        activation: name of the activation between the layers, or ``leaky``.
        slope: of a leaky activation.
        rates: learning rates to choose from.

    Returns:
        What ``learn_online`` returns.
    """
    tried = replace(data, x_train=data.x_validation, y_train=data.y_validation)
    regrets = {rate: learn_online(tried, model, activation, slope, rate)["regret"] for rate in rates}
    return learn_online(data, model, activation, slope, min(regrets, key=lambda rate: regrets[rate]))


@cache
def _compiled(activation: str, slope: float) -> tuple[Outputs, Callable[..., tuple[Weights, tf.Tensor]]]:
    """The network as a function of its weights, and a loop over single examples; compiled once for each activation."""
    named = keras.activations.get(None if activation == "leaky" else activation)
    bend = (lambda z: tf.nn.leaky_relu(z, slope)) if activation == "leaky" else cast(Any, named)

    def outputs(weights: Sequence[tf.Tensor], x: tf.Tensor) -> tf.Tensor:
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            x = bend(x @ kernel + bias)
        return x @ weights[-2] + weights[-1]

    @tf.function(reduce_retracing=True)
    def run(weights: Weights, x: tf.Tensor, y: tf.Tensor, rate: tf.Tensor) -> tuple[Weights, tf.Tensor]:
        losses = tf.TensorArray(tf.float32, tf.shape(x)[0])
        for n in tf.range(tf.shape(x)[0]):
            with tf.GradientTape() as tape:
                tape.watch(weights)
                logits = outputs(weights, x[n : n + 1])
                loss = tf.nn.sparse_softmax_cross_entropy_with_logits(y[n : n + 1], logits)[0]
            gradients = cast(Any, tape).gradient(loss, weights)
            weights = [weight - rate * gradient for weight, gradient in zip(weights, gradients, strict=True)]
            losses = losses.write(n, loss)
        return weights, losses.stack()

    return outputs, run
