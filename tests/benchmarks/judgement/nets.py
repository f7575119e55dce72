"""Small nets as people write them; what a case makes wrong is an argument."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


def mlp(
    inputs: int,
    outputs: int = 1,
    *,
    hidden: tuple[int, ...] = (32, 32),
    activation: Any = "relu",
    output: Any = None,
    norm: bool = False,
    dropout: float = 0.0,
    **dense: Any,
) -> keras.Sequential:
    """Dense layers; ``dense`` goes to every hidden one."""
    model = keras.Sequential([keras.Input((inputs,))])
    for width in hidden:
        model.add(layers.Dense(width, activation=None if norm else activation, **dense))
        if norm:
            model.add(layers.BatchNormalization())
            model.add(layers.Activation(activation))
        if dropout:
            model.add(layers.Dropout(dropout))
    model.add(layers.Dense(outputs, activation=output))
    return model


def cnn(
    outputs: int = 10,
    *,
    filters: tuple[int, ...] = (8, 16),
    activation: Any = "relu",
    output: Any = "softmax",
    size: int = 8,
    norm: bool = False,
    dropout: float = 0.0,
    head: int = 32,
    **conv: Any,
) -> keras.Sequential:
    """Convolutions of 3 by 3, one pooling, and a dense head, for images of one channel."""
    model = keras.Sequential([keras.Input((size, size, 1))])
    for count in filters:
        model.add(layers.Conv2D(count, 3, padding="same", activation=None if norm else activation, **conv))
        if norm:
            model.add(layers.BatchNormalization())
            model.add(layers.Activation(activation))
    model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(head, activation=activation))
    if dropout:
        model.add(layers.Dropout(dropout))
    model.add(layers.Dense(outputs, activation=output))
    return model


def recurrent(
    shape: tuple[int, int],
    outputs: int = 1,
    *,
    cell: Any = layers.GRU,
    units: int = 16,
    output: Any = None,
    **cell_options: Any,
) -> keras.Sequential:
    """One recurrent layer over a series, and a dense output."""
    return keras.Sequential([keras.Input(shape), cell(units, **cell_options), layers.Dense(outputs, activation=output)])


def reader(words: int, length: int, *, cell: Any = layers.LSTM, units: int = 16, width: int = 16) -> keras.Sequential:
    """An embedding, a recurrent layer, and one sigmoid output, for sentences of tokens."""
    return keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            layers.Embedding(words, width),
            cell(units),
            layers.Dense(1, activation="sigmoid"),
        ]
    )


def block(x: Any, width: int, heads: int = 2, activation: Any = "relu", dropout: float = 0.0) -> Any:
    """One transformer block: attention and two dense layers, each with a residual, normalised before."""
    y = layers.LayerNormalization()(x)
    y = layers.MultiHeadAttention(heads, width // heads, dropout=dropout)(y, y)
    x = layers.Add()([x, layers.Dropout(dropout)(y) if dropout else y])
    y = layers.LayerNormalization()(x)
    y = layers.Dense(2 * width, activation=activation)(y)
    y = layers.Dense(width)(y)
    return layers.Add()([x, layers.Dropout(dropout)(y) if dropout else y])


class Positions(layers.Layer):
    """Adds a trained vector to each place of a sequence."""

    def build(self, shape: Any) -> None:
        self.places = self.add_weight(shape=shape[1:], initializer="random_normal", name="places")

    def call(self, x: Any) -> Any:
        return x + self.places


def transformer(
    words: int,
    length: int,
    outputs: int,
    *,
    width: int = 16,
    blocks: int = 1,
    output: Any = "softmax",
    dropout: float = 0.0,
    **each: Any,
) -> keras.Model:
    """Tokens through an embedding with positions and transformer blocks, averaged over the sequence."""
    tokens = keras.Input((length,), dtype="int32")
    x = Positions()(layers.Embedding(words, width)(tokens))
    for _ in range(blocks):
        x = block(x, width, dropout=dropout, **each)
    x = layers.GlobalAveragePooling1D()(layers.LayerNormalization()(x))
    return keras.Model(tokens, layers.Dense(outputs, activation=output)(x))


def patches(
    outputs: int = 10,
    *,
    width: int = 16,
    blocks: int = 1,
    output: Any = "softmax",
    dropout: float = 0.0,
    **each: Any,
) -> keras.Model:
    """A small vision transformer on images cut into 8 rows of 8 pixels."""
    rows = keras.Input((8, 8))
    x = Positions()(layers.Dense(width)(rows))
    for _ in range(blocks):
        x = block(x, width, dropout=dropout, **each)
    return keras.Model(rows, layers.Dense(outputs, activation=output)(layers.Flatten()(x)))
