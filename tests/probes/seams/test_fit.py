"""Every ``fit`` goes through the given function, and a callback finds the list that Keras frees when ``fit`` ends."""

from __future__ import annotations

import gc
import weakref

import keras
import numpy as np
import pytest

from probes.seams.fit import attribute_set, every_fit_through, running_callback_list

X, Y = np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32)


def compiled() -> keras.Model:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_every_fit_is_run_by_the_function_and_the_original_comes_back():
    original, runs = keras.Model.fit, []

    def run(fit, bound):
        runs.append(bound.arguments["epochs"])
        return fit(*bound.args, **bound.kwargs)

    model = compiled()
    with pytest.raises(KeyError), every_fit_through(run):
        assert len(model.fit(X, Y, epochs=2, verbose=0).history["loss"]) == 2
        with pytest.raises(TypeError, match="unheard_of"):
            model.fit(X, Y, unheard_of=1)
        raise KeyError
    assert runs == [2]
    assert keras.Model.fit is original


class Failing(keras.callbacks.Callback):
    def on_train_begin(self, logs=None):
        callbacks = running_callback_list()
        assert self in callbacks.callbacks
        self.list = weakref.ref(callbacks)

    def on_epoch_end(self, epoch, logs=None):
        raise KeyError


def test_the_list_of_callbacks_is_found_and_freed_after_an_exception():
    callback = Failing()
    with pytest.raises(KeyError):
        compiled().fit(X, Y, verbose=0, callbacks=[callback])
    gc.collect()
    assert callback.list() is None


def test_a_callback_that_a_script_calls_itself_finds_no_list():
    assert running_callback_list() is None


def test_an_attribute_is_set_and_put_back_also_where_there_was_none():
    model = compiled()
    model.note = "before"
    with attribute_set(model, "note", "inside"), attribute_set(model, "train_step", "replaced"):
        assert (model.note, model.train_step) == ("inside", "replaced")
    assert model.note == "before"
    assert "train_step" not in vars(model)
