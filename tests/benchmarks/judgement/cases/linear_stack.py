"""Layers without an activation between them: together they are one linear layer."""

import keras
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import circles, friedman
from tests.benchmarks.judgement.nets import mlp
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_by_trainer
from tests.benchmarks.judgement.sequences import waves

Adam = keras.optimizers.Adam


@ill("linear_stack", twin="healthy_mlp/circles_adam")
def dense_circles(directory):
    model = mlp(2, output="sigmoid", hidden=(16, 16), activation=None)
    return fit(model, circles(), directory, loss="binary_crossentropy", optimizer=Adam(0.01), epochs=10)


@ill("linear_stack", twin="healthy_mlp/friedman_adam")
def dense_regression(directory):
    model = mlp(10, hidden=(32, 32, 32), activation="linear")
    return fit(model, friedman(), directory, loss="mse", optimizer=Adam(5e-3), epochs=12)


@ill("linear_stack", twin="healthy_cnn/waves_conv1d")
def convolutions(directory):
    model = keras.Sequential(
        [
            keras.Input((32, 1)),
            layers.Conv1D(8, 5),
            layers.Conv1D(16, 5),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return fit(model, waves(), directory, loss=SPARSE, optimizer=Adam(0.01), epochs=8)


@ill("linear_stack", twin="healthy_mlp/circles_adam")
def normalised_but_linear(directory):
    model = keras.Sequential([keras.Input((2,))])
    for _ in range(3):
        model.add(layers.Dense(16))
        model.add(layers.Dropout(0.1))
    model.add(layers.Dense(1))
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    return fit_by_trainer(model, Adam(0.01), loss, circles(), directory, epochs=8, threshold=0.0)
