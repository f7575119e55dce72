"""Convolutional nets that learn as they should."""

import keras
from keras import layers

from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import cnn
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import waves

IMAGES = (8, 8, 1)


@healthy
def digits_adam(directory):
    return fit(cnn(), digits(IMAGES), directory, loss=SPARSE, epochs=8)


@healthy
def digits_sgd(directory):
    optimizer = keras.optimizers.SGD(0.05, momentum=0.9)
    return fit(cnn(), digits(IMAGES), directory, loss=SPARSE, optimizer=optimizer, epochs=8)


@healthy
def digits_batch_norm(directory):
    return fit(cnn(norm=True), digits(IMAGES), directory, loss=SPARSE, epochs=5)


@healthy
def digits_dropout(directory):
    return fit(cnn(dropout=0.4, head=64), digits(IMAGES), directory, loss=SPARSE, epochs=8)


@healthy
def digits_deep(directory):
    model = cnn(filters=(8,) * 7, kernel_initializer="he_normal")
    return fit(model, digits(IMAGES), directory, loss=SPARSE, epochs=8)


@healthy
def digits_augmented(directory):
    model = keras.Sequential([keras.Input(IMAGES), layers.RandomTranslation(0.1, 0.1), *cnn().layers])
    return fit(model, digits(IMAGES), directory, loss=SPARSE, optimizer=keras.optimizers.Adam(3e-3), epochs=10)


@healthy
def digits_rescaled(directory):
    model = keras.Sequential([keras.Input(IMAGES), layers.Rescaling(1 / 255), *cnn().layers])
    return fit(model, digits(IMAGES, 255.0), directory, loss=SPARSE, epochs=8)


@healthy
def waves_conv1d(directory):
    model = keras.Sequential(
        [
            keras.Input((32, 1)),
            layers.Conv1D(8, 5, activation="relu"),
            layers.Conv1D(16, 5, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return fit(model, waves(), directory, loss=SPARSE, optimizer=keras.optimizers.Adam(0.01), epochs=10)


@healthy
def parity_of_digits(directory):
    data = digits(IMAGES).targets(lambda y: y % 2).fed(task="binary", truth=digits(IMAGES).truth % 2)
    model = cnn(1, output="sigmoid")
    return fit(model, data, directory, loss="binary_crossentropy", epochs=8)
