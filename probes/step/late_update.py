"""Finds an optimizer's update that comes after the step was measured, so that the record misses it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

import keras

from probes.errors import UsageError
from probes.seams.graph import current_graph, key_of
from probes.seams.updates import hearing_updates
from probes.step.step import Step


class LateUpdates:
    """Listens to optimizers from ``watch`` to ``end``, after a step that was measured before any weight had changed.

    Such a step is in order where weights are not to change: gradients are accumulated, or only looked at.
    """

    def __init__(self) -> None:
        self._listening = ExitStack()
        self._step: Step | None = None

    def watch(self, step: Step) -> None:
        """Refuse an update of this step's variables from now on."""
        self._step = step
        self._listening.enter_context(hearing_updates(self))

    def end(self) -> None:
        """Stop listening: what comes now is not part of the step any more."""
        self._listening.close()
        self._step = None

    def before_update(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Wait for ``after_update``, which says what was changed."""

    def after_update(
        self, optimizer: keras.optimizers.Optimizer, gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        """Refuse an update of the model in the function that was measured; warn of one in another function.

        Raises:
            UsageError: ``update`` was called before ``optimizer.apply``.
        """
        step = self._step
        if step is None or not {*map(key_of, variables)} & {*map(key_of, step.variables)}:
            return
        self.end()
        error = UsageError(
            what="the step was measured before its update, which the record misses",
            where="Monitor.update(gradients)",
            got="monitor.update(gradients), then optimizer.apply(gradients, ...)",
            do="call monitor.update(gradients) after optimizer.apply(gradients, ...), in the same function",
        )
        if step.capture.graph is current_graph():
            raise error
        # Possibly another training of the same model, which must not stop.
        warnings.warn(str(error), stacklevel=4)
