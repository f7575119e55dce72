"""Recurrent nets that learn as they should."""

import keras
from keras import layers

from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import reader, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import first_sign, forecast, reviews, waves

Adam = keras.optimizers.Adam


@healthy
def waves_gru(directory):
    model = recurrent((32, 1), 3, output="softmax")
    return fit(model, waves(), directory, loss=SPARSE, optimizer=Adam(0.01), epochs=10)


@healthy
def forecast_lstm(directory):
    model = recurrent((24, 1), cell=layers.LSTM)
    return fit(model, forecast(), directory, loss="mse", optimizer=Adam(0.01), epochs=10)


@healthy
def forecast_simple(directory):
    model = recurrent((24, 1), cell=layers.SimpleRNN)
    return fit(model, forecast(), directory, loss="mse", optimizer=Adam(3e-3), epochs=12)


@healthy
def reviews_lstm(directory):
    model = reader(200, 20)
    return fit(model, reviews(), directory, loss="binary_crossentropy", optimizer=Adam(5e-3), epochs=8)


@healthy
def reviews_gru_clipped(directory):
    model = reader(200, 20, cell=layers.GRU)
    optimizer = Adam(5e-3, clipnorm=1.0)
    return fit(model, reviews(), directory, loss="binary_crossentropy", optimizer=optimizer, epochs=8)


@healthy
def rows_of_digits(directory):
    model = recurrent((8, 8), 10, cell=layers.LSTM, units=32, output="softmax")
    return fit(model, digits((8, 8)), directory, loss=SPARSE, optimizer=Adam(0.01), epochs=10)


@healthy
def remember_first(directory):
    model = recurrent((20, 1), cell=layers.GRU, output="sigmoid")
    return fit(model, first_sign(20), directory, loss="binary_crossentropy", optimizer=Adam(0.02), epochs=15)


@healthy
def bidirectional_digits(directory):
    model = keras.Sequential(
        [
            keras.Input((8, 8)),
            layers.Bidirectional(layers.GRU(16, return_sequences=True)),
            layers.GRU(16),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return fit(model, digits((8, 8)), directory, loss=SPARSE, optimizer=Adam(0.01), epochs=6)
