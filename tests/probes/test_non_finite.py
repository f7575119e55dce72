"""NonFinite on whole models: where values stop being finite, and where there is nothing to count."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from probes.measuring.tasks import tasks
from probes.primitives import LARGE
from probes.snapshot.snapshot import RowSnapshots, Snapshot
from tests.kit.steps import rows, watch


def counted(model: keras.Model, x: tf.Tensor, **options):
    return rows(watch(model, x, watched=[probes.NonFinite(every=1)], **options).read())


@pytest.mark.parametrize("compiled", [True, False])
def test_a_bad_example_spreads_from_the_input_to_every_gradient(compiled):
    layers = [keras.layers.Dense(4, name="a"), keras.layers.ReLU(name="b"), keras.layers.Dense(2, name="c")]
    x = np.ones((3, 5), np.float32)
    x[1, 2] = np.nan
    seen = counted(keras.Sequential([keras.Input((5,)), *layers]), tf.constant(x), compiled=compiled)
    assert list(seen["activation_nonfinite"]) == [4, 4, 2]
    assert seen.loc["c", "gradient_nonfinite"] == 4 * 2 + 2
    assert np.isnan(seen.loc["b", "gradient_nonfinite"]), "a layer without variables has no gradient to count"


def test_a_layer_called_twice_counts_both_calls_and_its_gradient_once():
    shared = keras.layers.Dense(3, name="shared")
    x = keras.Input((3,))
    model = keras.Model(x, shared(shared(x)))
    seen = counted(model, tf.constant([[np.inf, 0.0, 1.0]], tf.float32)).loc["shared"]
    assert seen["activation_nonfinite"] == 3 + 3
    assert seen["gradient_nonfinite"] == 3 * 3 + 3


def test_what_overflows_in_half_precision_is_counted():
    big = keras.layers.Dense(2, name="big", kernel_initializer="ones", dtype="float16")
    model = keras.Sequential([keras.Input((4,)), big])
    assert counted(model, tf.fill([3, 4], 1.0)).loc["big", "activation_nonfinite"] == 0
    assert counted(model, tf.fill([3, 4], 60_000.0)).loc["big", "activation_nonfinite"] == 6


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize(
    ("entries", "expected"),
    [([], 0), ([np.nan], 1), ([np.inf, -np.inf], 2), ([3e38, -3e38], 0)],
    ids=["finite", "NaN", "Inf", "squares that overflow"],
)
def test_large_tensors_are_counted_exactly(compiled, entries, expected):
    x = np.zeros((2, LARGE), np.float32)
    x[1, : len(entries)] = entries
    model = keras.Sequential([keras.Input((LARGE,)), keras.layers.Activation("linear", name="same")])
    assert counted(model, tf.constant(x), compiled=compiled).loc["same", "activation_nonfinite"] == expected


def test_outputs_are_counted_with_the_forward_pass_and_not_kept_until_there_are_gradients():
    probe = probes.NonFinite()
    snapshot = Snapshot(
        "Dense", tf.constant(2.0), activation=tf.zeros([2, 3]), gradients=(tf.zeros([4, 3]), tf.zeros([3]))
    )
    forward, backward = tasks((probe,), [RowSnapshots("a", (snapshot,))])
    assert [tuple(t.shape) for t in forward.tensors if t.shape.rank] == [(2, 3)]
    assert [tuple(t.shape) for t in backward.tensors if t.shape.rank] == [(4, 3), (3,)]
    assert (forward.measurement.forward, backward.measurement.forward) == (True, False)
