"""Layers that no gradient reaches because nothing differentiable connects them with the loss."""

import keras
import tensorflow as tf
from keras import layers, ops

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import circles, digits, friedman
from tests.benchmarks.judgement.nets import Positions, block
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import needle

UNREACHED = ("not_connected", "frozen_layers")


@ill(*UNREACHED, twin="healthy_mlp/digits_adam")
def rounded_in_the_middle(directory):
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(10, activation="sigmoid"),
            layers.Lambda(ops.round),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return fit(model, digits(), directory, loss=SPARSE, epochs=10)


@ill(*UNREACHED, twin="healthy_cnn/digits_adam")
def gradient_stopped(directory):
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, activation="relu")(inputs)
    x = layers.Conv2D(8, 3, activation="relu")(x)
    x = layers.Lambda(tf.stop_gradient)(layers.GlobalAveragePooling2D()(x))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, epochs=8)


class Forgets(keras.Model):
    """Computes a hidden layer, and passes the inputs on instead."""

    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(16, activation="relu"), layers.Dense(16, activation="relu")
        self.last = layers.Dense(1, activation="sigmoid")

    def call(self, x):
        y = self.first(x)
        y = self.second(y)
        return self.last(x)


@ill(*UNREACHED, "linear_stack", twin="healthy_mlp/circles_adam")
def hidden_layers_bypassed(directory):
    return fit(Forgets(), circles(), directory, loss="binary_crossentropy", epochs=10)


@ill(*UNREACHED, twin="healthy_attention/needle_two_blocks")
def tokens_chosen_by_argmax(directory):
    tokens = keras.Input((8,), dtype="int32")
    x = block(Positions()(layers.Embedding(12, 16)(tokens)), 16)
    place = layers.Lambda(lambda x: ops.one_hot(ops.argmax(x[..., 0], axis=1), 8)[..., None])(x)
    x = layers.Lambda(lambda pair: ops.sum(pair[0] * tf.stop_gradient(pair[1]), axis=1))([place, x])
    model = keras.Model(tokens, layers.Dense(6, activation="softmax")(layers.Dense(16, activation="relu")(x)))
    return fit(model, needle(), directory, loss=SPARSE, epochs=6)


@ill(*UNREACHED, twin="healthy_mlp/friedman_adam")
def through_integers(directory):
    model = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(8, activation="relu"),
            layers.Lambda(lambda x: tf.cast(tf.cast(x, tf.int32), tf.float32)),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    return fit(model, friedman(), directory, loss="mse", epochs=10)
