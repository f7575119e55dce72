"""Numbers that half precision cannot hold."""

import keras
import tensorflow as tf

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits, wine
from tests.benchmarks.judgement.nets import cnn, mlp
from tests.benchmarks.judgement.programs import SPARSE, fit, loop, measured

HALF = ("float16_headroom", "non_finite")


@ill(*HALF, twin="healthy_mlp/digits_adam")
def epsilon_rounds_to_zero(directory):
    keras.config.set_dtype_policy("float16")
    return fit(mlp(64, 10, output="softmax"), digits(), directory, loss=SPARSE, epochs=5)


@ill(*HALF, "unscaled_inputs", twin="healthy_mlp/wine_adam")
def activations_overflow(directory):
    keras.config.set_dtype_policy("mixed_float16")
    data = wine(scaled=False).inputs(lambda x: x * 100)
    model = mlp(13, 3, output="softmax", hidden=(64, 64))
    return fit(model, data, directory, loss=SPARSE, optimizer=keras.optimizers.Adam(0.01), batch_size=16, epochs=10)


@ill("float16_headroom", "vanishing_gradient", "weights_do_not_move", twin="healthy_cnn/digits_adam")
def gradients_underflow_without_scaling(directory):
    keras.config.set_dtype_policy("mixed_float16")
    data, model = digits((8, 8, 1)), cnn()
    optimizer = keras.optimizers.Adam(1e-3)
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    optimizer.build(model.trainable_variables)

    def step(x, y, monitor):
        with tf.GradientTape() as tape, monitor.capture():
            loss = loss_of(y, model(x, training=True)) * 1e-6  # one of many terms, weighted
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        monitor.update(gradients)
        return loss

    batches = tf.data.Dataset.from_tensor_slices((data.x, data.y)).shuffle(2000, seed=0).batch(32).repeat(6)
    loop(model, optimizer, step, batches, directory)
    return measured(model, data)
