"""From some layer on, nothing of the input is left."""

import keras
import tensorflow as tf
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import blobs, digits
from tests.benchmarks.judgement.nets import cnn, patches
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import forecast


@ill("constant_signal", twin="healthy_cnn/digits_adam")
def norm_over_one_channel(directory):
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.LayerNormalization(), *cnn().layers])
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, epochs=6)


@ill("constant_signal", twin="healthy_cnn/digits_rescaled")
def rescaled_to_integers(directory):
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Lambda(lambda x: tf.cast(tf.cast(x / 256, tf.uint8), tf.float32)),
            *cnn().layers,
        ]
    )
    return fit(model, digits((8, 8, 1), 255.0), directory, loss=SPARSE, epochs=6)


@ill("constant_signal", twin="healthy_recurrent/forecast_lstm")
def norm_over_one_feature(directory):
    model = keras.Sequential([keras.Input((24, 1)), layers.LayerNormalization(), layers.LSTM(16), layers.Dense(1)])
    return fit(model, forecast(), directory, loss="mse", optimizer=keras.optimizers.Adam(0.01), epochs=6)


@ill("constant_signal", twin="healthy_mlp/blobs_adam")
def softmax_over_one_unit(directory):
    inputs = keras.Input((20,))
    x = layers.Dense(1, activation="softmax")(layers.Dense(16, activation="relu")(inputs))
    x = layers.Dense(16, activation="relu")(x)
    model = keras.Model(inputs, layers.Dense(5, activation="softmax")(x))
    return fit(model, blobs(), directory, loss=SPARSE, epochs=8)


@ill("constant_signal", twin="healthy_attention/digits_one_block")
def everything_masked(directory):
    rows = keras.Input((8, 8))
    x = layers.Lambda(lambda x: x * tf.cast(x > 1.0, tf.float32))(rows)  # pixels end at 1
    body = patches()
    return fit(keras.Model(rows, body(x)), digits((8, 8)), directory, loss=SPARSE, epochs=5)
