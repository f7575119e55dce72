"""An output that does not fit the loss."""

import keras
import tensorflow as tf
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import blobs, breast_cancer, digits, friedman, tags
from tests.benchmarks.judgement.nets import cnn, mlp, recurrent, transformer
from tests.benchmarks.judgement.programs import SPARSE, fit
from tests.benchmarks.judgement.sequences import forecast, needle

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam
MISFIT = "output_loss_mismatch"


@ill(MISFIT, "wrong_outputs", twin="healthy_mlp/cancer_sgd")
def softmax_of_one(directory):
    model = mlp(30, output="softmax", hidden=(16, 8))
    data = breast_cancer()
    return fit(model, data, directory, loss="binary_crossentropy", optimizer=SGD(0.05), epochs=15)


@ill(MISFIT, twin="healthy_mlp/digits_logits")
def logits_taken_for_probabilities(directory):
    return fit(mlp(64, 10, hidden=(48,)), digits(), directory, loss=SPARSE, epochs=10)


@ill(MISFIT, twin="healthy_attention/needle_two_blocks")
def logits_of_attention(directory):
    model = transformer(12, 8, 6, width=32, blocks=2, output=None)
    return fit(model, needle(), directory, loss=SPARSE, optimizer=Adam(3e-3), epochs=6)


@ill(MISFIT, twin="healthy_cnn/digits_sgd")
def softmax_twice(directory):
    model = keras.Sequential([*cnn(output=None).layers, layers.Lambda(lambda x: tf.nn.softmax(x) * 1.0)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return fit(model, digits((8, 8, 1)), directory, loss=loss, optimizer=SGD(0.02), epochs=8)


@ill(MISFIT, twin="healthy_mlp/cancer_sgd")
def relu_for_a_probability(directory):
    model = mlp(30, output="relu", hidden=(16, 8))
    return fit(model, breast_cancer(), directory, loss="binary_crossentropy", optimizer=SGD(0.05), epochs=15)


@ill(MISFIT, twin="healthy_mlp/friedman_adam")
def sigmoid_for_real_targets(directory):
    model = mlp(10, hidden=(32, 32), output="sigmoid")
    return fit(model, friedman(), directory, loss="mse", optimizer=Adam(5e-3), epochs=12)


@ill(MISFIT, twin="healthy_mlp/friedman_absolute")
def relu_for_real_targets(directory):
    model = mlp(10, hidden=(32, 32), output="relu")
    return fit(model, friedman(), directory, loss="mae", optimizer=Adam(5e-3), epochs=12)


@ill(MISFIT, twin="healthy_recurrent/forecast_lstm")
def tanh_for_large_targets(directory):
    data = forecast().targets(lambda y: 3 * y)
    data = data.fed(truth=3 * data.truth)
    return fit(recurrent((24, 1), output="tanh"), data, directory, loss="mse", optimizer=Adam(0.01), epochs=8)


@ill(MISFIT, "wrong_outputs", twin="healthy_mlp/digits_adam")
def classes_by_squared_error(directory):
    return fit(mlp(64, 1), digits(), directory, loss="mse", epochs=12)


@ill(MISFIT, twin="healthy_mlp/tags_adam")
def softmax_for_several_labels(directory):
    model = mlp(24, 6, output="softmax", hidden=(48,))
    return fit(model, tags(), directory, loss="binary_crossentropy", optimizer=Adam(3e-3), epochs=12)


@ill(MISFIT, "wrong_outputs", twin="healthy_mlp/cancer_logit")
def categorical_loss_of_one_unit(directory):
    model = mlp(30, output="sigmoid", hidden=(16,))
    data = breast_cancer().targets(lambda y: y[:, None].astype("float32"))
    return fit(model, data, directory, loss="categorical_crossentropy", epochs=10)


@ill(MISFIT, "wrong_outputs", twin="healthy_mlp/blobs_adam")
def tanh_for_classes(directory):
    model = mlp(20, 5, output="tanh")
    return fit(model, blobs(), directory, loss=SPARSE, optimizer=Adam(2e-3), epochs=8)
