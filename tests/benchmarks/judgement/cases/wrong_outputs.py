"""An output of the wrong shape for the targets; often nothing raises, because arrays are broadcast."""

import keras
import tensorflow as tf
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import blobs, digits, friedman
from tests.benchmarks.judgement.nets import mlp
from tests.benchmarks.judgement.outcome import outcome_of
from tests.benchmarks.judgement.programs import fit, fit_compiled
from tests.benchmarks.judgement.sequences import forecast

Adam = keras.optimizers.Adam
WRONG = ("wrong_outputs", "output_loss_mismatch")


@ill(*WRONG, "constant_predictions", twin="healthy_mlp/friedman_adam")
def squares_broadcast(directory):
    def squared_error(truth, predicted):
        return tf.reduce_mean(tf.square(tf.cast(tf.reshape(truth, [-1]), tf.float32) - predicted))

    model = mlp(10, hidden=(32, 32))
    return fit(model, friedman(), directory, loss=squared_error, optimizer=Adam(5e-3), epochs=10)


@ill(*WRONG, twin="healthy_mlp/digits_adam")
def ten_outputs_for_a_number(directory):
    return fit(mlp(64, 10), digits(), directory, loss="mse", epochs=8)


@ill(*WRONG, twin="healthy_recurrent/forecast_lstm")
def a_prediction_at_every_step(directory):
    model = keras.Sequential([keras.Input((24, 1)), layers.LSTM(16, return_sequences=True), layers.Dense(1)])
    data = forecast().targets(lambda y: y[:, None])
    model.compile(Adam(0.01), "mse")
    fit_compiled(model, data, directory, epochs=8, batch_size=32, validate=False)
    return outcome_of("real", data.truth, model.predict(data.x_test, verbose=0).mean(axis=1))


@ill(*WRONG, "invalid_labels", twin="healthy_mlp/blobs_adam")
def one_sigmoid_for_five_classes(directory):
    model = mlp(20, 1, output="sigmoid")
    return fit(model, blobs(), directory, loss="binary_crossentropy", optimizer=Adam(2e-3), epochs=8)
