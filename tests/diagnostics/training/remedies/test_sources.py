"""An arm of a scenario is a program as good as a function's."""

from __future__ import annotations

import numpy as np
import pytest

from diagnostics.training.remedies.program import Program
from diagnostics.training.remedies.sources import of_arm
from diagnostics.training.remedies.task import task_of
from scenarios.activation_sparsity import ActivationSparsity
from scenarios.data import load


@pytest.fixture(scope="module")
def program() -> Program:
    scenario = ActivationSparsity()
    return of_arm(scenario, load(scenario.data), scenario.arms()[0].name)(0)  # pyright: ignore[reportArgumentType]


def test_an_arm_is_compiled_and_has_data_of_its_own(program):
    x, y = np.asarray(program.x), np.asarray(program.y)
    assert len(x) == len(y) and program.validation is not None
    assert (program.epochs, program.batch_size) == (ActivationSparsity().epochs, ActivationSparsity().batch_size)
    assert task_of(program.model, y) == "classes"


def test_an_arm_can_be_trained_by_fit(program):
    loss = program.model.train_on_batch(program.x[:8], program.y[:8])
    assert np.isfinite(np.ravel(loss)[0])
