"""Inputs of another size than nets are made for."""

import keras
import numpy as np
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import breast_cancer, digits, friedman, wine
from tests.benchmarks.judgement.nets import cnn, mlp, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_by_trainer
from tests.benchmarks.judgement.sequences import forecast

SGD = keras.optimizers.SGD


@ill("unscaled_inputs", twin="healthy_mlp/cancer_sgd")
def raw_cancer(directory):
    model = mlp(30, output="sigmoid", hidden=(16, 8))
    data = breast_cancer(scaled=False)
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=SGD(0.05), epochs=25)


@ill("unscaled_inputs", twin="healthy_mlp/wine_adam")
def raw_wine(directory):
    model = mlp(13, 3, output="softmax", hidden=(16,))
    data = wine(scaled=False)
    return fit(model, data, directory, loss=SPARSE, optimizer=SGD(0.01), batch_size=16, epochs=25)


@ill("unscaled_inputs", "dead_units", twin="healthy_cnn/digits_sgd")
def pixels_to_255(directory):
    optimizer = SGD(0.05, momentum=0.9)
    return fit(cnn(), digits((8, 8, 1), 255.0), directory, loss=SPARSE, optimizer=optimizer, epochs=6)


@ill("unscaled_inputs", "non_finite", "exploding_gradient", twin="healthy_mlp/friedman_sgd")
def one_feature_in_thousands(directory):
    data = friedman().inputs(lambda x: x * np.array([1, 1, 1, 1, 3000, 1, 1, 1, 1, 1], np.float32))
    loss = keras.losses.MeanSquaredError()
    return fit_by_trainer(mlp(10, hidden=(32, 32)), SGD(0.01), loss, data, directory, epochs=8)


@ill("unscaled_inputs", "saturation", twin="healthy_recurrent/forecast_lstm")
def series_at_its_level(directory):
    data = forecast().inputs(lambda x: 40 * x + 1000)
    model = recurrent((24, 1), cell=layers.LSTM)
    return fit(model, data, directory, loss="mse", optimizer=keras.optimizers.Adam(0.01), epochs=8)


@ill("unscaled_inputs", "constant_inputs", twin="healthy_cnn/digits_sgd")
def divided_by_255_twice(directory):
    data = digits((8, 8, 1)).inputs(lambda x: x / 255 / 255)
    optimizer = SGD(0.05, momentum=0.9)
    return fit(cnn(), data, directory, loss=SPARSE, optimizer=optimizer, epochs=8)
