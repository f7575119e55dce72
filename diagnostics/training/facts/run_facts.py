"""Collects what a run records besides statistics, and hands out what has become known since the last time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf

from diagnostics.runs.facts import Training
from diagnostics.runs.typed import to_record
from diagnostics.training.facts.layers import architecture
from probes.capture.layers import LayerEntry, LayerNames
from probes.monitor import Monitor
from probes.seams.connections import Graph, functional_graph
from probes.seams.layer_calls import listening
from probes.seams.seen import SeenGraph


class RunFacts:
    """What ``run.json`` says about a training besides its statistics.

    Nothing here raises: settings may hold any code of the user's, and a record must not stop a training. What cannot be read
    is missing from the record, and a warning says so.

    Args:
        model: the model that is trained.
        monitor: what measures it, before its first step; ``None`` if nothing does.
    """

    def __init__(self, model: Any, monitor: Monitor | None) -> None:
        self._model, self._monitor = model, monitor
        self._connections = _Connections(model)
        self._entries: Sequence[LayerEntry] | None = None
        self._told: dict[str, Any] = {}
        if monitor is not None:
            monitor.attach(self._connections)

    def begin(self, training: Callable[[], Training], entries: Sequence[LayerEntry] | None = None) -> dict[str, Any]:
        """What is known before the first step.

        Args:
            training: reads the settings.
            entries: the layers whose settings count, where a model of the same structure stands in for another; they have
                the paths of the model that is trained.

        Returns:
            The entries of ``run.json``.
        """
        self._entries = entries
        self._told = {}
        return self._read({"training": training, "architecture": self._architecture})

    def news(self) -> dict[str, Any]:
        """The entries of ``run.json`` that have changed since the last call: connections are seen in the first step."""
        return self._read({"architecture": self._architecture}) if self._connections.has_news() else {}

    def _read(self, readers: dict[str, Callable[[], Any]]) -> dict[str, Any]:
        known: dict[str, Any] = {}
        for name, read in readers.items():
            try:
                known[name] = to_record(read())
            except Exception as error:
                warnings.warn(f"{name} is not recorded: {type(error).__name__}: {error}", stacklevel=3)
        new = {name: value for name, value in known.items() if self._told.get(name) != value}
        self._told |= new
        return new

    def _architecture(self) -> Any:
        own = self._monitor.entries if self._monitor else LayerNames(self._model).entries()
        others = self._entries if self._entries is not None and len(self._entries) == len(own) else own
        settings = {id(mine.layer): other.layer for mine, other in zip(own, others, strict=True)}
        return architecture(own, self._model, self._connections.graph(), settings)


class _Connections:
    """The companion that sees how layers are connected, where Keras keeps no symbolic tensors."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._seen = SeenGraph(model)
        self._told = False

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Listen to the layers of one forward pass, until one was seen whole."""
        if self._seen.is_complete:
            yield
        else:
            with listening(self._seen):
                yield

    def end_step(self, step: tf.Tensor) -> None:
        """Nothing is measured."""

    def reset(self) -> None:
        """The next training has the same layers."""
        self._told = False

    def has_news(self) -> bool:
        """Whether connections have become known since the last call."""
        told, self._told = self._told, self._seen.is_complete
        return self._seen.is_complete and not told

    def graph(self) -> Graph:
        """What Keras keeps, and for other layers what was seen."""
        kept, seen = functional_graph(self._model), self._seen.graph
        return Graph(seen.layers | kept.layers, kept.ends or seen.ends)
