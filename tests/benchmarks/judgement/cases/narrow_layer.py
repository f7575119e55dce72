"""Hidden layers of one or two units, which let too little pass; written with the rules in view."""

import keras

from tests.benchmarks.judgement.case import ill
from tests.benchmarks.judgement.data import circles, digits
from tests.benchmarks.judgement.nets import mlp
from tests.benchmarks.judgement.programs import SPARSE, fit


@ill("narrow_layer", "dead_units", twin="healthy_mlp/digits_adam")
def one_unit_for_ten_digits(directory):
    model = mlp(64, 10, hidden=(32, 1, 32), activation="tanh", output="softmax")
    return fit(model, digits(), directory, loss=SPARSE, epochs=12)


@ill("narrow_layer", "dead_units", twin="healthy_mlp/circles_adam")
def two_units_for_circles(directory):
    model = mlp(2, output="sigmoid", hidden=(2,), activation="tanh")
    return fit(
        model, circles(), directory, loss="binary_crossentropy", optimizer=keras.optimizers.Adam(0.01), epochs=15
    )
