"""A training to be: what changes take and return."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import keras
import numpy as np

from diagnostics.training.remedies.rebuilding import NotTriedError
from diagnostics.training.remedies.task import Task


@dataclass(frozen=True)
class Training:
    """A training to be.

    Args:
        model: compiled.
        x: inputs, ``[examples, ...]``.
        y: targets.
        held_x: inputs to judge the model by.
        held_y: their targets.
        task: what is predicted.
        epochs: the budget.
        batch_size: examples per step.
        options: further arguments of ``fit``.
    """

    model: keras.Model
    x: np.ndarray
    y: np.ndarray
    held_x: np.ndarray
    held_y: np.ndarray
    task: Task
    epochs: int
    batch_size: int
    options: Mapping[str, Any] = field(default_factory=dict)

    def with_options(self, **more: Any) -> Training:
        """The same with further arguments of ``fit``."""
        return replace(self, options={**self.options, **more})

    def with_targets(self, change: Callable[[np.ndarray], np.ndarray]) -> Training:
        """The same with all targets mapped."""
        return replace(self, y=change(self.y), held_y=change(self.held_y))


Settings = Mapping[str, Any]
Change = Callable[[Training, Settings], Training]


def only_if(condition: object, why_not: str) -> None:
    """Go on where a change can be made.

    Raises:
        NotTriedError: it cannot.
    """
    if not condition:
        raise NotTriedError(why_not)
