"""Successive trainings of one model, joined."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from diagnostics import ProbeCallback, diagnose, join_fits, load_run
from probes.errors import UsageError

X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)


def net(name: str) -> keras.Sequential:
    layers = [keras.layers.Dense(4, "relu", name=f"{name}_1"), keras.layers.Dense(1, name=f"{name}_2")]
    return keras.Sequential([keras.Input((3,)), *layers], name=name)


def test_steps_and_epochs_go_on_and_each_fit_is_named(tmp_path):
    keras.utils.set_random_seed(1)
    model, callback = net("twice"), ProbeCallback(tmp_path / "run", verbose=0)
    for frozen, epochs in ((True, 2), (False, 1)):
        model.layers[0].trainable = not frozen
        model.compile("sgd", "mse")
        model.fit(X, X[:, :1], batch_size=8, epochs=epochs, verbose=0, callbacks=[callback])
    first, second = load_run(tmp_path / "run"), load_run(tmp_path / "run-2")
    both = join_fits(first, second)
    assert both.scalars["step"].tolist() == [*range(15)] and both.starts == (0, 10)
    assert both.scalars["epoch"].tolist() == [0] * 5 + [1] * 5 + [2] * 5
    assert both.scalars["fit"].tolist() == [1] * 10 + [2] * 5
    np.testing.assert_array_equal(both.scalars["loss"], [*first.scalars["loss"], *second.scalars["loss"]])
    later = both.layers[both.layers["fit"] == 2]
    assert set(later["step"]) == {step + 10 for step in second.layers["step"]}
    assert later["gradient_norm"].tolist() == second.layers["gradient_norm"].tolist()
    assert {finding.rule for finding in diagnose(both)} and len(both.layers) == len(first.layers) + len(second.layers)


def test_runs_of_other_models_are_refused(tmp_path):
    runs = []
    for name in ("one", "two"):
        model = net(name)
        model.compile("sgd", "mse")
        model.fit(X, X[:, :1], verbose=0, callbacks=[ProbeCallback(tmp_path / name, verbose=0)])
        runs.append(load_run(tmp_path / name))
    with pytest.raises(UsageError, match="no layer in common"):
        join_fits(*runs)
    with pytest.raises(UsageError, match="nothing to join"):
        join_fits()
