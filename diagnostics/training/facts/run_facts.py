"""Collects what a run records besides statistics, and hands out what has become known since the last time."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import keras
import tensorflow as tf

from diagnostics.runs.data_facts import Data
from diagnostics.runs.facts import Layer, Loss, Optimizer, Training
from diagnostics.runs.typed import to_record
from diagnostics.training.facts.data.alike import alike_weights
from diagnostics.training.facts.data.log import DataLog
from diagnostics.training.facts.data.watch import DataWatch
from diagnostics.training.facts.guarded import Guarded
from diagnostics.training.facts.layers import architecture
from diagnostics.training.facts.losses import loss_facts
from diagnostics.training.facts.optimizers import optimizer_facts
from probes.capture.layers import LayerEntry, LayerNames
from probes.measuring.due import Due
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

    def __init__(self, model: keras.Model, monitor: Monitor | None) -> None:
        self._model, self._monitor = model, monitor
        self._connections, self._watch = _Connections(model), DataWatch(model)
        self._log = DataLog(self._watch)
        self._entries: Sequence[LayerEntry] | None = None
        self._training = Training()
        self._whole_loss = False
        self._optimizers: dict[str, Optimizer] | None = None
        self._alike: dict[str, float] = {}
        self._told: dict[str, Any] = {}
        if monitor is not None:
            monitor.attach(Guarded(self._connections, "connections of layers"))
            monitor.attach(Guarded(self._watch, "inputs, targets and outputs"))

    def begin(
        self,
        training: Callable[[], Training],
        entries: Sequence[LayerEntry] | None = None,
        *,
        whole_loss: bool = True,
    ) -> dict[str, Any]:
        """What is known before the first step.

        Args:
            training: reads the settings.
            entries: the layers whose settings count, where a model of the same structure stands in for another; they have
                the paths of the model that is trained.
            whole_loss: whether the loss of the settings is all that is minimised, but for penalties that layers add.

        Returns:
            The entries of ``run.json``.
        """
        self._entries, self._whole_loss = entries, whole_loss
        self._told, self._alike, self._training, self._optimizers = {}, {}, Training(), None
        self._log.begin(None)

        def settings() -> Training:
            self._training = training()
            self._log.begin(self._training.steps_per_epoch)
            return self._training

        return self._read({"training": settings, "architecture": self._architecture, "data": self._first_data})

    def news(self, epochs: Mapping[int, int]) -> dict[str, Any]:
        """The entries of ``run.json`` that have changed since the last call.

        Args:
            epochs: the first step of each epoch so far.
        """
        readers: dict[str, Callable[[], Any]] = {"training": self._with_heard}
        if self._connections.has_news():
            readers["architecture"] = self._architecture
        if self._log.collect(epochs):
            readers["data"] = lambda: self._log.data(epochs, self._loss(), self._alike)
        return self._read(readers)

    def trained_by(self, optimizers: Mapping[str, Any]) -> None:
        """Learn from a step which optimizers it uses; a ``train_step`` need not use the one given to ``compile``.

        Args:
            optimizers: each by the part of the model that it trains; a single one without a name.
        """
        if self._optimizers is None and optimizers:
            with tf.init_scope():  # a rate has no value in a graph
                self._optimizers = {part: optimizer_facts(each) for part, each in optimizers.items()}

    def _with_heard(self) -> Training:
        """The settings, with the loss and the optimizers that the step was seen to use."""
        found, heard = self._with_heard_loss(), self._optimizers or {}
        single = heard.get("")
        if single is not None and found.optimizer is not None and single.class_name == found.optimizer.class_name:
            return found  # what was read before the first step tells the rate at which training began
        return replace(found, optimizer=single, optimizers={} if single else heard) if heard else found

    def _with_heard_loss(self) -> Training:
        """The settings, with the loss that a hand-written step was seen to call."""
        if self._training.loss is None and len(self._watch.losses) == 1:
            self._training = replace(self._training, loss=loss_facts(self._watch.losses[0][0]))
        return self._training

    def _first_data(self) -> Data:
        """Before the first step, only the weights can be looked at."""
        self._alike = alike_weights(self._monitor.entries if self._monitor else LayerNames(self._model).entries())
        return Data(alike_weights=self._alike)

    def _loss(self) -> Loss | None:
        return self._training.loss if self._whole_loss else None

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

    def _architecture(self) -> Sequence[Layer]:
        own = self._monitor.entries if self._monitor else LayerNames(self._model).entries()
        others = self._entries if self._entries is not None and len(self._entries) == len(own) else own
        settings = {id(mine.layer): other.layer for mine, other in zip(own, others, strict=True)}
        return architecture(own, self._model, self._connections.graph(), settings)


class _Connections:
    """The companion that sees how layers are connected, where Keras keeps no symbolic tensors."""

    def __init__(self, model: keras.Model) -> None:
        self._model = model
        self._seen = SeenGraph(model)
        self._told = False

    @contextmanager
    def watching(self, *, on: bool = False) -> Iterator[None]:
        """Listen to the layers of one forward pass, until one was seen whole."""
        if on or self._seen.is_complete:
            yield
            return
        seen = SeenGraph(self._model)  # one for each of several replicas, which take turns on threads of their own
        with listening(seen):
            yield
        self._seen = seen if seen.is_complete else self._seen

    def end_step(self, step: tf.Tensor, due: Due) -> None:
        """Nothing is measured."""

    def wants(self, step: int) -> bool:
        """No step beyond the measured ones."""
        return False

    def reset(self) -> None:
        """The next training has the same layers; what is known of them is told before its first step."""
        self._told = self._seen.is_complete

    def has_news(self) -> bool:
        """Whether connections have become known since the last call."""
        told, self._told = self._told, self._seen.is_complete
        return self._seen.is_complete and not told

    def graph(self) -> Graph:
        """What Keras keeps, and for other layers what was seen."""
        kept, seen = functional_graph(self._model), self._seen.graph
        return Graph(seen.layers | kept.layers, kept.ends or seen.ends)
