"""Odd but healthy: losses that are no error of a prediction, and losses that hide what they do."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import diagnostics
from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.data import breast_cancer, circles, digits, friedman
from tests.benchmarks.judgement.nets import mlp
from tests.benchmarks.judgement.odd_programs import Gan, SimClr, Vae, by_neighbours, fit_pairs, like_the_data
from tests.benchmarks.judgement.outcome import outcome_of
from tests.benchmarks.judgement.programs import SPARSE, fit

Adam = keras.optimizers.Adam


@healthy
def siamese_digits(directory):
    def distance(pair):
        return tf.sqrt(tf.reduce_sum(tf.square(pair[0] - pair[1]), axis=1, keepdims=True) + 1e-6)

    return fit_pairs(distance, directory)


@healthy
def contrast_of_views(directory):
    data = digits()
    encoder = keras.Sequential(
        [keras.Input((64,)), layers.Dense(48, activation="relu"), layers.Dense(24, activation="relu")]
    )
    model = SimClr(encoder)
    model.compile(Adam(2e-3))
    model.fit(data.x, batch_size=64, epochs=12, verbose=0, callbacks=[diagnostics.ProbeCallback(directory)])
    return by_neighbours(lambda x: encoder.predict(x, verbose=0), data)


@healthy
def variational_autoencoder(directory):
    data, model = digits(), Vae(64)
    model.compile(Adam(3e-3), "binary_crossentropy")
    model.fit(data.x, data.x, batch_size=32, epochs=12, verbose=0, callbacks=[diagnostics.ProbeCallback(directory)])
    return outcome_of("real", data.x_test, model.predict(data.x_test, verbose=0))


@healthy
def points_from_a_gan(directory):
    data, model = circles().x, Gan()
    model.compile(Adam(2e-3, beta_1=0.5))
    model.fit(data, batch_size=64, epochs=40, verbose=0, callbacks=[diagnostics.ProbeCallback(directory)])
    noise = np.random.default_rng(0).standard_normal((500, 4)).astype(np.float32)
    return like_the_data(model.generator.predict(noise, verbose=0), data[:500])


@healthy
def denoising_autoencoder(directory):
    data = digits()
    noisy = data.inputs(lambda x: x + 0.2 * np.random.default_rng(0).standard_normal(x.shape).astype(np.float32))
    data = noisy.fed(y=data.x, y_test=data.x_test, truth=data.x_test, task="real")
    model = mlp(64, 64, hidden=(48, 12, 48))
    return fit(model, data, directory, loss="mse", optimizer=Adam(3e-3), epochs=15)


@healthy
def softmax_with_a_loss_from_logits(directory):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)  # Keras takes the softmax's own logits
    return fit(mlp(64, 10, output="softmax"), digits(), directory, loss=loss, epochs=10)


@healthy
def sigmoids_over_one_hot(directory):
    data = digits().targets(lambda y: keras.utils.to_categorical(y, 10))
    return fit(mlp(64, 10, output="sigmoid"), data, directory, loss="binary_crossentropy", epochs=15)


@healthy
def squared_error_of_softmax(directory):
    data = digits().targets(lambda y: keras.utils.to_categorical(y, 10))
    return fit(mlp(64, 10, output="softmax"), data, directory, loss="mse", optimizer=Adam(3e-3), epochs=15)


@healthy
def hinge_on_plus_and_minus_one(directory):
    data = breast_cancer().targets(lambda y: 2.0 * y - 1.0)
    model = mlp(30, hidden=(16,), output="tanh")
    return fit(model, data, directory, loss="hinge", optimizer=Adam(3e-3), epochs=15, threshold=0.0)


@healthy
def relu_for_counts(directory):
    data = friedman(scaled=False)
    model = mlp(10, hidden=(32, 32), output="softplus")
    return fit(model, data, directory, loss="poisson", optimizer=Adam(5e-3), epochs=20)


@healthy
def upper_quantile(directory):
    def pinball(truth, predicted):
        error = tf.cast(truth, predicted.dtype) - predicted
        return tf.reduce_mean(tf.maximum(0.7 * error, -0.3 * error))

    data = friedman().targets(lambda y: y[:, None])
    return fit(mlp(10, hidden=(32, 32)), data, directory, loss=pinball, optimizer=Adam(5e-3), epochs=15)


@healthy
def two_tasks(directory):
    data = digits()
    inputs = keras.Input((64,))
    x = layers.Dense(48, activation="relu")(inputs)
    digit = layers.Dense(10, activation="softmax", name="digit")(x)
    even = layers.Dense(1, activation="sigmoid", name="even")(x)
    model = keras.Model(inputs, {"digit": digit, "even": even})
    model.compile("adam", {"digit": SPARSE, "even": "binary_crossentropy"})
    targets = {"digit": data.y, "even": data.y % 2}
    model.fit(data.x, targets, epochs=12, verbose=0, callbacks=[diagnostics.ProbeCallback(directory)])
    return outcome_of("classes", data.truth, model.predict(data.x_test, verbose=0)["digit"])
