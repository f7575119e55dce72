"""Observes a training step written by the user: finds its one or several updates by itself."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import keras

from probes.capture.capture import Call
from probes.capture.layers import LayerEntry
from probes.errors import UsageError
from probes.monitor import Monitor
from probes.seams.graph import current_graph, key_of
from probes.seams.updates import hearing_updates
from probes.snapshot.gradient_parts import Gradient
from probes.snapshot.weights import Variable
from probes.step.step import Step

NO_UPDATE = "no Keras optimizer changed a weight of the model in the training step"
ELSEWHERE = "an optimizer ran inside a branch or loop of the training step, whose tensors do not reach the step"


@contextmanager
def observing(monitor: Monitor, give_up: Callable[[str], None]) -> Iterator[None]:
    """Measure the training step that runs, or is traced, inside the ``with`` block.

    The weights before the update are those before the first call of an optimizer. Each layer is measured on the calls between
    the preceding update and its own, with the gradients that its own update was given: a discriminator with those of its own
    loss, not with those that the generator's loss sends through it afterwards.

    Args:
        monitor: measures the layers and weights of its own model only.
        give_up: called with the reason when nothing can be measured; training continues.

    Raises:
        UsageError: what ``Monitor.update`` refuses, at the first step.
    """
    with ExitStack() as forward, ExitStack() as after:
        step = forward.enter_context(monitor.capturing())
        updates = _Updates(monitor, step, forward, after)
        with hearing_updates(updates):
            yield
    updates.end(give_up)


class _Updates:
    """The updates of one step, and the gradients that they were given."""

    def __init__(self, monitor: Monitor, step: Step, forward: ExitStack, after: ExitStack) -> None:
        self._monitor, self._step = monitor, step
        self._forward, self._after = forward, after
        self._gradients: dict[int, Gradient] = {}
        self._segment_of: dict[int, int] = {}
        self._ends: list[int] = []
        self._elsewhere = False
        self._trained: set[int] = set()

    def before_update(self, optimizer: keras.optimizers.Optimizer) -> None:
        """End the forward pass at the first update; at later ones, end what ran since the last."""
        (self._after if self._ends else self._forward).close()
        # Weights are built by now, also those of layers that were made in the forward pass.
        self._trained = {key_of(variable) for variable in self._step.variables}

    def after_update(
        self, optimizer: keras.optimizers.Optimizer, gradients: Sequence[Gradient], variables: Sequence[Variable]
    ) -> None:
        """Keep the gradients of the model's own variables, and go on watching."""
        by_key = dict(zip(map(key_of, variables), gradients, strict=True))
        own = {key: gradient for key, gradient in by_key.items() if key in self._trained}
        self._elsewhere |= bool(own) and current_graph() is not self._step.capture.graph
        self._gradients |= own
        self._segment_of |= dict.fromkeys(own, len(self._ends))
        self._ends.append(len(self._step.capture.calls))
        self._after.enter_context(self._monitor.watching_on())

    def end(self, give_up: Callable[[str], None]) -> None:
        """Measure the step, if there was an update."""
        if self._elsewhere or not self._gradients:
            give_up(ELSEWHERE if self._elsewhere else NO_UPDATE)
            return
        owners = _owners(self._step.entries(), self._segment_of)
        self._step.capture.calls = _own_calls(self._step.capture.calls, self._ends, owners)
        try:
            gradients = [self._gradients.get(key_of(variable)) for variable in self._step.variables]
            self._monitor.record(gradients, self._segment_of)
        except UsageError as error:
            if not self._monitor.has_measured:  # misuse is raised at the start; later on, training must go on
                raise
            give_up(str(error))
        except Exception as error:
            give_up(f"a fault of the probes: {type(error).__name__}: {error}")


def _owners(entries: Iterable[LayerEntry], segment_of: dict[int, int]) -> dict[str, int]:
    """For each path that holds weights, itself or below, the last update that changed one of them."""
    owners: dict[str, int] = {}
    for entry in entries:
        updates = [segment_of[key_of(variable)] for variable in entry.variables if key_of(variable) in segment_of]
        for path in _upwards(entry.path) if updates else ():
            owners[path] = max(owners.get(path, 0), *updates)
    return owners


def _own_calls(calls: Sequence[Call], ends: Sequence[int], owners: dict[str, int]) -> list[Call]:
    """Each layer's calls of one segment: the last before its own update, or before that of the model around it."""
    segments = [bisect.bisect_right(ends, place) for place in range(len(calls))]
    latest: dict[str, int] = {}
    for call, segment in zip(calls, segments, strict=True):
        owner = next((owners[path] for path in _upwards(call.path) if path in owners), len(ends) - 1)
        if segment <= owner:
            latest[call.path] = segment  # segments come in order
    return [call for call, segment in zip(calls, segments, strict=True) if latest.get(call.path) == segment]


def _upwards(path: str) -> list[str]:
    """The path, the paths around it, and the model's own, which is empty."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(len(parts), -1, -1)]
