"""The same training in another form gets the same findings: batch size, reduction and scale of the loss, width, length."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import diagnostics

RNG = np.random.default_rng(0)
CENTRES = RNG.normal(0, 1.6, (4, 8))
Y = RNG.integers(0, 4, 768)
X = (CENTRES[Y] + RNG.standard_normal((768, 8))).astype(np.float32)
FORMS = {
    "batches half as large": {"batch": 16},
    "summed over the batch": {"reduction": "sum"},
    "loss times a thousand": {"scale": 1000.0},
    "twice as wide": {"width": 48},
    "twice as long": {"epochs": 10},
}
PROGRAMS = {
    "healthy": {},
    "learning_rate_too_high": {"rate": 1.0},
}


def loud(directory, *, rate=0.005, batch=32, reduction="sum_over_batch_size", scale=1.0, width=24, epochs=5):
    """The rules that complain, the first in front; Adam's steps do not depend on the size of the loss, as SGD's do."""
    keras.utils.set_random_seed(1)

    class Scaled(keras.losses.SparseCategoricalCrossentropy):
        def call(self, y_true, y_pred):
            return scale * super().call(y_true, y_pred)

    hidden = [layers.Dense(width, "relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((8,)), *hidden, layers.Dense(4, "softmax")])
    if scale == 1.0:
        loss = keras.losses.SparseCategoricalCrossentropy(
            reduction="sum" if reduction == "sum" else "sum_over_batch_size"
        )
        model.compile(keras.optimizers.Adam(rate, epsilon=1e-12), loss, metrics=["accuracy"])
    else:
        model.compile(keras.optimizers.Adam(rate, epsilon=1e-12), Scaled(), metrics=["accuracy"])
    model.fit(X, Y, batch_size=batch, epochs=epochs, verbose=0, callbacks=[diagnostics.ProbeCallback(directory)])  # pyright: ignore
    return [one.rule for one in diagnostics.diagnose(diagnostics.load_run(directory)) if one.is_loud]


@pytest.mark.parametrize("program", PROGRAMS)
def test_another_form_of_a_training_gets_the_same_first_finding(program, tmp_path):
    plain = loud(tmp_path / "plain", **PROGRAMS[program])
    assert plain[:1] == ([] if program == "healthy" else [program])
    for number, (form, options) in enumerate(FORMS.items()):
        assert loud(tmp_path / str(number), **PROGRAMS[program] | options)[:1] == plain[:1], form
