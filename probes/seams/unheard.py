"""Keeps what a thread does from everyone who listens for training steps."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from probes.seams import gradients, tapes, updates


@contextmanager
def steps_unheard() -> Iterator[None]:
    """Inside the ``with`` block, report tapes, gradients and updates on this thread only to listeners added in it."""
    with tapes.unheard(), gradients.unheard(), updates.unheard():
        yield
