"""Measuring changes nothing: weights, optimizer, random generators and losses are bit-equal with and without probes.

TensorFlow's graph optimizer may fuse otherwise when another reader of a tensor joins in; it is off here, but for plain
stacks of dense layers, which stay bit-equal under TensorFlow's default options too.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from tests.kit.models import LABELS, MODELS
from tests.kit.steps import every_probe, make_step

STEPS = 50


@pytest.fixture
def graph_optimizer_off():
    # Set back by name: an empty dictionary of options would leave the entry as it is.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


def optimizer_for(name: str) -> Any:
    adam = keras.optimizers.Adam(0.01, clipnorm=1.0)
    # So large a scale that some steps overflow and are skipped, and so short a patience that it is raised again.
    scaled = keras.optimizers.LossScaleOptimizer(adam, initial_scale=2.0**20, dynamic_growth_steps=4)
    return scaled if "loss scaling" in name else adam


def loss(labels, outputs):
    logits = tf.cast(outputs, tf.float32)
    return keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def probability_loss(labels, outputs):
    return keras.losses.sparse_categorical_crossentropy(labels, outputs)


def train(name: str, watched: list[probes.Probe] | None, **options) -> dict[str, Any]:
    """The whole state after training, by name; with a monitor if there are probes."""
    keras.utils.set_random_seed(7)
    make, x = MODELS[name]
    model, optimizer = make(), optimizer_for(name)
    model(x)
    optimizer.build(model.trainable_variables)
    monitors = [] if watched is None else [probes.Monitor(model, watched, optimizer=optimizer)]
    step = make_step(
        model, monitors, loss=probability_loss if name == "softmax" else loss, optimizer=optimizer, **options
    )
    losses = [step(x, LABELS)[0] for _ in range(STEPS)]
    for monitor in monitors:
        assert len(monitor.read().layers)
    seeds = [seed for layer in model._flatten_layers() for seed in vars(layer).values()
             if isinstance(seed, keras.random.SeedGenerator)]  # fmt: skip
    left = {f"weight {number} {v.name}": v for number, v in enumerate(model.variables)}
    left |= {f"optimizer {number}": v for number, v in enumerate(optimizer.variables)}
    left |= {f"seed generator {number}": seed.state for number, seed in enumerate(seeds)}
    return {
        "losses": tf.stack(losses).numpy(),
        "next random number": tf.random.normal([]).numpy(),
        "next seed": keras.random.uniform([]).numpy(),
        **{key: value.numpy() for key, value in left.items()},
    }


def assert_identical(bare: dict[str, np.ndarray], watched: dict[str, np.ndarray]) -> None:
    assert list(bare) == list(watched)
    differing = [name for name in bare if bare[name].tobytes() != watched[name].tobytes()]
    assert not differing


@pytest.mark.parametrize("name", MODELS)
def test_training_is_the_same_bit_by_bit(name, graph_optimizer_off):
    bare = train(name, None)
    if "dropout" in name:
        assert any(key.startswith("seed generator") for key in bare)
    assert_identical(bare, train(name, every_probe()))


@pytest.mark.parametrize("watched", ["default", "default at every step", "all at every step", "windows"])
def test_a_stack_of_dense_layers_trains_the_same_under_default_options(watched, dense_bare):
    chosen = {
        "default": probes.default(),
        "default at every step": probes.default(every=1),
        "all at every step": every_probe(),
        "windows": every_probe(every=None, window=5),
    }
    assert_identical(dense_bare, train("mlp", chosen[watched]))


@pytest.fixture(scope="module")
def dense_bare():
    return train("mlp", None)


def test_eager_training_is_the_same(graph_optimizer_off):
    assert_identical(train("dropout", None, compiled=False), train("dropout", every_probe(), compiled=False))


def test_training_under_xla_is_the_same_to_rounding():
    bare, watched = (train("mlp", chosen, jit_compile=True) for chosen in (None, every_probe()))
    for name in bare:
        np.testing.assert_allclose(bare[name], watched[name], rtol=1e-3, atol=1e-4, err_msg=name)


def test_a_changed_training_would_be_noticed(graph_optimizer_off):
    bare, other = (train("dropout", None) for _ in range(2))
    assert_identical(bare, other)
    key = next(name for name in other if name.startswith("weight"))
    other[key] = np.nextafter(other[key], np.float32(np.inf))
    with pytest.raises(AssertionError):
        assert_identical(bare, other)
