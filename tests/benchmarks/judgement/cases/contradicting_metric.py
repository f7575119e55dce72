"""A loss that becomes small without measuring what is wanted, which accuracy shows."""

import keras
import numpy as np
import tensorflow as tf

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import cnn, mlp, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import waves


@ill("contradicting_metric", "constant_predictions", twin="healthy_mlp/digits_adam")
def weights_for_one_class(directory):
    weights = {number: 1.0 if number == 0 else 1e-4 for number in range(10)}  # meant as the inverse of the counts
    return fit(mlp(64, 10, output="softmax"), digits(), directory, loss=SPARSE, epochs=10, class_weight=weights)


@ill("contradicting_metric", "constant_predictions", twin="healthy_recurrent/waves_gru")
def mask_the_wrong_way_round(directory):
    data = waves()
    mask = (data.y == 0).astype(np.float32)  # the class to leave out
    model = recurrent((32, 1), 3, output="softmax")
    optimizer = keras.optimizers.Adam(0.01)
    return fit(model, data, directory, loss=SPARSE, optimizer=optimizer, epochs=8, sample_weight=mask)


@ill("contradicting_metric", "invalid_labels", twin="healthy_cnn/digits_adam")
def labels_shifted_in_the_loss(directory):
    def loss(truth, predicted):
        shifted = (tf.cast(truth, tf.int32) + 1) % 10  # for a data set whose labels begin with 1
        return keras.losses.sparse_categorical_crossentropy(shifted, predicted)

    return fit(cnn(), digits((8, 8, 1)), directory, loss=loss, epochs=6)
