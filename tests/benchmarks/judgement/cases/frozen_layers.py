"""Layers that are not trained and have not learned anything before either."""

import keras
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits, tags
from tests.benchmarks.judgement.nets import mlp, transformer
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import needle, reviews


@ill("frozen_layers", twin="healthy_cnn/digits_adam")
def random_extractor(directory):
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.Conv2D(8, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    base.trainable = False  # as for a pretrained one, which this is not
    model = keras.Sequential([base, layers.Dense(10, activation="softmax")])
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, epochs=8)


@ill("frozen_layers", twin="healthy_recurrent/reviews_lstm")
def random_embedding_and_lstm(directory):
    model = keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            layers.Embedding(200, 4, trainable=False),
            layers.LSTM(8, trainable=False),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    return fit(model, reviews(), directory, loss="binary_crossentropy", epochs=6)


@ill("frozen_layers", twin="healthy_mlp/tags_adam")
def all_but_the_output(directory):
    model = mlp(24, 6, output="sigmoid", hidden=(6, 6))
    for layer in model.layers[:-1]:
        layer.trainable = False
    return fit(model, tags(), directory, loss="binary_crossentropy", epochs=12)


@ill("frozen_layers", twin="healthy_attention/needle_two_blocks")
def blocks_frozen(directory):
    model = transformer(12, 8, 6, blocks=2)
    for layer in model.layers[:-1]:
        layer.trainable = False
    return fit(model, needle(), directory, loss=SPARSE, epochs=6)
