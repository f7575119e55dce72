"""Odd but healthy: rates, schedules, batches and penalties that look wrong and are not."""

import keras
import tensorflow as tf

from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.data import blobs, breast_cancer, digits, friedman, moons
from tests.benchmarks.judgement.nets import cnn, mlp, patches, reader, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_compiled, loop, measured
from tests.benchmarks.judgement.sequences import forecast, reviews

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam
schedules = keras.optimizers.schedules


@healthy
def adagrad_at_one(directory):
    model = mlp(64, 10, output="softmax")
    optimizer = keras.optimizers.Adagrad(1.0, initial_accumulator_value=10.0)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=optimizer, epochs=10)


@healthy
def adadelta_at_one(directory):
    model = mlp(20, 5, output="softmax")
    return fit(model, blobs(), directory, loss=SPARSE, optimizer=keras.optimizers.Adadelta(1.0), epochs=12)


@healthy
def heavy_decay(directory):
    model = mlp(64, 10, output="softmax")
    return fit(
        model, digits(), directory, loss=SPARSE, optimizer=keras.optimizers.AdamW(5e-3, weight_decay=0.5), epochs=12
    )


@healthy
def strong_penalty(directory):
    model = mlp(64, 10, output="softmax", kernel_regularizer=keras.regularizers.L2(0.02))
    return fit(model, digits(), directory, loss=SPARSE, optimizer=Adam(2e-3), epochs=20)


@healthy
def warm_up(directory):
    schedule = schedules.CosineDecay(0.0, 300, warmup_target=0.005, warmup_steps=150)
    return fit(patches(), digits((8, 8)), directory, loss=SPARSE, optimizer=Adam(schedule), epochs=12)


@healthy
def cosine_to_zero(directory):
    model = mlp(64, 10, output="softmax")
    schedule = schedules.CosineDecay(0.3, 38 * 12)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(schedule), epochs=12)


@healthy
def rate_dropped_in_steps(directory):
    schedule = schedules.PiecewiseConstantDecay([120, 240], [0.1, 0.01, 0.001])
    optimizer = SGD(schedule, momentum=0.9)
    return fit(cnn(), digits((8, 8, 1)), directory, loss=SPARSE, optimizer=optimizer, epochs=9)


@healthy
def one_example_a_step(directory):
    model = mlp(64, 10, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.01), batch_size=1, epochs=2)


@healthy
def all_examples_in_a_step(directory):
    model = mlp(2, output="sigmoid", hidden=(32, 32))
    return fit(model, moons(), directory, loss="binary_crossentropy", optimizer=Adam(0.03), batch_size=2000, epochs=150)


@healthy
def all_examples_by_sgd(directory):
    model = mlp(30, output="sigmoid", hidden=(16,))
    optimizer = SGD(0.5, momentum=0.9)
    return fit(
        model, breast_cancer(), directory, loss="binary_crossentropy", optimizer=optimizer, batch_size=1000, epochs=120
    )


@healthy
def one_short_epoch(directory):
    model = mlp(64, 10, hidden=(96,), output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=Adam(0.01), batch_size=16, epochs=1, validate=False)


@healthy
def thirty_steps_of_sentences(directory):
    model = reader(200, 20)
    return fit(model, reviews(), directory, loss="binary_crossentropy", optimizer=Adam(0.03), epochs=1)


@healthy
def converged_early(directory):
    model = mlp(20, 5, output="softmax")
    return fit(model, blobs(), directory, loss=SPARSE, optimizer=Adam(0.01), epochs=30, validate=False)


@healthy
def stopped_when_it_should(directory):
    stop = keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)
    model = mlp(10, hidden=(64,))
    return fit(model, friedman(), directory, loss="mse", optimizer=Adam(0.02), epochs=60, callbacks=[stop])


@healthy
def clipped_throughout(directory):
    model = recurrent((24, 1))
    optimizer = SGD(0.2, momentum=0.9, clipnorm=0.1)
    return fit(model, forecast(), directory, loss="mse", optimizer=optimizer, epochs=12)


@healthy
def accumulated_over_steps(directory):
    model = mlp(64, 10, output="softmax")
    optimizer = Adam(3e-3, gradient_accumulation_steps=4)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=optimizer, batch_size=8, epochs=6)


@healthy
def several_steps_a_call(directory):
    model = mlp(64, 10, output="softmax")
    model.compile("adam", SPARSE, steps_per_execution=8)
    return fit_compiled(model, digits(), directory, epochs=12, batch_size=32)


@healthy
def signs_of_gradients(directory):
    model = mlp(64, 10, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=keras.optimizers.Lion(3e-4), epochs=12)


@healthy
def loss_times_a_thousand(directory):
    def scaled(truth, predicted):
        return 1000.0 * keras.losses.sparse_categorical_crossentropy(truth, predicted)

    return fit(mlp(64, 10, output="softmax"), digits(), directory, loss=scaled, epochs=10)


@healthy
def summed_over_the_batch(directory):
    loss = keras.losses.MeanSquaredError(reduction="sum")
    return fit(mlp(10, hidden=(32, 32)), friedman(), directory, loss=loss, optimizer=SGD(5e-4), epochs=15)


@healthy
def mixed_half_precision(directory):
    keras.config.set_dtype_policy("mixed_float16")
    return fit(mlp(64, 10, output="softmax"), digits(), directory, loss=SPARSE, epochs=12)


@healthy
def mixed_bfloat16(directory):
    keras.config.set_dtype_policy("mixed_bfloat16")
    return fit(cnn(), digits((8, 8, 1)), directory, loss=SPARSE, epochs=8)


@healthy
def loop_by_hand(directory):
    data, model, optimizer = digits(), mlp(64, 10, output="softmax"), Adam(2e-3)
    loss_of = keras.losses.SparseCategoricalCrossentropy()
    optimizer.build(model.trainable_variables)

    def step(x, y, monitor):
        with tf.GradientTape() as tape, monitor.capture():
            loss = loss_of(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        monitor.update(gradients)
        return loss

    batches = tf.data.Dataset.from_tensor_slices((data.x, data.y)).shuffle(2000, seed=0).batch(32).repeat(10)
    loop(model, optimizer, step, batches, directory)
    return measured(model, data)


@healthy
def two_images_under_batch_norm(directory):
    model = cnn(norm=True, filters=(8, 16, 16))  # 128 positions to take the moments over
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, batch_size=2, epochs=1)
