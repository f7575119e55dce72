"""Reports every call of ``tf.GradientTape.gradient`` on this thread, while someone listens."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from probes.seams.listeners import Listeners, replaced
from probes.seams.private import module_with

_record: Any = module_with("tensorflow.python.eager.record", "could_possibly_record")

RECORDING = "_recording"
"""A tape's private flag: whether it records now."""


FRAMES, LIBRARIES = 8, ("tensorflow.", "keras.", "probes.")
"""How many callers are searched for the loss's name: AutoGraph puts a few of its own, in these packages, between."""


@dataclass(frozen=True)
class Differentiation:
    """One call of ``tape.gradient``.

    Attributes:
        target: what was differentiated, in any structure.
        sources: with respect to what, flat.
        gradients: what the call returned, flat; ``None`` where not connected.
        output_gradients: the weights of the target's entries; ``None`` for ones.
        name: of the variable that holds the target in the user's function; ``None`` if there is none.
        enclosed: whether another tape recorded the call, as in second-order methods. False if TensorFlow does not show it.
    """

    target: Any
    sources: list[Any]
    gradients: list[Any]
    output_gradients: Any
    enclosed: bool
    name: str | None = None

    def joined(self, other: Differentiation) -> Differentiation:
        """This call and another one of the same target as one."""
        both = self.sources + other.sources, self.gradients + other.gradients
        return Differentiation(self.target, *both, self.output_gradients, self.enclosed and other.enclosed, self.name)


def hearing_gradients(report: Callable[[Differentiation], None]) -> AbstractContextManager[None]:
    """Report every ``tape.gradient`` on this thread inside the ``with`` block, but none that another one calls in turn."""
    return _listeners.added(report)


def hearing_gradients_everywhere(
    of_thread: Callable[[], Callable[[Differentiation], None]],
) -> AbstractContextManager[None]:
    """The same on all threads; ``of_thread`` returns the listener of the thread that calls it."""
    return _listeners.everywhere(of_thread)


def unheard() -> AbstractContextManager[None]:
    """Inside the ``with`` block, report only to listeners added in it."""
    return _listeners.muted()


def _reporting(original: Any) -> Any:
    def gradient(
        tape: Any,
        target: Any,
        sources: Any,
        output_gradients: Any = None,
        unconnected_gradients: Any = tf.UnconnectedGradients.NONE,
    ) -> Any:
        listeners = _listeners.here()
        if not listeners:
            return original(tape, target, sources, output_gradients, unconnected_gradients)
        enclosed = _record is not None and _record.could_possibly_record() and not getattr(tape, RECORDING, False)
        name = _name_in_callers(target)
        # Recomputation (tf.recompute_grad) and custom gradients differentiate on their way back; those are no losses.
        with _listeners.muted():
            result = original(tape, target, sources, output_gradients, unconnected_gradients)
        flat = tf.nest.flatten(sources), tf.nest.flatten(result)
        for report in listeners:
            report(Differentiation(target, *flat, output_gradients, bool(enclosed), name))
        return result

    return gradient


def _name_in_callers(value: Any) -> str | None:
    frame = inspect.currentframe()
    for _ in range(FRAMES):
        frame = frame and frame.f_back
        if frame is None:
            return None
        if not str(frame.f_globals.get("__name__")).startswith(LIBRARIES):
            held = (name for name, local in frame.f_locals.items() if local is value)
            if name := next(held, None):
                return name
    return None


_listeners = Listeners[Callable[[Differentiation], None]](lambda: replaced(tf.GradientTape, "gradient", _reporting))
