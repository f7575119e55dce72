"""Labels and targets that the loss is not made for."""

import keras
import numpy as np

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import breast_cancer, digits, friedman, tags
from tests.benchmarks.judgement.nets import cnn, mlp, reader
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import reviews

SGD = keras.optimizers.SGD


@ill("invalid_labels", "output_loss_mismatch", twin="healthy_mlp/cancer_sgd")
def one_and_two(directory):
    model = mlp(30, output="sigmoid", hidden=(16, 8))
    data = breast_cancer().targets(lambda y: y + 1)
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=SGD(0.05), epochs=12)


@ill("invalid_labels", "output_loss_mismatch", twin="healthy_recurrent/reviews_lstm")
def minus_one_and_one(directory):
    data = reviews().targets(lambda y: 2 * y - 1)
    model = reader(200, 20)
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=keras.optimizers.Adam(5e-3), epochs=6)


@ill("invalid_labels", "output_loss_mismatch", twin="healthy_mlp/tags_adam")
def masks_of_255(directory):
    model = mlp(24, 6, output="sigmoid", hidden=(48,))
    data = tags().targets(lambda y: y * 255)
    return fit(model, data, directory, loss="binary_crossentropy", epochs=10)


@ill("invalid_labels", "non_finite", twin="healthy_mlp/friedman_adam")
def missing_targets(directory):
    data = friedman()
    y = data.y.copy()
    y[[40, 400, 801]] = np.nan
    return fit(mlp(10, hidden=(32, 32)), data.fed(y=y), directory, loss="mse", epochs=6)


@ill("invalid_labels", "constant_predictions", twin="healthy_cnn/digits_adam")
def labels_scaled_like_pixels(directory):
    data = digits((8, 8, 1)).targets(lambda y: y / 255)
    return fit(cnn(), data, directory, loss=SPARSE, epochs=6)


@ill("invalid_labels", "constant_predictions", twin="healthy_mlp/digits_sgd_one_hot")
def one_hot_of_nothing(directory):
    data = digits().targets(lambda y: np.zeros((len(y), 10), np.float32))
    model = mlp(64, 10, output="softmax")
    return fit(model, data, directory, loss="categorical_crossentropy", optimizer=SGD(0.1), epochs=6)
