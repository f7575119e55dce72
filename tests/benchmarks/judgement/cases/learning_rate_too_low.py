"""Steps that are too short to get anywhere in the time that there is."""

import keras

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import digits, friedman, wine
from tests.benchmarks.judgement.nets import cnn, mlp, patches, recurrent
from tests.benchmarks.judgement.programs import SPARSE, fit, fit_by_trainer
from tests.benchmarks.judgement.sequences import waves

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam
TOO_LOW = ("learning_rate_too_low", "weights_do_not_move")


@ill(*TOO_LOW, twin="healthy_mlp/digits_adam")
def adam_digits(directory):
    model = mlp(64, 10, output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, optimizer=Adam(1e-6), epochs=10)


@ill(*TOO_LOW, twin="healthy_cnn/digits_sgd")
def sgd_cnn(directory):
    return fit(cnn(), digits((8, 8, 1)), directory, loss=SPARSE, optimizer=SGD(1e-4), epochs=8)


@ill(*TOO_LOW, twin="healthy_recurrent/waves_gru")
def adam_gru(directory):
    model = recurrent((32, 1), 3, output="softmax")
    return fit(model, waves(), directory, loss=SPARSE, optimizer=Adam(1e-5), epochs=8)


@ill(*TOO_LOW, twin="healthy_attention/digits_one_block")
def adam_attention(directory):
    return fit(patches(), digits((8, 8)), directory, loss=SPARSE, optimizer=Adam(3e-6), epochs=6)


@ill(*TOO_LOW, twin="healthy_mlp/friedman_sgd")
def sgd_regression(directory):
    loss = keras.losses.MeanSquaredError()
    return fit_by_trainer(mlp(10, hidden=(32, 32)), SGD(1e-5), loss, friedman(), directory, epochs=10)


@ill(*TOO_LOW, twin="healthy_mlp/wine_adam")
def adam_wine(directory):
    model = mlp(13, 3, output="softmax", hidden=(16,))
    return fit(model, wine(), directory, loss=SPARSE, optimizer=Adam(1e-6), batch_size=16, epochs=12)
