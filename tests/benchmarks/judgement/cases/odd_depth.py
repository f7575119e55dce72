"""Odd but healthy: nets that are very deep, and nets with an odd start."""

import keras
from keras import layers

from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.data import digits, friedman
from tests.benchmarks.judgement.nets import cnn, mlp, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import waves

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam


@healthy
def fifty_residual_layers(directory):
    inputs = keras.Input((64,))
    x = layers.Dense(32)(inputs)
    for _ in range(25):
        y = layers.Dense(32, activation="relu", kernel_initializer="he_normal")(layers.LayerNormalization()(x))
        x = layers.Add()([x, layers.Dense(32, kernel_initializer=keras.initializers.RandomNormal(stddev=0.02))(y)])
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(layers.LayerNormalization()(x)))
    return fit(model, digits(), directory, loss=SPARSE, epochs=3)


@healthy
def fifty_selu_layers(directory):
    data = digits().inputs(lambda x: (x - 0.3) / 0.38)
    model = mlp(64, 10, hidden=(32,) * 50, activation="selu", output="softmax", kernel_initializer="lecun_normal")
    return fit(model, data, directory, loss=SPARSE, optimizer=SGD(2e-3), epochs=5)


@healthy
def seventeen_tanh_layers(directory):
    start = keras.initializers.VarianceScaling(2.2, "fan_in", "untruncated_normal")  # gradient grows on its way back
    model = mlp(64, 10, hidden=(32,) * 17, activation="tanh", output="softmax", kernel_initializer=start)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(2e-3), epochs=10)


@healthy
def seventeen_tanh_layers_small(directory):
    start = keras.initializers.VarianceScaling(0.75, "fan_in", "untruncated_normal")  # and is lost here
    model = mlp(64, 10, hidden=(32,) * 17, activation="tanh", output="softmax", kernel_initializer=start)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=Adam(1e-3), epochs=10)


@healthy
def output_layer_of_zeros(directory):
    model = keras.Sequential([*mlp(64, 10).layers[:-1], layers.Dense(10, "softmax", kernel_initializer="zeros")])
    return fit(model, digits(), directory, loss=SPARSE, epochs=10)


@healthy
def regression_from_zero(directory):
    model = keras.Sequential([*mlp(10).layers[:-1], layers.Dense(1, kernel_initializer="zeros")])
    return fit(model, friedman(), directory, loss="mse", optimizer=Adam(5e-3), epochs=12)


@healthy
def residual_branches_from_zero(directory):
    inputs = keras.Input((8, 8, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    for _ in range(4):
        y = layers.Conv2D(8, 3, padding="same", activation="relu")(x)
        x = layers.Add()([x, layers.Conv2D(8, 3, padding="same", kernel_initializer="zeros")(y)])
    x = layers.Flatten()(layers.MaxPooling2D()(x))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(x))
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, optimizer=Adam(2e-3), epochs=6)


@healthy
def tiny_gradients_behind_batch_norm(directory):
    model = cnn(norm=True, kernel_initializer=keras.initializers.RandomNormal(stddev=5.0))  # normalised away
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, optimizer=Adam(3e-3), epochs=6)


@healthy
def strong_sparsity(directory):
    model = mlp(64, 10, hidden=(96,), output="softmax", activity_regularizer=keras.regularizers.L1(3e-3))
    return fit(model, digits(), directory, loss=SPARSE, optimizer=Adam(2e-3), epochs=20)


@healthy
def half_of_the_units_dead_in_a_wide_layer(directory):
    start = keras.initializers.RandomUniform(-1.0, 0.1)
    model = mlp(64, 10, hidden=(256, 64), output="softmax", bias_initializer=start)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=Adam(2e-3), epochs=12)


@healthy
def saturated_gates(directory):
    model = recurrent((32, 1), 3, cell=layers.LSTM, output="softmax", bias_initializer=keras.initializers.Constant(2.0))
    return fit(model, waves(), directory, loss=SPARSE, optimizer=Adam(0.01), epochs=12)


@healthy
def narrow_code_of_sigmoids(directory):
    model = mlp(64, 10, hidden=(32, 8), activation="sigmoid", output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=Adam(0.01), epochs=15)
