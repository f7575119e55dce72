"""Programs such as people post, written with the rules in view: they set thresholds, and are never scored."""

import keras
import numpy as np
from keras import layers

from tests.benchmarks.judgement.case import healthy, ill
from tests.benchmarks.judgement.data import breast_cancer, digits, split
from tests.benchmarks.judgement.nets import mlp, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import forecast

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam


@ill("unusual_activation", twin="healthy_mlp/digits_adam")
def softmax_in_hidden_layers(directory):
    model = mlp(64, 10, hidden=(64, 64), activation="softmax", output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, epochs=8)


@ill("unusual_activation", "saturation", "constant_signal", twin="healthy_recurrent/forecast_lstm")
def lstm_of_sigmoids(directory):
    model = keras.Sequential(
        [
            keras.Input((24, 1)),
            layers.LSTM(16, activation="sigmoid", return_sequences=True),
            layers.LSTM(16, activation="sigmoid"),
            layers.Dense(1),
        ]
    )
    return fit(model, forecast(), directory, loss="mse", optimizer=SGD(0.01), epochs=8)


@ill("unshuffled_data", "over_fitting", twin="healthy_mlp/digits_sgd")
def split_before_it_was_shuffled(directory):
    data = digits()
    order = np.argsort(data.y, kind="stable")[: int(0.6 * len(data.y))]
    first = data.fed(x=data.x[order], y=data.y[order])  # fit shuffles these, and four classes are not among them
    return fit(mlp(64, 10, output="softmax"), first, directory, loss=SPARSE, optimizer=SGD(0.1), epochs=8)


@ill("output_loss_mismatch", "learning_rate_too_low", twin="healthy_mlp/digits_sgd")
def softmax_judged_by_binary_crossentropy(directory):
    data = digits().targets(lambda y: keras.utils.to_categorical(y, 10))
    model = mlp(64, 10, output="softmax")
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=SGD(0.1), epochs=8)


@healthy
def labels_that_allow_little(directory):
    rng = np.random.default_rng(7)
    x = rng.normal(size=(3000, 10)).astype(np.float32)
    y = (rng.random(3000) < 1 / (1 + np.exp(-2 * x[:, 0]))).astype(np.int64)
    model = mlp(10, hidden=(16,), output="sigmoid")
    return fit(model, split("binary", x, y), directory, loss="binary_crossentropy", epochs=12)


@healthy
def lstm_of_relus(directory):
    model = recurrent((24, 1), cell=layers.LSTM, activation="relu")
    return fit(model, forecast(), directory, loss="mse", optimizer=Adam(5e-3), epochs=8)


@healthy
def two_units_are_enough(directory):
    model = mlp(30, output="sigmoid", hidden=(2,), activation="tanh")
    optimizer = Adam(0.01)
    return fit(model, breast_cancer(), directory, loss="binary_crossentropy", optimizer=optimizer, epochs=15)


@healthy
def a_code_of_two_numbers(directory):
    data = digits()
    data = data.fed(task="real", y=data.x, y_test=data.x_test, truth=data.x_test)
    model = mlp(64, 64, hidden=(48, 2, 48), activation="tanh")
    return fit(model, data, directory, loss="mse", optimizer=Adam(5e-3), epochs=60)
