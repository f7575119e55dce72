"""The gradient, and mostly the signal too, grows from layer to layer or from step to step of a sequence."""

import keras
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import cnn, mlp, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_by_trainer
from tests.benchmarks.judgement.sequences import forecast

SGD = keras.optimizers.SGD
Normal = keras.initializers.RandomNormal


@ill("exploding_gradient", "initialisation", twin="healthy_mlp/digits_deep_relu")
def unit_normal_weights(directory):
    model = mlp(64, 10, hidden=(32,) * 8, output="softmax", kernel_initializer=Normal(stddev=1.0))
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.01), epochs=8)


@ill("exploding_gradient", "initialisation", twin="healthy_cnn/digits_deep")
def wide_normal_convolutions(directory):
    model = cnn(filters=(8,) * 7, kernel_initializer=Normal(stddev=0.6))
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, optimizer=SGD(0.01), epochs=6)


@ill("exploding_gradient", "initialisation", "non_finite", twin="healthy_recurrent/forecast_simple")
def recurrent_weights_above_one(directory):
    twice = keras.initializers.Identity(gain=1.6)
    model = recurrent((24, 1), cell=layers.SimpleRNN, activation="relu", recurrent_initializer=twice)
    return fit(model, forecast(), directory, loss="mse", optimizer=SGD(0.01), epochs=6)


@ill("exploding_gradient", "initialisation", twin="odd_depth/fifty_residual_layers")
def residuals_without_normalisation(directory):
    inputs = keras.Input((64,))
    x = layers.Dense(32)(inputs)
    for _ in range(25):
        x = x + layers.Dense(32, kernel_initializer="he_normal")(
            layers.Dense(32, "relu", kernel_initializer="he_normal")(x)
        )
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    loss = keras.losses.SparseCategoricalCrossentropy()
    return fit_by_trainer(model, SGD(0.01), loss, digits(), directory, epochs=5)
