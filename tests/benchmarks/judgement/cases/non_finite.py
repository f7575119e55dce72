"""NaN and infinity: from the data, from the loss, from the backward pass only."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import breast_cancer, digits, friedman
from tests.benchmarks.judgement.nets import cnn, mlp
from tests.benchmarks.judgement.odd_programs import fit_pairs
from tests.benchmarks.judgement.programs import SPARSE, fit

SGD = keras.optimizers.SGD


@ill("non_finite", twin="healthy_mlp/digits_sgd_one_hot")
def log_of_zero(directory):
    def cross_entropy(truth, predicted):
        return -tf.reduce_mean(tf.reduce_sum(truth * tf.math.log(predicted), axis=-1))

    data = digits(high=16.0).targets(lambda y: keras.utils.to_categorical(y, 10))
    model = mlp(64, 10, hidden=(64,), output=tf.nn.softmax)
    return fit(model, data, directory, loss=cross_entropy, optimizer=SGD(0.1, momentum=0.9), epochs=6)


@ill("non_finite", twin="odd_objectives/siamese_digits")
def square_root_at_zero(directory):
    def distance(pair):
        return tf.sqrt(tf.reduce_sum(tf.square(pair[0] - pair[1]), axis=1, keepdims=True))

    return fit_pairs(distance, directory, same_image=True)


@ill("non_finite", "non_finite_inputs", twin="healthy_mlp/cancer_sgd")
def missing_values(directory):
    data = breast_cancer()
    x = data.x.copy()
    x[np.random.default_rng(0).integers(0, len(x), 4), 7] = np.nan
    model = mlp(30, output="sigmoid", hidden=(16, 8))
    optimizer = SGD(0.05)
    return fit(model, data.fed(x=x), directory, loss="binary_crossentropy", optimizer=optimizer, epochs=10)


@ill("non_finite", "non_finite_inputs", twin="healthy_mlp/digits_adam")
def divided_by_no_deviation(directory):
    data = digits()
    mean, std = data.x.mean(axis=0), data.x.std(axis=0)
    with np.errstate(invalid="ignore"):
        data = data.inputs(lambda x: (x - mean) / std)
    return fit(mlp(64, 10, output="softmax"), data, directory, loss=SPARSE, epochs=4)


@ill("non_finite", "learning_rate_too_high", "exploding_gradient", twin="healthy_mlp/friedman_adam")
def exponential_output(directory):
    data = friedman(scaled=False)
    model = mlp(10, hidden=(32, 32), output="exponential")
    return fit(model, data, directory, loss="poisson", optimizer=SGD(0.1), epochs=6)


@ill("non_finite", twin="healthy_cnn/digits_adam")
def normalised_by_hand(directory):
    def per_channel(x):
        return (x - tf.reduce_mean(x, axis=(1, 2), keepdims=True)) / tf.math.reduce_std(x, axis=(1, 2), keepdims=True)

    data = digits((8, 8, 1))
    x = data.x.copy()
    x[100] = 0  # one blank image
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Lambda(per_channel), *cnn().layers])
    return fit(model, data.fed(x=x), directory, loss=SPARSE, epochs=4)
