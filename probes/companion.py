"""What else may look at a training step beside the probes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol

import tensorflow as tf

from probes.measuring.due import Due


class Companion(Protocol):
    """Looks at the same steps as a monitor, inside the step, whether it is compiled or eager."""

    def watching(self, *, on: bool = False) -> AbstractContextManager[None]:
        """Entered with ``Monitor.capture``, around the forward pass.

        Args:
            on: the same step goes on after an update.
        """
        ...

    def end_step(self, step: tf.Tensor, due: Due) -> None:
        """The optimizer has changed the weights.

        Args:
            step: the step's number, an int64 scalar.
            due: whether any probe measures this step.
        """

    def wants(self, step: int) -> bool:
        """Whether this step is to be seen even if no probe measures it; asked on the host before the step."""
        ...

    def reset(self) -> None:
        """Another training begins."""


@contextmanager
def accompanied(
    companions: Sequence[Companion], around: AbstractContextManager[None] | None = None, *, on: bool = False
) -> Iterator[None]:
    """Let all of them watch inside the ``with`` block, and whatever else is ``around`` it."""
    with ExitStack() as stack:
        if around is not None:
            stack.enter_context(around)
        for companion in companions:
            stack.enter_context(companion.watching(on=on))
        yield
