"""Odd but healthy: data that look wrong and are not, or that the program copes with."""

import keras
import numpy as np
import tensorflow as tf
from keras import layers

from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.data import blobs, breast_cancer, diabetes, digits, split, standardised
from tests.benchmarks.judgement.nets import cnn, mlp, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_dataset
from tests.benchmarks.judgement.sequences import waves

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam


@healthy
def label_noise(directory):
    model = mlp(20, 5, hidden=(16,), output="softmax")
    return fit(model, blobs(flipped=0.3), directory, loss=SPARSE, epochs=12)


@healthy
def noisy_regression(directory):
    rng = np.random.default_rng(5)
    x = rng.standard_normal((1500, 8)).astype(np.float32)
    y = (x[:, 0] * x[:, 1] + x[:, 2] + 1.2 * rng.standard_normal(1500)).astype(np.float32)
    return fit(mlp(8, hidden=(16,)), split("real", x, y), directory, loss="mse", optimizer=Adam(3e-3), epochs=12)


@healthy
def raw_pixels_with_adam(directory):
    return fit(cnn(), digits((8, 8, 1), 255.0), directory, loss=SPARSE, optimizer=Adam(5e-4), epochs=8)


@healthy
def raw_features_normalised_inside(directory):
    data = breast_cancer(scaled=False)
    scale = layers.Normalization()
    scale.adapt(data.x)
    model = keras.Sequential([keras.Input((30,)), scale, *mlp(30, output="sigmoid", hidden=(16,)).layers])
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=Adam(3e-3), epochs=15)


@healthy
def raw_features_before_batch_norm(directory):
    data = breast_cancer(scaled=False)
    model = keras.Sequential(
        [keras.Input((30,)), layers.BatchNormalization(), *mlp(30, output="sigmoid", hidden=(16,)).layers]
    )
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=Adam(5e-3), epochs=20)


@healthy
def raw_targets_with_a_rate_to_match(directory):
    model = mlp(10, hidden=(32,))
    return fit(model, diabetes(scaled=False), directory, loss="mae", optimizer=Adam(0.1), epochs=30)


@healthy
def series_in_its_order(directory):
    rng = np.random.default_rng(6)
    time = np.arange(1700)
    series = np.sin(0.2 * time) + 0.5 * np.sin(0.05 * time) + 0.1 * rng.standard_normal(1700)
    windows = np.lib.stride_tricks.sliding_window_view(series, 25).astype(np.float32)
    x, y = windows[:, :-1, None], windows[:, -1]
    data = split("real", x, y).fed(x=x[:1200], y=y[:1200], x_test=x[1200:], y_test=y[1200:], truth=y[1200:])
    return fit(recurrent((24, 1)), data, directory, loss="mse", optimizer=Adam(0.01), epochs=8, shuffle=False)


@healthy
def rare_class(directory):
    rng = np.random.default_rng(7)
    x = rng.standard_normal((3000, 6)).astype(np.float32)
    y = (x[:, 0] + x[:, 1] > 1.9).astype(np.int64)  # one in twelve
    data = standardised(split("binary", x, y))
    model = mlp(6, output="sigmoid", hidden=(16,))
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=Adam(5e-3), epochs=12)


@healthy
def weighted_classes(directory):
    data, model = digits(), mlp(64, 10, output="softmax")
    weights = {number: 3.0 if number in (1, 8) else 1.0 for number in range(10)}
    return fit(model, data, directory, loss=SPARSE, epochs=10, class_weight=weights)


@healthy
def outliers_and_huber(directory):
    rng = np.random.default_rng(8)
    x = rng.standard_normal((1500, 6)).astype(np.float32)
    clean = np.sin(x[:, 0]) + x[:, 1] * (x[:, 2] > 0)
    y = (clean + (rng.random(1500) < 0.03) * rng.normal(0, 30, 1500)).astype(np.float32)
    data = split("real", x, y)
    keep = np.abs(data.y_test) < 5
    data = data.fed(x_test=data.x_test[keep], y_test=data.y_test[keep], truth=data.y_test[keep])
    return fit(mlp(6, hidden=(32, 32)), data, directory, loss=keras.losses.Huber(), optimizer=Adam(5e-3), epochs=15)


@healthy
def mostly_zeros(directory):
    rng = np.random.default_rng(9)
    x = (rng.random((2000, 300)) < 0.02).astype(np.float32)
    y = (x[:, :40].sum(axis=1) > x[:, 40:80].sum(axis=1)).astype(np.int64)
    model = mlp(300, output="sigmoid", hidden=(16,))
    return fit(model, split("binary", x, y), directory, loss="binary_crossentropy", optimizer=Adam(5e-3), epochs=6)


@healthy
def padded_and_masked(directory):
    data = waves()
    lengths = np.random.default_rng(10).integers(20, 33, len(data.x))
    x = data.x * (np.arange(32)[None, :, None] < lengths[:, None, None])
    model = keras.Sequential(
        [keras.Input((32, 1)), layers.Masking(), layers.GRU(16), layers.Dense(3, activation="softmax")]
    )
    return fit(model, data.fed(x=x), directory, loss=SPARSE, optimizer=Adam(0.01), epochs=12)


@healthy
def hundreds_of_examples_only(directory):
    data = digits()
    model = mlp(64, 10, hidden=(24,), output="softmax", dropout=0.2)
    return fit(model, data.fed(x=data.x[:300], y=data.y[:300]), directory, loss=SPARSE, optimizer=Adam(3e-3), epochs=25)


@healthy
def endless_pipeline(directory):
    data, model = digits((8, 8, 1)), cnn()
    model.compile("adam", SPARSE)
    batches = tf.data.Dataset.from_tensor_slices((data.x, data.y)).shuffle(1000, seed=0).repeat().batch(32)
    return fit_dataset(model, batches, data, directory, epochs=6, steps_per_epoch=50)


@healthy
def one_constant_feature(directory):
    data = blobs().inputs(lambda x: np.concatenate([x, np.ones((len(x), 2), np.float32)], axis=1))
    return fit(mlp(22, 5, output="softmax"), data, directory, loss=SPARSE, optimizer=SGD(0.05), epochs=12)
