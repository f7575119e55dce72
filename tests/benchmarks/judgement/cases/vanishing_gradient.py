"""The gradient is lost on its way back, over the whole depth or at one layer."""

import keras
from keras import layers

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import cnn, mlp, patches, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_by_trainer
from tests.benchmarks.judgement.sequences import first_sign

SGD = keras.optimizers.SGD


@ill("vanishing_gradient", twin="healthy_mlp/digits_deep_relu")
def twelve_sigmoid_layers(directory):
    model = mlp(64, 10, hidden=(32,) * 12, activation="sigmoid", output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.1), epochs=10)


@ill("vanishing_gradient", twin="healthy_mlp/digits_deep_relu")
def eight_sigmoid_layers_adam(directory):
    model = mlp(64, 10, hidden=(32,) * 8, activation="sigmoid", output="softmax")
    loss = keras.losses.SparseCategoricalCrossentropy()
    return fit_by_trainer(model, keras.optimizers.Adam(1e-3), loss, digits(), directory, epochs=10)


@ill("vanishing_gradient", "initialisation", twin="healthy_mlp/digits_deep_relu")
def tanh_with_small_weights(directory):
    small = keras.initializers.RandomNormal(stddev=0.02)
    model = mlp(64, 10, hidden=(32,) * 10, activation="tanh", output="softmax", kernel_initializer=small)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.05), epochs=10)


@ill("vanishing_gradient", twin="healthy_cnn/digits_deep")
def sigmoid_convolutions(directory):
    model = cnn(filters=(8,) * 7, activation="sigmoid")
    return fit(model, digits((8, 8, 1)), directory, loss=SPARSE, optimizer=SGD(0.05), epochs=8)


@ill("vanishing_gradient", "saturation", twin="healthy_mlp/digits_sgd")
def one_layer_loses_it(directory):
    model = keras.Sequential([keras.Input((64,))])
    for number in range(6):
        model.add(layers.Dense(32, activation="relu", kernel_initializer="he_normal"))
        if number == 3:  # a gate that someone forgot to scale
            model.add(layers.Lambda(lambda x: keras.ops.sigmoid(x - 9)))
    model.add(layers.Dense(10, activation="softmax"))
    return fit(model, digits(), directory, loss=SPARSE, optimizer=SGD(0.05, momentum=0.9), epochs=10)


@ill("vanishing_gradient", twin="healthy_recurrent/remember_first")
def simple_rnn_forgets(directory):
    model = recurrent((40, 1), cell=layers.SimpleRNN, output="sigmoid", recurrent_initializer="glorot_uniform")
    return fit(model, first_sign(40), directory, loss="binary_crossentropy", optimizer=SGD(0.05), epochs=8)


@ill("vanishing_gradient", twin="healthy_attention/digits_three_blocks")
def sigmoid_behind_attention(directory):
    model = patches(blocks=1, output=None)
    x = model.output
    for _ in range(8):
        x = layers.Dense(16, activation="sigmoid")(x)
    model = keras.Model(model.input, layers.Dense(10, activation="softmax")(x))
    return fit(model, digits((8, 8)), directory, loss=SPARSE, epochs=6)
