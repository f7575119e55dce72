"""Training goes on, and the weights stay where they are."""

import keras
import tensorflow as tf
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import blobs, digits
from tests.benchmarks.judgement.nets import cnn, mlp, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit, loop, measured
from tests.benchmarks.judgement.sequences import waves

SGD = keras.optimizers.SGD
STILL = ("weights_do_not_move", "learning_rate_too_low")


@ill(*STILL, twin="healthy_mlp/digits_sgd")
def schedule_decays_at_once(directory):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)
    model = mlp(64, 10, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(schedule), epochs=8)


@ill(*STILL, twin="healthy_mlp/digits_sgd")
def rounded_away_in_bfloat16(directory):
    keras.config.set_dtype_policy("bfloat16")
    model = mlp(64, 10, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(1e-3), epochs=8)


@ill(*STILL, twin="healthy_cnn/digits_sgd")
def clipped_to_nothing(directory):
    optimizer = SGD(0.05, clipvalue=1e-6)
    return fit(cnn(), digits((8, 8, 1)), directory, loss=SPARSE, optimizer=optimizer, epochs=6)


@ill("weights_do_not_move", "not_connected", "frozen_layers", twin="healthy_mlp/blobs_adam")
def gradients_never_applied(directory):
    data, model, optimizer = blobs(), mlp(20, 5, output="softmax"), keras.optimizers.Adam()
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    optimizer.build(model.trainable_variables)

    def step(x, y, monitor):
        with tf.GradientTape() as tape, monitor.capture():
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        monitor.update(gradients)
        return loss

    batches = tf.data.Dataset.from_tensor_slices((data.x, data.y)).shuffle(2000, seed=0).batch(32).repeat(8)
    loop(model, optimizer, step, batches, directory)
    return measured(model, data)


@ill(*STILL, twin="healthy_recurrent/waves_gru")
def linear_decay_too_short(directory):
    schedule = keras.optimizers.schedules.PolynomialDecay(0.01, decay_steps=12, end_learning_rate=0.0)
    model = recurrent((32, 1), 3, cell=layers.GRU, output="softmax")
    return fit(model, waves(), directory, loss=SPARSE, optimizer=keras.optimizers.Adam(schedule), epochs=6)
