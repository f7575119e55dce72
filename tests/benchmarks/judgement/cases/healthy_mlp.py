"""Dense nets that learn as they should."""

import keras

from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.data import blobs, breast_cancer, circles, diabetes, digits, friedman, moons, tags, wine
from tests.benchmarks.judgement.nets import mlp
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_by_trainer

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam


@healthy
def digits_adam(directory):
    model = mlp(64, 10, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, epochs=12)


@healthy
def digits_sgd(directory):
    model = mlp(64, 10, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.1), epochs=15)


@healthy
def digits_sgd_one_hot(directory):
    data = digits().targets(lambda y: keras.utils.to_categorical(y, 10))
    model = mlp(64, 10, output="softmax")
    return fit(model, data, directory, loss="categorical_crossentropy", optimizer=SGD(0.1, momentum=0.9), epochs=10)


@healthy
def digits_logits(directory):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return fit(mlp(64, 10, hidden=(48,)), digits(), directory, loss=loss, epochs=12)


@healthy
def digits_deep_relu(directory):
    model = mlp(64, 10, hidden=(32,) * 10, output="softmax", kernel_initializer="he_normal")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.01, momentum=0.9), epochs=10)


@healthy
def digits_trainer(directory):
    loss = keras.losses.SparseCategoricalCrossentropy()
    return fit_by_trainer(mlp(64, 10, output="softmax"), Adam(2e-3), loss, digits(), directory, epochs=10)


@healthy
def digits_batch_norm(directory):
    model = mlp(64, 10, norm=True, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, epochs=8)


@healthy
def digits_dropout(directory):
    model = mlp(64, 10, hidden=(96, 96), dropout=0.3, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, epochs=10)


@healthy
def digits_tanh(directory):
    model = mlp(64, 10, activation="tanh", output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, epochs=10)


@healthy
def blobs_adam(directory):
    model = mlp(20, 5, output="softmax")
    return fit(model, blobs(), directory, loss=SPARSE, optimizer=Adam(2e-3), epochs=10)


@healthy
def blobs_small_batches(directory):
    model = mlp(20, 5, output="softmax", hidden=(32,))
    return fit(model, blobs(), directory, loss=SPARSE, optimizer=SGD(0.02), batch_size=8, epochs=5)


@healthy
def cancer_sgd(directory):
    model = mlp(30, output="sigmoid", hidden=(16, 8))
    return fit(model, breast_cancer(), directory, loss="binary_crossentropy", optimizer=SGD(0.05), epochs=25)


@healthy
def cancer_two_classes(directory):
    model = mlp(30, 2, output="softmax", hidden=(16,))
    return fit(model, breast_cancer(), directory, loss=SPARSE, epochs=25)


@healthy
def cancer_logit(directory):
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model = mlp(30, hidden=(16,))
    return fit(model, breast_cancer(), directory, loss=loss, optimizer=Adam(3e-3), epochs=20, threshold=0.0)


@healthy
def wine_adam(directory):
    model = mlp(13, 3, output="softmax", hidden=(16,))
    return fit(model, wine(), directory, loss=SPARSE, optimizer=Adam(0.01), batch_size=16, epochs=25)


@healthy
def moons_adam(directory):
    model = mlp(2, output="sigmoid", hidden=(16, 16))
    return fit(model, moons(), directory, loss="binary_crossentropy", optimizer=Adam(0.01), epochs=12)


@healthy
def circles_adam(directory):
    model = mlp(2, output="sigmoid", hidden=(16, 16))
    return fit(model, circles(), directory, loss="binary_crossentropy", optimizer=Adam(0.01), epochs=10)


@healthy
def friedman_adam(directory):
    model = mlp(10, hidden=(32, 32))
    return fit(model, friedman(), directory, loss="mse", optimizer=Adam(5e-3), epochs=15)


@healthy
def friedman_sgd(directory):
    model = mlp(10, hidden=(32, 32))
    return fit(model, friedman(), directory, loss="mse", optimizer=SGD(0.03, momentum=0.9), epochs=15)


@healthy
def friedman_absolute(directory):
    model = mlp(10, hidden=(32, 32), activation="gelu")
    return fit(model, friedman(), directory, loss="mae", optimizer=Adam(5e-3), epochs=15, metrics=["mse"])


@healthy
def diabetes_small(directory):
    model = mlp(10, hidden=(8,))
    return fit(model, diabetes(), directory, loss="mse", optimizer=Adam(3e-3), epochs=30)


@healthy
def tags_adam(directory):
    model = mlp(24, 6, output="sigmoid", hidden=(48,))
    return fit(model, tags(), directory, loss="binary_crossentropy", optimizer=Adam(3e-3), epochs=15)


@healthy
def tags_deep(directory):
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    model = mlp(24, 6, hidden=(48, 48), activation="elu")
    return fit(model, tags(), directory, loss=loss, optimizer=Adam(2e-3), epochs=12, threshold=0.0)
