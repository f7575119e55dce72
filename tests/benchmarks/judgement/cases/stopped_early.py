"""Trainings that end while the loss is still falling."""

import keras
import tensorflow as tf

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits, friedman
from tests.benchmarks.judgement.nets import cnn, mlp, patches, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_dataset
from tests.benchmarks.judgement.sequences import waves

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam
EarlyStopping = keras.callbacks.EarlyStopping


@ill("stopped_early", twin="healthy_mlp/digits_sgd")
def waits_for_the_loss_to_rise(directory):
    stop = EarlyStopping(monitor="val_loss", mode="max", patience=2)
    model = mlp(64, 10, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.02), epochs=30, callbacks=[stop])


@ill("stopped_early", twin="healthy_mlp/friedman_sgd")
def wants_too_large_a_gain(directory):
    stop = EarlyStopping(monitor="val_loss", min_delta=0.5, patience=1)
    model = mlp(10, hidden=(32, 32))
    return fit(model, friedman(), directory, loss="mse", optimizer=SGD(0.005), epochs=40, callbacks=[stop])


@ill("stopped_early", "learning_rate_too_low", twin="healthy_cnn/digits_sgd")
def two_epochs(directory):
    return fit(cnn(), digits((8, 8, 1)), directory, loss=SPARSE, optimizer=SGD(0.02), epochs=2)


@ill("stopped_early", twin="healthy_attention/digits_one_block")
def few_steps_an_epoch(directory):
    data, model = digits((8, 8)), patches()
    batches = tf.data.Dataset.from_tensor_slices((data.x, data.y)).shuffle(2000, seed=0).batch(32).repeat()
    model.compile(Adam(1e-3), SPARSE)
    return fit_dataset(model, batches, data, directory, epochs=8, steps_per_epoch=5)


@ill("stopped_early", "learning_rate_too_low", twin="healthy_recurrent/waves_gru")
def one_epoch_of_gru(directory):
    model = recurrent((32, 1), 3, output="softmax")
    return fit(model, waves(), directory, loss=SPARSE, optimizer=Adam(3e-3), batch_size=16, epochs=1)
