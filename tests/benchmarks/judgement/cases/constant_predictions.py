"""The model says the same of every example."""

import keras
import numpy as np
from keras import layers, regularizers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import mlp, reader, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import forecast, reviews


@ill("constant_predictions", "constant_signal", twin="healthy_mlp/digits_adam")
def penalty_too_strong(directory):
    model = mlp(64, 10, output="softmax", kernel_regularizer=regularizers.L2(1.0))
    return fit(model, digits(), directory, loss=SPARSE, epochs=10)


@ill("constant_predictions", "invalid_labels", twin="healthy_recurrent/reviews_lstm")
def one_class_to_learn_from(directory):
    data = reviews()
    order = np.argsort(data.y, kind="stable")[-400:]  # the file was sorted, and cut in two
    few = data.fed(x=data.x[order], y=data.y[order])
    return fit(reader(200, 20), few, directory, loss="binary_crossentropy", epochs=10)


@ill("constant_predictions", "constant_signal", twin="healthy_recurrent/forecast_lstm")
def penalty_on_a_recurrent_net(directory):
    strong = regularizers.L1(5.0)
    model = recurrent((24, 1), kernel_regularizer=strong, recurrent_regularizer=strong)
    return fit(model, forecast(), directory, loss="mse", optimizer=keras.optimizers.Adam(0.01), epochs=8)


@ill("constant_predictions", "constant_signal", twin="healthy_cnn/digits_adam")
def decay_in_the_optimizer(directory):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )
    optimizer = keras.optimizers.AdamW(0.01, weight_decay=20.0)
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, optimizer=optimizer, epochs=6)
