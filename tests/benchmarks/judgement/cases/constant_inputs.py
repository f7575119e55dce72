"""Inputs that are the same for every example."""

import keras
import numpy as np

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import cnn, patches, reader, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import forecast, reviews

CONSTANT = ("constant_inputs", "constant_signal")


@ill(*CONSTANT, twin="healthy_cnn/digits_adam")
def integer_division(directory):
    data = digits((8, 8, 1), 255.0).inputs(lambda x: x.astype(np.int64) // 256)
    return fit(cnn(), data, directory, loss=SPARSE, epochs=6)


@ill(*CONSTANT, twin="healthy_recurrent/reviews_lstm")
def every_word_unknown(directory):
    data = reviews().inputs(np.ones_like)  # a vocabulary in another case than the text
    return fit(reader(200, 20), data, directory, loss="binary_crossentropy", epochs=5)


@ill(*CONSTANT, twin="healthy_recurrent/forecast_lstm")
def scaled_along_the_wrong_axis(directory):
    def scale(x):
        return (x - x.mean(axis=-1, keepdims=True)) / (x.std(axis=-1, keepdims=True) + 1e-8)

    model = recurrent((24, 1))
    return fit(model, forecast().inputs(scale), directory, loss="mse", optimizer=keras.optimizers.Adam(0.01), epochs=6)


@ill(*CONSTANT, twin="healthy_attention/digits_one_block")
def clipped_to_one_value(directory):
    data = digits((8, 8)).inputs(lambda x: np.clip(x * 255, 255, 256) / 255)
    return fit(patches(), data, directory, loss=SPARSE, epochs=5)
