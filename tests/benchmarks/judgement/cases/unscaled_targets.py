"""Regression on targets in their own unit."""

import keras
import numpy as np
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import diabetes, friedman
from tests.benchmarks.judgement.nets import mlp, recurrent
from tests.benchmarks.judgement.outcome import outcome_of
from tests.benchmarks.judgement.programs import fit, fit_by_trainer, fit_compiled
from tests.benchmarks.judgement.sequences import forecast

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam


def in_unit(data, scale, shift):
    """Targets, and the truth, times a scale and shifted."""
    return data.targets(lambda y: y * scale + shift).fed(truth=data.truth * scale + shift)


@ill(
    "unscaled_targets", "non_finite", "exploding_gradient", "learning_rate_too_high", twin="healthy_mlp/diabetes_small"
)
def raw_diabetes(directory):
    model = mlp(10, hidden=(16, 16))
    return fit(model, diabetes(scaled=False), directory, loss="mse", optimizer=SGD(0.01), epochs=20)


@ill("unscaled_targets", "learning_rate_too_low", twin="healthy_mlp/friedman_adam")
def prices_in_euro(directory):
    data = in_unit(friedman(), 80_000.0, 300_000.0)
    model = mlp(10, hidden=(32, 32))
    return fit(model, data, directory, loss="mse", optimizer=Adam(1e-3), epochs=15, metrics=["mae"])


@ill("unscaled_targets", "learning_rate_too_low", twin="healthy_recurrent/forecast_lstm")
def demand_in_units(directory):
    data = in_unit(forecast(), 400.0, 5000.0)
    model = recurrent((24, 1), cell=layers.LSTM)
    return fit(model, data, directory, loss="mae", optimizer=Adam(0.01), epochs=8)


@ill("unscaled_targets", "non_finite", "exploding_gradient", "learning_rate_too_high", twin="healthy_mlp/friedman_sgd")
def trainer_with_raw_targets(directory):
    data = in_unit(friedman(), 1000.0, 5000.0)
    loss = keras.losses.MeanSquaredError()
    return fit_by_trainer(mlp(10, hidden=(32, 32)), SGD(0.03, momentum=0.9), loss, data, directory, epochs=6)


@ill("unscaled_targets", "update_ratio", "learning_rate_too_low", twin="healthy_mlp/friedman_adam")
def one_of_two_in_euro(directory):
    data = friedman()
    both = [
        np.stack([y, 20_000 * x[:, 5] * x[:, 6]], axis=1) for x, y in ((data.x, data.y), (data.x_test, data.y_test))
    ]
    model = mlp(10, 2, hidden=(32, 32))
    model.compile(Adam(5e-3), "mse")
    fit_compiled(model, data.fed(y=both[0], y_test=both[1]), directory, epochs=10, batch_size=32)
    return outcome_of("real", data.truth, model.predict(data.x_test, verbose=0)[:, 0])
