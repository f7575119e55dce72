"""Odd but healthy: everyday programs with unusual losses, outputs, inputs and rates."""

import keras
import numpy as np
from keras import layers, ops

import diagnostics
from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.data import blobs, digits, friedman, split, standardised
from tests.benchmarks.judgement.nets import Positions, cnn, mlp, recurrent
from tests.benchmarks.judgement.outcome import outcome_of
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import waves

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam


@healthy
def three_uneven_classes(directory):
    data = blobs(classes=3)
    rng = np.random.default_rng(0)
    kept = rng.random(len(data.y)) < np.array([1.0, 0.25, 0.1])[data.y]
    data = data.fed(x=data.x[kept], y=data.y[kept])
    return fit(mlp(20, 3, output="softmax"), data, directory, loss=SPARSE, optimizer=Adam(5e-3), epochs=20)


@healthy
def categories_beside_numbers(directory):
    rng = np.random.default_rng(1)
    shop, numbers = rng.integers(0, 40, 2400), rng.standard_normal((2400, 4)).astype(np.float32)
    y = (rng.normal(0, 1.5, 40)[shop] + numbers[:, 0] + rng.normal(0, 0.5, 2400) > 0).astype(np.int64)
    one, two = keras.Input((), dtype="int32"), keras.Input((4,))
    x = layers.Concatenate()([layers.Embedding(40, 4)(one), two])
    model = keras.Model([one, two], layers.Dense(1, activation="sigmoid")(layers.Dense(16, "relu")(x)))
    data = split("binary", numbers, y)
    data = data.fed(
        x=[shop[:1600], numbers[:1600]],
        y=y[:1600],
        x_test=[shop[1600:], numbers[1600:]],
        y_test=y[1600:],
        truth=y[1600:],
    )
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=Adam(0.01), epochs=10)


@healthy
def counts_by_poisson(directory):
    rng = np.random.default_rng(2)
    x = rng.standard_normal((2000, 6)).astype(np.float32)
    y = rng.poisson(np.exp(1.0 + 0.6 * x[:, 0] - 0.4 * x[:, 1])).astype(np.float32)
    model = mlp(6, hidden=(16,), output="exponential")
    return fit(model, split("real", x, y), directory, loss="poisson", optimizer=Adam(5e-3), epochs=12)


@healthy
def ten_numbers_at_once(directory):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((1500, 12)).astype(np.float32)
    y = np.tanh(x @ rng.standard_normal((12, 10)) / 3).astype(np.float32)
    return fit(mlp(12, 10, hidden=(48,)), split("real", x, y), directory, loss="mse", optimizer=Adam(3e-3), epochs=15)


@healthy
def smoothed_labels(directory):
    data = digits().targets(lambda y: keras.utils.to_categorical(y, 10))
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    return fit(mlp(64, 10, output="softmax"), data, directory, loss=loss, optimizer=Adam(2e-3), epochs=10)


@healthy
def focal_loss_of_a_rare_class(directory):
    rng = np.random.default_rng(4)
    x = rng.standard_normal((3000, 8)).astype(np.float32)
    data = standardised(split("binary", x, (x[:, 0] * x[:, 1] + x[:, 2] > 1.2).astype(np.int64)))
    loss = keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True)
    return fit(mlp(8, output="sigmoid", hidden=(32, 32)), data, directory, loss=loss, optimizer=Adam(5e-3), epochs=20)


@healthy
def small_resnet_with_steps_in_the_rate(directory):
    images = keras.Input((8, 8, 1))
    x = layers.Conv2D(12, 3, padding="same", use_bias=False)(images)
    for _ in range(3):
        y = layers.Activation("relu")(layers.BatchNormalization()(x))
        y = layers.Conv2D(12, 3, padding="same", use_bias=False)(y)
        y = layers.Activation("relu")(layers.BatchNormalization()(y))
        x = layers.Add()([x, layers.Conv2D(12, 3, padding="same", use_bias=False)(y)])
    x = layers.GlobalAveragePooling2D()(layers.Activation("relu")(layers.BatchNormalization()(x)))
    model = keras.Model(images, layers.Dense(10, activation="softmax")(x))
    rate = keras.optimizers.schedules.PiecewiseConstantDecay([120, 180], [0.1, 0.01, 0.001])
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, optimizer=SGD(rate, momentum=0.9), epochs=6)


@healthy
def a_label_at_every_step(directory):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((1200, 16, 2)).astype(np.float32)
    y = (np.cumsum(x[..., :1], axis=1) > 0).astype(np.float32)
    cell = layers.GRU(16, return_sequences=True)
    model = keras.Sequential([keras.Input((16, 2)), cell, layers.Dense(1, activation="sigmoid")])
    return fit(model, split("labels", x, y), directory, loss="binary_crossentropy", optimizer=Adam(0.01), epochs=8)


@healthy
def pixels_of_a_mask(directory):
    rng = np.random.default_rng(6)
    data = digits((8, 8, 1))
    data = data.fed(
        task="labels",
        y=(data.x > 0.5).astype(np.float32),
        y_test=(data.x_test > 0.5).astype(np.float32),
        truth=(data.x_test > 0.5).astype(int),
    )
    data = data.inputs(lambda x: x + 0.3 * rng.standard_normal(x.shape).astype(np.float32))
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, padding="same", activation="relu"),
            layers.Conv2D(16, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(1, 1, activation="sigmoid"),
        ]
    )
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=Adam(3e-3), epochs=6)


@healthy
def in_an_order_that_is_random_already(directory):
    model = mlp(20, 5, output="softmax", hidden=(48,))
    return fit(model, blobs(), directory, loss=SPARSE, optimizer=SGD(0.05), epochs=12, shuffle=False)


@healthy
def rate_up_and_down(directory):
    class Triangle(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.optimizer.learning_rate = 0.01 + 0.19 * abs(1 - (batch % 20) / 10)

    model = mlp(64, 10, output="softmax", hidden=(48,))
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.01), epochs=10, callbacks=[Triangle()])


@healthy
def ratings_from_embeddings(directory):
    rng = np.random.default_rng(7)
    who, what = rng.integers(0, 60, 4000), rng.integers(0, 40, 4000)
    taste, kind = rng.standard_normal((60, 3)), rng.standard_normal((40, 3))
    y = np.clip(np.rint(3 + (taste[who] * kind[what]).sum(axis=1)), 1, 5).astype(np.float32)
    user, item = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    product = layers.Dot(-1)([layers.Embedding(60, 6)(user), layers.Embedding(40, 6)(item)])
    model = keras.Model([user, item], layers.Dense(1)(product))
    parts = {"x": [who[:3000], what[:3000]], "x_test": [who[3000:], what[3000:]]}
    data = split("real", who, y).fed(y=y[:3000], y_test=y[3000:], truth=y[3000:], **parts)
    return fit(model, data, directory, loss="mse", optimizer=Adam(0.02), epochs=15)


@healthy
def a_straight_line(directory):
    rng = np.random.default_rng(8)
    x = rng.standard_normal((800, 5)).astype(np.float32)
    y = (x @ np.array([1.0, -0.5, 0.3, 0.0, 2.0]) + 0.2 * rng.standard_normal(800)).astype(np.float32)
    return fit(mlp(5, hidden=()), split("real", x, y), directory, loss="mse", optimizer=SGD(0.05), epochs=10)


@healthy
def inputs_that_are_not_centred(directory):
    data = friedman().inputs(lambda x: 3 * x + 5)
    return fit(mlp(10, hidden=(32, 32)), data, directory, loss="mse", optimizer=Adam(3e-3), epochs=20)


@healthy
def next_token_under_a_causal_mask(directory):
    rng = np.random.default_rng(9)
    follows = np.stack([rng.permutation(12) for _ in range(12)])[:, :2]
    tokens = np.zeros((1500, 13), np.int32)
    tokens[:, 0] = rng.integers(0, 12, 1500)
    for place in range(12):
        tokens[:, place + 1] = follows[tokens[:, place], (rng.random(1500) < 0.15).astype(int)]
    x, y = tokens[:, :-1], tokens[:, 1:].astype(np.int64)
    data = split("classes", x, y)
    words = keras.Input((12,), dtype="int32")
    z = Positions()(layers.Embedding(12, 24)(words))
    z = layers.Add()([z, layers.MultiHeadAttention(2, 12)(z, z, use_causal_mask=True)])
    z = layers.Add()([z, layers.Dense(24)(layers.Dense(48, activation="gelu")(layers.LayerNormalization()(z)))])
    model = keras.Model(words, layers.Dense(12)(layers.LayerNormalization()(z)))
    model.compile(Adam(5e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(data.x, data.y, epochs=6, verbose=0, callbacks=[diagnostics.ProbeCallback(directory)])  # pyright: ignore
    said = ops.convert_to_numpy(model(data.x_test)).reshape(-1, 12)
    return outcome_of("classes", data.truth.reshape(-1), said)


@healthy
def half_of_the_hidden_units_noisy(directory):
    model = keras.Sequential([*cnn(output=None).layers[:-1], layers.GaussianNoise(0.5), layers.Dense(10, "softmax")])
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, epochs=8)


@healthy
def series_classified_at_a_large_batch(directory):
    model = recurrent((32, 1), 3, output="softmax", units=24)
    return fit(model, waves(), directory, loss=SPARSE, optimizer=Adam(0.02), batch_size=200, epochs=40)
