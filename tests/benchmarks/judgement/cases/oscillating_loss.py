"""A loss that swings instead of settling."""

import keras

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import blobs, breast_cancer, digits
from tests.benchmarks.judgement.nets import cnn, mlp, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import forecast

SGD = keras.optimizers.SGD
SWINGS = ("oscillating_loss", "learning_rate_too_high")


@ill(*SWINGS, twin="healthy_mlp/cancer_sgd")
def heavy_momentum(directory):
    model = mlp(30, output="sigmoid", hidden=(16, 8), activation="tanh")
    optimizer = SGD(2.0, momentum=0.98)
    return fit(model, breast_cancer(), directory, loss="binary_crossentropy", optimizer=optimizer, epochs=20)


@ill(*SWINGS, "tiny_batches", twin="healthy_mlp/blobs_small_batches")
def one_example_a_step(directory):
    model = mlp(20, 5, output="softmax", hidden=(32,), activation="tanh")
    optimizer = SGD(0.1, momentum=0.95)
    return fit(model, blobs(), directory, loss=SPARSE, optimizer=optimizer, batch_size=1, epochs=1)


@ill(*SWINGS, "dead_units", twin="healthy_cnn/digits_adam")
def rate_up_and_down(directory):
    class Cycle(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.001 if (batch // 8) % 2 else 0.1

    optimizer = keras.optimizers.RMSprop(0.001)
    return fit(cnn(), digits((8, 8, 1)), directory, loss=SPARSE, optimizer=optimizer, epochs=8, callbacks=[Cycle()])


@ill(*SWINGS, twin="healthy_recurrent/forecast_lstm")
def recurrent_net(directory):
    model = recurrent((24, 1))
    optimizer = SGD(0.9, momentum=0.9)
    return fit(model, forecast(), directory, loss="mae", optimizer=optimizer, batch_size=16, epochs=8)


@ill(*SWINGS, twin="healthy_mlp/digits_batch_norm")
def rmsprop_behind_batch_norm(directory):
    model = mlp(64, 10, norm=True, output="softmax")
    optimizer = keras.optimizers.RMSprop(1.0)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=optimizer, epochs=8)
