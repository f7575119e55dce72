"""Steps that are too long."""

import keras

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import blobs, digits, friedman, tags
from tests.benchmarks.judgement.nets import cnn, mlp, patches, reader
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_by_trainer
from tests.benchmarks.judgement.sequences import reviews

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam


@ill("learning_rate_too_high", "dead_units", twin="healthy_mlp/digits_adam")
def adam_digits(directory):
    model = mlp(64, 10, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=Adam(0.5), epochs=10)


@ill("learning_rate_too_high", "exploding_gradient", twin="healthy_mlp/blobs_adam")
def sgd_tanh_blobs(directory):
    model = mlp(20, 5, activation="tanh", output="softmax")
    loss = keras.losses.SparseCategoricalCrossentropy()
    return fit_by_trainer(model, SGD(8.0), loss, blobs(), directory, epochs=8)


@ill("learning_rate_too_high", "dead_units", twin="healthy_cnn/digits_adam")
def adam_cnn(directory):
    return fit(cnn(), digits((8, 8, 1)), directory, loss=SPARSE, optimizer=Adam(0.2), epochs=8)


@ill("learning_rate_too_high", twin="healthy_recurrent/reviews_lstm")
def adam_lstm(directory):
    model = reader(200, 20)
    return fit(model, reviews(), directory, loss="binary_crossentropy", optimizer=Adam(1.0), epochs=6)


@ill("learning_rate_too_high", twin="healthy_attention/digits_one_block")
def adam_attention(directory):
    return fit(patches(), digits((8, 8)), directory, loss=SPARSE, optimizer=Adam(0.3), epochs=8)


@ill("learning_rate_too_high", "exploding_gradient", "non_finite", twin="healthy_mlp/friedman_sgd")
def sgd_regression_diverges(directory):
    model = mlp(10, hidden=(32, 32))
    return fit(model, friedman(), directory, loss="mse", optimizer=SGD(0.6, momentum=0.9), epochs=10)


@ill("learning_rate_too_high", twin="healthy_mlp/tags_adam")
def adam_tags(directory):
    model = mlp(24, 6, output="sigmoid", hidden=(48,), activation="tanh")
    return fit(model, tags(), directory, loss="binary_crossentropy", optimizer=Adam(1.0), epochs=10)
