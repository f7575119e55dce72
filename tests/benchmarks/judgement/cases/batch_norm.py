"""Batch normalisation fed what it cannot normalise: dropped inputs, or hardly any examples."""

import keras
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits, friedman
from tests.benchmarks.judgement.nets import mlp
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import forecast

Adam = keras.optimizers.Adam
SGD = keras.optimizers.SGD
ORDER = ("dropout_before_batch_norm", "dropout_rate")


@ill(*ORDER, twin="healthy_mlp/friedman_adam")
def dropout_first_regression(directory):
    model = keras.Sequential([keras.Input((10,))])
    for _ in range(3):
        model.add(layers.Dense(32, activation="relu"))
        model.add(layers.Dropout(0.5))
        model.add(layers.BatchNormalization())
    model.add(layers.Dense(1))
    return fit(model, friedman(), directory, loss="mse", optimizer=Adam(3e-3), epochs=12)


@ill(*ORDER, twin="healthy_cnn/digits_batch_norm")
def dropout_first_images(directory):
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for count in (8, 16, 16):
        model.add(layers.Conv2D(count, 3, padding="same", activation="relu"))
        model.add(layers.Dropout(0.7))
        model.add(layers.BatchNormalization())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(10, activation="softmax"))
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, epochs=6)


@ill(*ORDER, twin="healthy_recurrent/forecast_lstm")
def dropout_first_series(directory):
    model = keras.Sequential(
        [
            keras.Input((24, 1)),
            layers.LSTM(16),
            layers.Dropout(0.6),
            layers.BatchNormalization(),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.6),
            layers.BatchNormalization(),
            layers.Dense(1),
        ]
    )
    return fit(model, forecast(), directory, loss="mse", optimizer=Adam(5e-3), epochs=8)


@ill("tiny_batches", twin="healthy_mlp/digits_batch_norm")
def two_examples_dense(directory):
    model = mlp(64, 10, norm=True, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, batch_size=2, epochs=1)


@ill("tiny_batches", "constant_signal", twin="healthy_mlp/digits_batch_norm")
def one_example_dense(directory):
    model = mlp(64, 10, norm=True, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.05), batch_size=1, epochs=1)


@ill("tiny_batches", twin="healthy_mlp/friedman_adam")
def two_examples_regression(directory):
    model = mlp(10, hidden=(16, 16), norm=True)
    return fit(model, friedman(), directory, loss="mse", optimizer=Adam(2e-3), batch_size=2, epochs=2)
