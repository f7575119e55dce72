"""ReLUs that output 0 for every example."""

import keras
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import blobs, digits
from tests.benchmarks.judgement.nets import cnn, mlp
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import reviews

SGD = keras.optimizers.SGD
Constant = keras.initializers.Constant


@ill("dead_units", "initialisation", "constant_signal", twin="healthy_mlp/digits_sgd")
def born_dead_by_bias(directory):
    model = mlp(64, 10, output="softmax", bias_initializer=Constant(-4.0))
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.1), epochs=8)


@ill("dead_units", "constant_signal", twin="healthy_mlp/digits_deep_relu")
def narrow_and_deep(directory):
    model = mlp(64, 10, hidden=(3,) * 20, output="softmax", kernel_initializer="he_normal")
    return fit(model, digits(), directory, loss=SPARSE, epochs=8)


@ill("dead_units", "learning_rate_too_high", twin="healthy_cnn/digits_sgd")
def killed_by_large_steps(directory):
    model = cnn(filters=(8, 16), head=32)
    return fit(model, digits((8, 8, 1), 16.0), directory, loss=SPARSE, optimizer=SGD(0.1, momentum=0.9), epochs=6)


@ill("dead_units", "learning_rate_too_high", twin="healthy_mlp/blobs_adam")
def mass_death_after_a_spike(directory):
    class Spike(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 3.0 if epoch == 3 else 0.02

    model = mlp(20, 5, hidden=(32, 32, 32), output="softmax")
    return fit(model, blobs(), directory, loss=SPARSE, optimizer=SGD(0.02), epochs=9, callbacks=[Spike()])


@ill("dead_units", "initialisation", "constant_signal", twin="healthy_recurrent/reviews_lstm")
def dead_head_behind_lstm(directory):
    model = keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            layers.Embedding(200, 16),
            layers.LSTM(16),
            layers.Dense(32, activation="relu", bias_initializer=Constant(-5.0)),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    return fit(model, reviews(), directory, loss="binary_crossentropy", epochs=5)
