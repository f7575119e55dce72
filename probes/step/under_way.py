"""The step that is under way on each thread, from its forward pass to its update."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from probes.checks import check_capture_is_over, check_gradients
from probes.seams.gradients import hearing_gradients
from probes.seams.layer_calls import listening
from probes.seams.operations import seeing
from probes.seams.updates import hearing_updates
from probes.snapshot.gradient_parts import Gradient
from probes.snapshot.weights import Variable
from probes.step.step import Step


class UnderWay(threading.local):
    """At most one step on each thread: the replicas of a ``MirroredStrategy`` run theirs on a thread each."""

    step: Step | None = None
    is_open = False

    def __init__(self) -> None:
        self._hearing = ExitStack()

    @contextmanager
    def forward(self, step: Step) -> Iterator[None]:
        """Around the forward pass: report to the step what runs inside the block."""
        # Tapes are heard until the update, because the loss is differentiated after the forward pass.
        self._hearing.enter_context(hearing_gradients(step.differentiated))
        self.is_open = True
        try:
            with listening(step.flow), listening(step.capture), seeing(step.capture.rectify), hearing_updates(step):
                yield
        except BaseException:
            self.drop()
            raise
        finally:
            self.is_open = False
        step.end_forward()
        self.step = step

    @contextmanager
    def watching_on(self) -> Iterator[None]:
        """After ``forward``, watch layers that run in the ``with`` block, too: for a step of several updates."""
        assert self.step is not None
        with listening(self.step.flow), listening(self.step.capture), seeing(self.step.capture.rectify):
            yield

    def drop(self) -> None:
        """Forget the step: it will have no update."""
        self.step = None
        self._hearing.close()

    def taken(self, gradients: Sequence[Gradient], variables: Sequence[Variable]) -> Step:
        """The step, which has come to its end.

        Raises:
            UsageError: there is none, or gradients that do not fit the variables.
        """
        check_capture_is_over(self.is_open, "Monitor.update(gradients)")
        step = self.step
        self.drop()
        return check_gradients(step, gradients, variables)
