"""Trainings that learn as they should over activations, optimizers, cells and sizes of batches: one list each."""

from functools import partial

import keras
from keras import layers

from tests.benchmarks.judgement.case import Case
from tests.benchmarks.judgement.data import blobs, digits, friedman, tags
from tests.benchmarks.judgement.nets import cnn, mlp, patches, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import forecast, waves

optimizers = keras.optimizers


def of_activation(directory, *, activation):
    model = mlp(64, 10, hidden=(48, 32, 24), activation=activation, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=optimizers.Adam(2e-3), epochs=8)


def of_activation_regression(directory, *, activation):
    model = mlp(10, hidden=(32, 16), activation=activation)
    optimizer = optimizers.SGD(0.02, momentum=0.9)
    return fit(model, friedman(), directory, loss="mse", optimizer=optimizer, epochs=12)


def of_optimizer(directory, *, make):
    return fit(cnn(), digits((8, 8, 1)), directory, loss=SPARSE, optimizer=make(), epochs=7)


def of_batch(directory, *, size, rate):
    model = mlp(20, 5, output="softmax")
    epochs = 4 if size < 32 else 12 if size < 256 else 60
    return fit(model, blobs(), directory, loss=SPARSE, optimizer=optimizers.Adam(rate), batch_size=size, epochs=epochs)


def of_cell(directory, *, cell):
    model = recurrent((32, 1), 3, cell=cell, output="softmax", units=24)
    return fit(model, waves(), directory, loss=SPARSE, optimizer=optimizers.Adam(5e-3), epochs=12)


def of_cell_forecast(directory, *, cell):
    model = recurrent((24, 1), cell=cell)
    return fit(model, forecast(), directory, loss="huber", optimizer=optimizers.RMSprop(5e-3), epochs=10)


def of_blocks(directory, *, blocks, width, activation):
    model = patches(blocks=blocks, width=width, activation=activation)
    return fit(model, digits((8, 8)), directory, loss=SPARSE, optimizer=optimizers.AdamW(2e-3), epochs=6)


def of_width(directory, *, hidden):
    model = mlp(24, 6, hidden=hidden, output="sigmoid")
    return fit(model, tags(), directory, loss="binary_crossentropy", optimizer=optimizers.Adam(3e-3), epochs=10)


ACTIVATIONS = ["elu", "selu", "gelu", "silu", "leaky_relu", "softplus", "softsign", "mish"]
OPTIMIZERS = {
    "rmsprop": partial(optimizers.RMSprop, 1e-3),
    "nadam": partial(optimizers.Nadam, 2e-3),
    "adamax": partial(optimizers.Adamax, 3e-3),
    "nesterov": partial(optimizers.SGD, 0.03, momentum=0.9, nesterov=True),
    "adamw": partial(optimizers.AdamW, 2e-3, weight_decay=0.01),
    "amsgrad": partial(optimizers.Adam, 2e-3, amsgrad=True),
    "averaged": partial(optimizers.Adam, 2e-3, use_ema=True, ema_momentum=0.9),
}
BATCHES = {4: 5e-4, 16: 1e-3, 64: 3e-3, 256: 5e-3, 1000: 1e-2}
CELLS = {"lstm": layers.LSTM, "gru": layers.GRU}

CASES = [
    *(Case(f"digits_{name}", partial(of_activation, activation=name)) for name in ACTIVATIONS),
    *(Case(f"friedman_{name}", partial(of_activation_regression, activation=name)) for name in ACTIVATIONS[:5]),
    *(Case(f"cnn_{name}", partial(of_optimizer, make=make)) for name, make in OPTIMIZERS.items()),
    *(Case(f"batches_of_{size}", partial(of_batch, size=size, rate=rate)) for size, rate in BATCHES.items()),
    *(Case(f"waves_{name}", partial(of_cell, cell=cell)) for name, cell in CELLS.items()),
    *(Case(f"forecast_{name}", partial(of_cell_forecast, cell=cell)) for name, cell in CELLS.items()),
    Case("two_blocks_gelu", partial(of_blocks, blocks=2, width=16, activation="gelu")),
    Case("four_narrow_blocks", partial(of_blocks, blocks=4, width=8, activation="relu")),
    Case("one_wide_block", partial(of_blocks, blocks=1, width=48, activation="silu")),
    *(Case(f"tags_{width}", partial(of_width, hidden=(width,))) for width in (12, 200)),
    Case("tags_four_layers", partial(of_width, hidden=(32, 32, 32, 32))),
]
