"""What a script did that looked like training and was not measured, and why."""

from __future__ import annotations

import multiprocessing.process
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from probes.seams.graph import key_of
from probes.seams.listeners import replaced

OTHER_FUNCTION = "{}: the forward pass and the optimizer's update run in different functions"
NO_MODEL = (
    "{} updated weights ({}) that belong to no Keras model called inside a tape on the same thread; call the model as a "
    "whole inside the tape to have it measured"
)
NO_UPDATE = (
    "a tape differentiated with respect to weights ({}) that no Keras optimizer then updated; steps that assign weights "
    "themselves, or leave it to another library, cannot be followed"
)
NAMED = 3
"""Names of weights in a reason: enough to recognize the model."""


class Unseen:
    """Collects reasons.

    Attributes:
        reasons: each with the number of times that it occurred; a compiled function counts once, when it is traced.
        processes: other processes that the script started, which are not watched.
    """

    def __init__(self) -> None:
        self.reasons: dict[str, int] = {}
        self.processes = 0
        self._explained: set[int] = set()
        self._waiting: dict[int, Any] = {}

    def add(self, reason: str) -> None:
        """Note that a training, or one step of it, was not measured."""
        self.reasons[reason] = self.reasons.get(reason, 0) + 1

    def differentiated(self, sources: Iterable[Any]) -> None:
        """A tape has computed gradients, which wait for an update if they are those of weights."""
        self._waiting |= {key_of(each): each for each in sources if isinstance(each, keras.Variable | tf.Variable)}

    def in_other_function(self, model: keras.Model) -> None:
        """A model's forward pass was captured in another function than its update."""
        self._explained.update(map(key_of, model.trainable_variables))
        self.add(OTHER_FUNCTION.format(model.name))

    def updated(self, optimizer: keras.optimizers.Optimizer, variables: Sequence[Any], owned: Collection[int]) -> None:
        """An optimizer has updated variables, of which those ``owned`` belong to a model that was captured."""
        for variable in variables:
            self._waiting.pop(key_of(variable), None)
        lost = [each for each in variables if key_of(each) not in {*owned, *self._explained}]
        if lost and not owned:
            self.add(NO_MODEL.format(type(optimizer).__name__, _names(lost)))

    def all_reasons(self) -> dict[str, int]:
        """The reasons, with the gradients that no update has used by now."""
        left = [variable for key, variable in self._waiting.items() if key not in self._explained]
        return self.reasons | ({NO_UPDATE.format(_names(left)): 1} if left else {})

    @contextmanager
    def counting_processes(self) -> Iterator[None]:
        """Count the processes that Python's ``multiprocessing`` starts inside the ``with`` block."""

        def counted(original: Callable[..., object]) -> Callable[..., object]:
            def start(process: object) -> object:
                self.processes += 1
                return original(process)

            return start

        with replaced(multiprocessing.process.BaseProcess, "start", counted):
            yield


def _names(variables: Sequence[Any]) -> str:
    names = [getattr(variable, "path", variable.name) for variable in variables[:NAMED]]
    return ", ".join([*names, *(["..."] if len(variables) > NAMED else [])])
