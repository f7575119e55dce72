"""The state of a training survives the trip to disk, and training goes on as if nothing had happened."""

from __future__ import annotations

import random

import keras
import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf

from diagnostics.training.state.files import load, save
from diagnostics.training.state.variables import capture, held, restore
from probes.errors import UsageError

X, Y = np.linspace(-1, 1, 24, dtype=np.float32).reshape(8, 3), np.ones((8, 1), np.float32)


def compiled(units: int = 4) -> keras.Model:
    layers = [keras.layers.Dense(units), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    model = keras.Sequential([keras.Input((3,)), *layers, keras.layers.Dense(1)])
    model.compile("adam", "mse")
    model.train_on_batch(X, Y)
    return model


def trained(model: keras.Model) -> list[np.ndarray]:
    for _ in range(3):
        model.train_on_batch(X, Y)
    return [variable.numpy() for variable in (*model.variables, *model.optimizer.variables)]


def test_training_goes_on_bit_equal_from_a_restored_state(tmp_path):
    model = compiled()
    save(tmp_path / "state.npz", capture(model, model.optimizer))
    draws = random.random(), np.random.rand()
    once = trained(model)
    other = compiled()
    restore(load(tmp_path / "state.npz"), other, other.optimizer)
    assert (random.random(), np.random.rand()) == draws
    for first, second in zip(once, trained(other), strict=True):
        np.testing.assert_array_equal(first, second)


def test_what_is_held_keeps_its_values():
    model = compiled()
    kept, before = held(model, model.optimizer), capture(model, model.optimizer)
    trained(model)
    for name, value in before.items():
        np.testing.assert_array_equal(np.array(kept[name]), value)


def test_global_generators_belong_to_the_state():
    # With deterministic operations on, as another test may have left them, TensorFlow makes no generator by itself.
    generator = tf.random.Generator.from_seed(1)
    tf.random.set_global_generator(generator)
    model = compiled()
    state = capture(model)
    first = generator.normal([3]).numpy(), np.array(keras.random.normal([3]))
    restore(state, model)
    np.testing.assert_array_equal(generator.normal([3]).numpy(), first[0])


def test_another_structure_is_refused_and_nothing_changes():
    model, other = compiled(4), compiled(5)
    before = capture(other, other.optimizer)
    with pytest.raises(UsageError, match="another structure"):
        restore(capture(model, model.optimizer), other, other.optimizer)
    np.testing.assert_equal(capture(other, other.optimizer), before)


AWKWARD = {
    "half": np.arange(3, dtype=np.float16),
    "brain": np.array([[1.5, np.nan]], ml_dtypes.bfloat16),
    "eight": np.array([1, 2], ml_dtypes.float8_e4m3fn),
    "texts": np.array([b"a\0", b"", b"\xff" * 5], object).reshape(3, 1),
    "empty": np.empty((0, 4), np.float32),
    "scalar": np.array(3, np.int64),
    "none": np.empty((0,), object),
    "words": np.array("ünï"),
}


def test_every_kind_of_array_survives(tmp_path):
    save(tmp_path / "state.npz", AWKWARD)
    found = load(tmp_path / "state.npz")
    for name, array in AWKWARD.items():
        assert found[name].dtype == array.dtype and found[name].shape == array.shape
        assert found[name].tolist() == array.tolist() or name == "brain"
    assert np.isnan(found["brain"].astype(float)[0, 1])


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no archive", b"\x93NUMPY"])
def test_a_damaged_file_explains_itself(tmp_path, content):
    (tmp_path / "state.npz").write_bytes(content)
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "state.npz")


def test_a_pickle_is_not_loaded(tmp_path):
    np.savez(tmp_path / "state.npz", kinds=np.array([{"a": 1}], object))
    with pytest.raises(UsageError, match="cannot be read"):
        load(tmp_path / "state.npz")
