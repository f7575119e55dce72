"""Where programs come from: a function in somebody's file, or an arm of a scenario."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path

import keras
import numpy as np

from diagnostics.training.contract import A, D, ScenarioLike
from diagnostics.training.remedies.program import Make, Program
from probes.errors import UsageError, unknown_name

PARTS = 3
"""A model, inputs and targets."""
WHERE = "FILE.py:FUNCTION"


def of_file(target: str) -> Make:
    """What a function makes, each time anew.

    Args:
        target: ``file.py:function``; it takes no arguments, and returns ``(model, x, y)`` or a `Program`.

    Raises:
        UsageError: no such file or function, or it returns something else.
    """
    file, _, name = target.rpartition(":")
    path = Path(file)
    if not file or not path.is_file():
        do = f"give {WHERE}, such as train.py:make"
        raise UsageError(what="there is no such file", where=WHERE, got=f"{target!r:.200}", do=do)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.absolute()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        got, do = f"{type(error).__name__}: {error!s:.200}", "mend the file, so that Python can import it"
        raise UsageError(what="the file cannot be imported", where=str(path), got=got, do=do) from error
    function = getattr(module, name, None)
    if not callable(function):
        known = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise unknown_name("function", name, known, where=f"{WHERE} {target}")
    return lambda seed: _checked(function(), target)


def of_arm(scenario: ScenarioLike[A, D], data: D, name: str) -> Make:
    """What a scenario trains in one of its arms.

    Args:
        scenario: the scenario.
        data: its data.
        name: the arm.

    Raises:
        UsageError: there is no such arm.
    """
    arms = {arm.name: arm for arm in scenario.arms()}
    if name not in arms:
        raise unknown_name("arm", name, arms, where="--arm")
    arm = arms[name]

    def make(seed: int) -> Program:
        drawn = scenario.prepare(arm, data.redrawn(seed))
        model = scenario.model(arm, drawn)
        model.compile(scenario.optimizer(arm), scenario.loss_of(arm), metrics=[*scenario.metrics_of(arm)])  # pyright: ignore
        validation = drawn.x_validation, drawn.y_validation
        epochs = scenario.epochs_of(arm)
        return Program(model, drawn.x_train, drawn.y_train, epochs, scenario.batch_size, validation)

    return make


def _checked(made: object, target: str) -> Program:
    """What a function has returned.

    Raises:
        UsageError: it is no program, or a model that is not compiled, or data that are no arrays of the same length.
    """
    do = "return (model, x, y) with a compiled Keras model and arrays, or a diagnostics.remedy.Program"
    if not isinstance(made, Program) and (not isinstance(made, tuple) or len(made) != PARTS):
        got = f"{type(made).__name__} {made!r:.80}"
        raise UsageError(what="the function does not return a program", where=target, got=got, do=do)
    program = made if isinstance(made, Program) else Program(*made)
    if not isinstance(program.model, keras.Model) or getattr(program.model, "optimizer", None) is None:
        got = f"{type(program.model).__name__}" + (" without compile" if isinstance(program.model, keras.Model) else "")
        raise UsageError(what="there is no compiled model to train", where=target, got=got, do=do)
    sizes = [np.shape(each) for each in (program.x, program.y)]
    if not all(sizes) or sizes[0][0] != sizes[1][0] or sizes[0][0] < PARTS:
        got = f"x of shape {sizes[0]}, y of shape {sizes[1]}"
        raise UsageError(what="inputs and targets do not belong together", where=target, got=got, do=do)
    return program
