"""Settings of any object: encoded, or written as text; nothing that they hold stops a training."""

from __future__ import annotations

import functools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from diagnostics.runs.facts import Component
from diagnostics.training.facts.encoding import LONGEST, component, encoded, shortest, text_of


class Hostile:
    """Raises wherever it is asked something."""

    def get_config(self):
        raise RuntimeError("no")

    def __repr__(self):
        raise RuntimeError("no")


class Circular:
    def get_config(self):
        return {"inner": self, "rate": 0.5}


CIRCLE: list = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (np.float32(0.1), 0.1),
        (np.int64(3), 3),
        ((1, "a"), [1, "a"]),
        ({1: {"b": 2.5}}, {"1": {"b": 2.5}}),
        (np.array([1.0, 2.0]), [1.0, 2.0]),
        (np.zeros((300, 2), np.float32), "float32[300, 2]"),
        (tf.constant([1, 2]), [1, 2]),
        (lambda x: x, "<lambda>"),
        (keras.activations.relu, "relu"),
        (functools.partial(keras.activations.relu, max_value=6), {"class": "relu", "settings": {"max_value": 6}}),
        (keras.initializers.Constant(0.5), {"class": "Constant", "settings": {"value": 0.5}}),
        (keras.Variable([0.5]), [0.5]),
        ("x" * 1000, "x" * LONGEST),
        (Hostile(), {"class": "Hostile", "settings": {}}),
        (object(), "<object object>"),
    ],
)
def test_a_setting_is_encoded(value, expected):
    assert encoded(value) == expected


@pytest.mark.parametrize("value", [CIRCLE, Circular(), {"a": Circular()}, [Hostile(), {1, "a"}], float("nan")])
def test_anything_ends_and_is_json(value):
    assert len(json.dumps(encoded(value))) < 20_000


def test_an_object_is_its_class_and_settings():
    assert component(keras.regularizers.L2(0.25)) == Component("L2", {"l2": 0.25})
    assert component("he_normal") == Component("he_normal")
    assert component(Circular()).settings["rate"] == 0.5


def test_addresses_in_memory_are_left_out():
    assert text_of(Circular()) == text_of(Circular())


@pytest.mark.parametrize(
    ("value", "expected"), [(float(np.float32(0.001)), 0.001), (0.1, 0.1), (1e300, 1e300), (2.0, 2.0)]
)
def test_a_float32_is_written_short(value, expected):
    assert shortest(value) == expected
