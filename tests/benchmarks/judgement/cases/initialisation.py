"""First weights that are zero, alike, or of the wrong size."""

import keras
import numpy as np
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits, friedman
from tests.benchmarks.judgement.nets import mlp, patches, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import waves

SGD = keras.optimizers.SGD


@ill("initialisation", "constant_signal", twin="healthy_mlp/digits_adam")
def all_zero(directory):
    model = mlp(64, 10, hidden=(32, 32), output="softmax", kernel_initializer="zeros")
    return fit(model, digits(), directory, loss=SPARSE, epochs=8)


@ill("initialisation", twin="healthy_mlp/friedman_adam")
def all_alike(directory):
    model = mlp(10, hidden=(32, 32), kernel_initializer=keras.initializers.Constant(0.1))
    return fit(model, friedman(), directory, loss="mse", epochs=10)


@ill("initialisation", twin="healthy_cnn/digits_adam")
def filters_alike(directory):
    alike = keras.initializers.Constant(0.05)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu", kernel_initializer=alike),
            layers.Conv2D(16, 3, activation="relu", kernel_initializer=alike),
            layers.Flatten(),
            layers.Dense(32, activation="relu", kernel_initializer=alike),
            layers.Dense(10, activation="softmax", kernel_initializer=alike),
        ]
    )
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, epochs=8)


@ill("initialisation", twin="healthy_recurrent/waves_gru")
def lstm_of_zeros(directory):
    model = recurrent(
        (32, 1), 3, cell=layers.LSTM, output="softmax", kernel_initializer="zeros", recurrent_initializer="zeros"
    )
    return fit(model, waves(), directory, loss=SPARSE, epochs=8)


@ill("initialisation", "vanishing_gradient", twin="healthy_mlp/digits_sgd")
def very_small(directory):
    small = keras.initializers.RandomNormal(stddev=1e-3)
    model = mlp(64, 10, hidden=(32, 32, 32), output="softmax", kernel_initializer=small)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.1), epochs=10)


@ill("initialisation", twin="healthy_attention/digits_one_block")
def weights_set_by_hand(directory):
    model = patches()
    for weight in model.trainable_weights:
        if len(weight.shape) > 1:
            weight.assign(np.full(weight.shape, 0.02))
    return fit(model, digits((8, 8)), directory, loss=SPARSE, epochs=6)
