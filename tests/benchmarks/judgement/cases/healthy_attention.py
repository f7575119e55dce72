"""Attention nets that learn as they should."""

import keras

from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import patches, transformer
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_by_trainer
from tests.benchmarks.judgement.sequences import needle, reviews

Adam = keras.optimizers.Adam


@healthy
def digits_one_block(directory):
    return fit(patches(), digits((8, 8)), directory, loss=SPARSE, optimizer=Adam(3e-3), epochs=8)


@healthy
def digits_three_blocks(directory):
    return fit(patches(blocks=3), digits((8, 8)), directory, loss=SPARSE, optimizer=Adam(3e-3), epochs=6)


@healthy
def digits_dropout(directory):
    return fit(patches(dropout=0.1), digits((8, 8)), directory, loss=SPARSE, optimizer=Adam(3e-3), epochs=8)


@healthy
def needle_two_blocks(directory):
    model = transformer(12, 8, 6, width=32, blocks=2)
    return fit(model, needle(), directory, loss=SPARSE, optimizer=Adam(3e-3), epochs=7)


@healthy
def reviews_one_block(directory):
    model = transformer(200, 20, 1, output="sigmoid")
    return fit(model, reviews(), directory, loss="binary_crossentropy", optimizer=Adam(3e-3), epochs=6)


@healthy
def digits_trainer(directory):
    loss = keras.losses.SparseCategoricalCrossentropy()
    return fit_by_trainer(patches(), Adam(3e-3), loss, digits((8, 8)), directory, epochs=8)
