"""So much dropped that little can be learned: often the share to keep, taken for the share to drop."""

import keras
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits, friedman
from tests.benchmarks.judgement.nets import cnn, mlp, patches
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import waves


@ill("dropout_rate", twin="healthy_mlp/digits_dropout")
def after_each_dense_layer(directory):
    model = mlp(64, 10, hidden=(48, 48), dropout=0.92, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, epochs=8)


@ill("dropout_rate", twin="healthy_cnn/digits_dropout")
def in_the_head(directory):
    return fit(cnn(dropout=0.97), digits((8, 8, 1)), directory, loss=SPARSE, epochs=6)


@ill("dropout_rate", twin="healthy_recurrent/waves_gru")
def in_the_cell(directory):
    model = keras.Sequential(
        [
            keras.Input((32, 1)),
            layers.GRU(16, return_sequences=True),
            layers.Dropout(0.95),
            layers.GRU(16),
            layers.Dropout(0.95),
            layers.Dense(3, activation="softmax"),
        ]
    )
    return fit(model, waves(), directory, loss=SPARSE, epochs=6)


@ill("dropout_rate", twin="healthy_attention/digits_dropout")
def in_a_transformer(directory):
    return fit(patches(dropout=0.95), digits((8, 8)), directory, loss=SPARSE, epochs=5)


@ill("dropout_rate", twin="healthy_mlp/friedman_adam")
def on_the_inputs(directory):
    model = keras.Sequential([keras.Input((10,)), layers.Dropout(0.9), *mlp(10, hidden=(32, 32)).layers])
    return fit(model, friedman(), directory, loss="mse", epochs=10)
