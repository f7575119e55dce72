"""Faults as people ask about them: programs that run, or stop, and the reason is in plain sight for who knows."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import blobs, breast_cancer, circles, diabetes, digits, friedman
from tests.benchmarks.judgement.nets import cnn, mlp, reader, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_by_trainer
from tests.benchmarks.judgement.sequences import first_sign, forecast, reviews

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam


@ill("invalid_labels", "wrong_outputs", twin="healthy_mlp/digits_adam")
def labels_from_one(directory):
    data = digits().targets(lambda y: y + 1)
    return fit(mlp(64, 10, output="softmax"), data, directory, loss=SPARSE, epochs=3)


@ill("unshuffled_data", twin="healthy_mlp/digits_sgd")
def sorted_at_a_high_rate(directory):
    data = digits()
    order = np.argsort(data.y, kind="stable")
    data, model = data.fed(x=data.x[order], y=data.y[order]), mlp(64, 10, output="softmax")
    return fit(model, data, directory, loss=SPARSE, optimizer=SGD(0.3), epochs=8, shuffle=False)


@ill("wrong_outputs", twin="healthy_mlp/friedman_adam")
def trainer_with_a_loss_that_broadcasts(directory):
    def squared_error(truth, predicted):
        return tf.reduce_mean((truth - predicted) ** 2)  # [n] − [n, 1] is [n, n]

    return fit_by_trainer(mlp(10, hidden=(32, 32)), Adam(5e-3), squared_error, friedman(), directory, epochs=10)


@ill("unrelated_targets", twin="healthy_mlp/blobs_adam")
def inputs_shuffled_without_their_labels(directory):
    data = blobs()
    order = np.random.default_rng(0).permutation(len(data.x))
    model = mlp(20, 5, hidden=(64, 64), output="softmax")
    return fit(model, data.fed(x=data.x[order]), directory, loss=SPARSE, optimizer=Adam(3e-3), epochs=15)


@ill("unrelated_targets", twin="healthy_mlp/friedman_adam")
def features_joined_in_another_order(directory):
    data = friedman()
    order = np.argsort(data.x[:, 3])  # two tables, one of them sorted, put side by side
    return fit(
        mlp(10, hidden=(64, 64)), data.fed(x=data.x[order]), directory, loss="mse", optimizer=Adam(5e-3), epochs=20
    )


@ill("dropout_rate", twin="healthy_recurrent/reviews_lstm")
def lstm_that_drops_nearly_all(directory):
    model = keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            layers.Embedding(200, 16),
            layers.LSTM(16, dropout=0.95, recurrent_dropout=0.9),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    return fit(model, reviews(), directory, loss="binary_crossentropy", optimizer=Adam(5e-3), epochs=6)


@ill("non_finite_inputs", twin="healthy_mlp/cancer_sgd")
def a_column_with_gaps(directory):
    data = breast_cancer()
    x = data.x.copy()
    x[::23, 4] = np.nan
    model = mlp(30, output="sigmoid", hidden=(16, 8))
    return fit(model, data.fed(x=x), directory, loss="binary_crossentropy", optimizer=SGD(0.05), epochs=10)


@ill("output_loss_mismatch", "unscaled_targets", "unscaled_inputs", twin="odd_objectives/denoising_autoencoder")
def pixels_of_255_from_tanh(directory):
    data = digits(high=255.0)
    data = data.fed(task="real", y=data.x, y_test=data.x_test, truth=data.x_test)
    return fit(mlp(64, 64, hidden=(32, 16, 32), output="tanh"), data, directory, loss="mse", epochs=10)


@ill("unscaled_targets", "non_finite", twin="healthy_mlp/diabetes_small")
def prices_by_gradient_descent(directory):
    data = diabetes(scaled=False).targets(lambda y: 1000 * y)
    data = data.fed(truth=1000 * data.truth)
    return fit(mlp(10, hidden=(32,)), data, directory, loss="mse", optimizer=SGD(0.01), epochs=10, metrics=["accuracy"])


@ill("unscaled_inputs", twin="healthy_cnn/digits_sgd")
def divided_by_255_twice(directory):
    data = digits((8, 8, 1)).inputs(lambda x: x / 255)
    return fit(cnn(), data, directory, loss=SPARSE, optimizer=SGD(0.05, momentum=0.9), epochs=8)


@ill("learning_rate_too_low", "weights_do_not_move", twin="healthy_mlp/digits_sgd")
def decay_at_every_step(directory):
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.9)  # meant: one epoch
    model = mlp(64, 10, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(rate), epochs=12)


@ill("learning_rate_too_low", "update_ratio", "weights_do_not_move", twin="healthy_recurrent/reviews_lstm")
def clipped_to_next_to_nothing(directory):
    optimizer = SGD(0.1, clipnorm=1e-4)
    return fit(reader(200, 20), reviews(), directory, loss="binary_crossentropy", optimizer=optimizer, epochs=6)


@ill("linear_stack", twin="healthy_mlp/circles_adam")
def circles_without_activation(directory):
    model = mlp(2, output="sigmoid", hidden=(16, 16, 16), activation=None)
    return fit(model, circles(), directory, loss="binary_crossentropy", optimizer=Adam(0.01), epochs=10)


@ill("vanishing_gradient", "initialisation", twin="healthy_mlp/blobs_adam")
def nine_sigmoid_layers(directory):
    model = mlp(20, 5, hidden=(32,) * 9, activation="sigmoid", output="softmax")
    return fit(model, blobs(), directory, loss=SPARSE, optimizer=SGD(0.1), epochs=8)


@ill(
    "exploding_gradient",
    "learning_rate_too_high",
    "non_finite",
    "initialisation",
    twin="healthy_recurrent/remember_first",
)
def relu_over_forty_steps(directory):
    start = keras.initializers.RandomNormal(stddev=0.5)
    model = recurrent(
        (40, 1), cell=layers.SimpleRNN, activation="relu", recurrent_initializer=start, units=32, output="sigmoid"
    )
    return fit(model, first_sign(), directory, loss="binary_crossentropy", optimizer=SGD(0.05), epochs=6)


@ill("unscaled_targets", "output_loss_mismatch", twin="healthy_recurrent/forecast_lstm")
def temperatures_in_kelvin(directory):
    data = forecast().targets(lambda y: 290 + 10 * y)
    data = data.fed(truth=290 + 10 * data.truth)
    return fit(recurrent((24, 1), cell=layers.LSTM), data, directory, loss="mse", optimizer=Adam(1e-3), epochs=8)
