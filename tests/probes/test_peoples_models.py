"""Common models: training is bit-equal, every layer is accounted for, and values are plausible."""

from __future__ import annotations

import contextlib
import functools
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import probes
from probes.capture.capture import MEASURED
from tests.kit.peoples_models import CASES, Case
from tests.kit.steps import rows, statuses
from tests.kit.training import graph_optimizer, paths

STEPS = 3


def train(case: Case, watch: bool) -> tuple[keras.Model, probes.Monitor | None, list[float]]:
    """A loop as in Keras' guide, with the losses that layers add."""
    keras.utils.set_random_seed(7)
    model, optimizer = case.make(), keras.optimizers.Adam(0.01)
    model(case.x)
    optimizer.build(model.trainable_variables)
    monitor = probes.Monitor(model, probes.default(every=1), optimizer=optimizer) if watch else None

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape, monitor.capture() if monitor else contextlib.nullcontext():
            loss = tf.add_n([case.loss(y, model(x, training=True)), *model.losses])
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        if monitor:
            monitor.update(gradients)
        return loss

    return model, monitor, [float(step(case.x, case.y)) for _ in range(STEPS)]


@functools.cache
def watched(name: str) -> tuple[keras.Model, probes.Monitor, list[float], pd.DataFrame]:
    with graph_optimizer(on=False):
        model, monitor, losses = train(CASES[name], watch=True)
    assert monitor is not None
    return model, monitor, losses, monitor.read().layers


def last(name: str) -> pd.DataFrame:
    return rows(probes.Reading(watched(name)[3]), STEPS - 1)


def holding(model: Any) -> set[str]:
    """Layers with trained weights of their own."""
    return {path for path, layer in paths(model) if any(v.trainable for v in layer._trainable_variables)}


@pytest.mark.parametrize("name", CASES)
def test_probes_change_no_bit(name):
    with graph_optimizer(on=False):
        bare, _, losses = train(CASES[name], watch=False)
    model, _, watched_losses, _ = watched(name)
    assert watched_losses == losses and losses[-1] < losses[0]
    for one, other in zip(model.variables, bare.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)


@pytest.mark.parametrize("name", CASES)
def test_every_layer_is_measured_or_says_why_not(name):
    model, monitor, _, _ = watched(name)
    said = statuses(monitor)
    assert set(said) >= {path for path, _ in paths(model) if path}
    assert {path: status for path, status in said.items() if status != MEASURED} == dict(CASES[name].unseen)


@pytest.mark.parametrize("name", CASES)
def test_numbers_make_sense(name):
    model, monitor, _, _ = watched(name)
    seen = last(name)
    measured = [path for path, status in statuses(monitor).items() if status == MEASURED]
    assert (seen.loc[measured, "activation_std"] > 0).all() and (
        seen.loc[measured, "activation_gradient_rms"] > 0
    ).all()
    assert seen["zero_fraction"].dropna().between(0, 1).all()
    own = seen[seen["gradient_norm"].notna()]
    assert set(own.index) == holding(model) and not set(own.index) & set(CASES[name].frozen)
    assert own["gradient_norm"].gt(0).all() and own["update_ratio"].between(1e-4, 0.6).all()


def test_the_shared_encoder_is_one_row_over_both_inputs():
    keras.utils.set_random_seed(7)
    case = CASES["siamese network"]
    wide = case.make().get_layer("encoder").get_layer("wide")
    outputs = np.concatenate([wide(x) for x in case.x])
    first = watched("siamese network")[3].query("step == 0 and layer == 'encoder/wide'")
    assert first["activation_mean"].tolist() == pytest.approx([outputs.mean()], rel=1e-5)


def test_frozen_features_pass_gradient_on_and_have_none_of_their_own():
    seen = last("frozen features, new head")
    frozen = list(CASES["frozen features, new head"].frozen)
    assert seen.loc[frozen, ["gradient_norm", "weight_norm", "update_ratio"]].isna().all(axis=None)
    assert seen.loc[frozen, "activation_gradient_rms"].gt(0).all()


def test_the_divergence_that_a_layer_adds_is_part_of_the_loss():
    case = CASES["variational autoencoder"]
    keras.utils.set_random_seed(7)
    model = case.make()
    model(case.x)
    variables = model.get_layer("mean").trainable_variables
    with tf.GradientTape(persistent=True) as tape:
        error = case.loss(case.y, model(case.x, training=True))
        whole = error + tf.add_n(model.losses)
    alone, together = (float(tf.linalg.global_norm(tape.gradient(loss, variables))) for loss in (error, whole))
    seen = rows(probes.Reading(watched("variational autoencoder")[3])).loc["mean"]
    assert seen.gradient_norm == pytest.approx(together, rel=1e-5) and abs(alone - together) > 0.01
