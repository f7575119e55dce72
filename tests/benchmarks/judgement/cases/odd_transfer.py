"""Odd but healthy: what has been learned before, and is kept, frozen, or built upon."""

import keras
import numpy as np
from keras import layers

from tests.benchmarks.judgement.case import healthy
from tests.benchmarks.judgement.data import digits
from tests.benchmarks.judgement.nets import cnn, mlp
from tests.benchmarks.judgement.programs import SPARSE, fit

SGD = keras.optimizers.SGD
Adam = keras.optimizers.Adam
IMAGES = (8, 8, 1)


def trained(model, data, epochs=8):
    """A model that was trained before, unseen by any probe."""
    model.compile("adam", SPARSE)
    model.fit(data.x, data.y, epochs=epochs, verbose=0)
    return model


def of_digits(data, wanted):
    """The part of a task that shows some of the digits."""
    use, use_test = np.isin(data.y, wanted), np.isin(data.y_test, wanted)
    return data.fed(
        x=data.x[use],
        y=data.y[use],
        x_test=data.x_test[use_test],
        y_test=data.y_test[use_test],
        truth=data.truth[use_test],
    )


@healthy
def frozen_extractor(directory):
    base = keras.Sequential([keras.Input(IMAGES), *trained(cnn(), of_digits(digits(IMAGES), range(5))).layers[:-2]])
    base.trainable = False
    model = keras.Sequential([base, layers.Dense(10, activation="softmax")])
    return fit(model, digits(IMAGES), directory, loss=SPARSE, optimizer=Adam(0.01), epochs=8)


@healthy
def fine_tuned_from_a_good_start(directory):
    model = trained(mlp(64, 10, output="softmax"), digits(), epochs=15)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=Adam(1e-4), epochs=5)


@healthy
def fine_tuned_at_a_small_rate(directory):
    model = trained(cnn(), digits(IMAGES))
    return fit(
        model, digits(IMAGES), directory, loss=SPARSE, optimizer=SGD(1e-4, momentum=0.9), epochs=4, validate=False
    )


@healthy
def low_rank_continuation(directory):
    model = trained(mlp(64, 10, hidden=(64, 64), output="softmax"), of_digits(digits(), range(7)))
    for layer in model.layers[:-1]:
        layer.enable_lora(4)
    return fit(model, digits(), directory, loss=SPARSE, optimizer=Adam(5e-3), epochs=10)


@healthy
def taught_by_a_larger_net(directory):
    data = digits()
    teacher = trained(mlp(64, 10, hidden=(128,), output="softmax"), data, epochs=12)
    soft = [teacher.predict(x, verbose=0) for x in (data.x, data.x_test)]
    model = mlp(64, 10, hidden=(24,), output="softmax")
    taught = data.fed(y=soft[0], y_test=soft[1])
    return fit(model, taught, directory, loss="kl_divergence", optimizer=Adam(3e-3), epochs=12)


@healthy
def continued_after_an_interruption(directory):
    model = trained(mlp(64, 10, output="softmax"), digits(), epochs=3)
    return fit(model, digits(), directory, loss=SPARSE, epochs=8)
