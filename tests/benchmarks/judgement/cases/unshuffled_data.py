"""Examples that come in the order of their labels."""

import keras
import numpy as np
import tensorflow as tf

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits, friedman
from tests.benchmarks.judgement.nets import cnn, mlp, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_dataset
from tests.benchmarks.judgement.sequences import waves

SGD = keras.optimizers.SGD


def in_order(data):
    """The same task with the training part sorted by target."""
    order = np.argsort(data.y, kind="stable")
    return data.fed(x=data.x[order], y=data.y[order])


@ill("unshuffled_data", twin="healthy_mlp/digits_sgd")
def digits_by_class(directory):
    model = mlp(64, 10, output="softmax")
    data = in_order(digits())
    return fit(model, data, directory, loss=SPARSE, optimizer=SGD(0.1), epochs=10, shuffle=False)


@ill("unshuffled_data", twin="healthy_cnn/digits_adam")
def pipeline_without_shuffle(directory):
    data, model = in_order(digits((8, 8, 1))), cnn()
    model.compile("adam", SPARSE)
    batches = tf.data.Dataset.from_tensor_slices((data.x, data.y)).batch(32)
    return fit_dataset(model, batches, data, directory, epochs=6)


@ill("unshuffled_data", twin="healthy_recurrent/waves_gru")
def buffer_too_small(directory):
    data, model = in_order(waves()), recurrent((32, 1), 3, output="softmax")
    model.compile(keras.optimizers.Adam(0.01), SPARSE)
    batches = tf.data.Dataset.from_tensor_slices((data.x, data.y)).shuffle(16, seed=0).batch(32)
    return fit_dataset(model, batches, data, directory, epochs=8)


@ill("unshuffled_data", twin="healthy_mlp/friedman_sgd")
def regression_by_target(directory):
    model = mlp(10, hidden=(32, 32))
    optimizer = SGD(0.03, momentum=0.9)
    return fit(model, in_order(friedman()), directory, loss="mse", optimizer=optimizer, epochs=12, shuffle=False)
