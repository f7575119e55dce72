"""Bounded activations at their bounds."""

import keras
from keras import layers, ops

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import Positions, mlp, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import needle, waves

SGD = keras.optimizers.SGD
Normal = keras.initializers.RandomNormal


@ill("saturation", "unscaled_inputs", twin="healthy_mlp/digits_tanh")
def tanh_on_pixels(directory):
    model = mlp(64, 10, activation="tanh", output="softmax")
    return fit(model, digits(high=255.0), directory, loss=SPARSE, optimizer=SGD(0.01), epochs=10)


@ill("saturation", "initialisation", twin="healthy_mlp/digits_tanh")
def sigmoid_with_wide_weights(directory):
    wide = Normal(stddev=8.0)
    model = mlp(64, 10, hidden=(32, 32, 32), activation="sigmoid", output="softmax", kernel_initializer=wide)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.05), epochs=10)


@ill("saturation", "initialisation", twin="healthy_recurrent/waves_gru")
def tanh_cell_with_wide_weights(directory):
    wide = {"kernel_initializer": Normal(stddev=10.0), "recurrent_initializer": Normal(stddev=5.0)}
    model = recurrent((32, 1), 3, cell=layers.SimpleRNN, output="softmax", **wide)
    return fit(model, waves(), directory, loss=SPARSE, optimizer=SGD(0.01), epochs=8)


@ill("saturation", "vanishing_gradient", "initialisation", twin="healthy_attention/needle_two_blocks")
def attention_with_large_scores(directory):
    class Attention(layers.Layer):
        def __init__(self, width):
            super().__init__()
            self.query, self.key, self.value = (layers.Dense(width) for _ in range(3))

        def build(self, shape):
            for part in (self.query, self.key, self.value):
                part.build(shape)

        def call(self, x):
            scores = ops.matmul(self.query(x), ops.transpose(self.key(x), (0, 2, 1))) * 300.0
            return ops.matmul(ops.softmax(scores), self.value(x))

    tokens = keras.Input((8,), dtype="int32")
    x = Positions()(layers.Embedding(12, 16, embeddings_initializer="glorot_normal")(tokens))
    x = Attention(16)(x)
    x = Attention(16)(layers.LayerNormalization()(x))
    x = layers.Dense(32, activation="tanh")(layers.GlobalAveragePooling1D()(x))
    model = keras.Model(tokens, layers.Dense(6, activation="softmax")(x))
    return fit(model, needle(), directory, loss=SPARSE, epochs=8)
