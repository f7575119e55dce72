"""Measures a training step from within: ``capture`` around the forward pass, ``update`` after the optimizer."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import keras
import tensorflow as tf

from probes.capture.layers import LayerEntry
from probes.capture.modules import Watchable, names_of
from probes.checks import (
    check_backward,
    check_capture_is_over,
    check_model,
    check_parts,
    check_patterns,
    check_place,
    check_probes,
    check_update_is_seen,
    check_was_updated,
)
from probes.companion import Companion, accompanied
from probes.defaults import default
from probes.layer_table import LayerTable
from probes.measuring import replicas
from probes.measuring.due import Due
from probes.measuring.ledger import Ledger
from probes.measuring.losses import Losses
from probes.measuring.step_count import StepCount
from probes.probe import Probe
from probes.reading import Reading, join, join_events, tabulate, warn_of_lost
from probes.snapshot.gradient_parts import Gradient, Gradients, Parts
from probes.step.changed import NO_UPDATES, Updates, changed
from probes.step.late_update import LateUpdates
from probes.step.reference import check_references
from probes.step.step import Step
from probes.step.under_way import UnderWay
from probes.two_functions import decorated


class Monitor:
    """Reads statistics of every layer from inside a training step, compiled or eager, without changing it.

    ::

        with tf.GradientTape() as tape, monitor.capture():
            loss = loss_fn(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        monitor.update(gradients)

    Args:
        model: a Keras model of any kind, built or not. Also a ``tf.Module`` or a list of variables, for the statistics of
            gradients, weights and updates only.
        probes: what to measure; ``probes.default()`` when not given.
        optimizer: needed only when it scales the loss (mixed precision), so that gradients are reported unscaled.
        capacity: readings kept on the device until ``read`` is called; by default as many as fit into a few megabytes.
        losses: whether to record the loss of every step: what a tape differentiates with respect to the trainable variables.

    Raises:
        UsageError: no layers, something that is no probe, or a layer pattern that matches nothing.
    """

    def __init__(
        self,
        model: Watchable,
        probes: Iterable[Probe] | None = None,
        *,
        optimizer: keras.optimizers.Optimizer | None = None,
        capacity: int | None = None,
        losses: bool = True,
    ) -> None:
        self.model = model
        self.probes = check_probes(default() if probes is None else probes)
        check_model(model, self.probes, optimizer, capacity)
        check_references(model, self.probes)
        self._optimizer = optimizer
        self._names = names_of(model)
        by_cadence = itertools.groupby(
            sorted(self.probes, key=lambda probe: probe.cadence), key=lambda probe: probe.cadence
        )
        self.ledgers = [Ledger(tuple(group), capacity) for _, group in by_cadence]
        self.count = StepCount()
        self.traced: Any = None
        self._inert = False
        self._losses = Losses() if losses else None
        self._under_way = UnderWay()
        self._late = LateUpdates()
        self._captured = False
        self._table = LayerTable(self._names)
        self._companions: list[Companion] = []

    @tf.autograph.experimental.do_not_convert
    @contextmanager
    def capture(self) -> Iterator[None]:
        """Watch the layers that run inside the ``with`` block; to be entered together with the gradient tape.

        Gradients that are accumulated by hand: with all forward passes inside one block, and one ``update`` with the averaged
        gradients, the record is that of the whole batch (where each part's loss is a mean over its own examples). With a
        block and an ``update`` for each part, each is a step of its own, with the part's gradient, and moves the weights
        only where the optimizer did. Under ``tf.distribute`` the block stands in the function that ``strategy.run`` runs,
        and the record is that of all replicas together.

        Nothing on any layer is changed, and what the block replaces in Keras is put back when it ends, however it ends.
        """
        if self._inert:
            yield
            return
        with self.capturing():
            yield
        self._captured = True

    @tf.autograph.experimental.do_not_convert
    @contextmanager
    def capturing(self) -> Iterator[Step]:
        """``capture``, for a caller that knows only later whether the step is one of training."""
        check_place()
        check_capture_is_over(self._under_way.is_open, "Monitor.capture()")
        self._late.end()
        self.drop()
        number = self.count.number()
        plan = [(ledger.probes, ledger.schedule.due(number)) for ledger in self.ledgers]
        step = Step(self._names, number, plan, self._optimizer)
        with self._under_way.forward(step), accompanied(self._companions):
            yield step

    def watching_on(self) -> AbstractContextManager[None]:
        """Between ``capture`` and ``update``, watch layers that run in the ``with`` block, too: for a step of several updates."""
        return accompanied(self._companions, self._under_way.watching_on(), on=True)

    def drop(self) -> None:
        """Forget the step that was captured on this thread: it will have no update."""
        self._under_way.drop()

    def scaled_by(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Learn just before the update which optimizer has scaled the loss of the step that was captured."""
        if self._under_way.step is not None:
            self._under_way.step.scaled_by(optimizer)

    @property
    def has_measured(self) -> bool:
        """Whether a step was measured, or traced to be."""
        return len(self._table.rows) > 0

    @property
    def steps(self) -> int:
        """How many steps were measured or passed over; waits for the device."""
        return self.count.total

    @tf.autograph.experimental.do_not_convert
    def update(self, gradients: Sequence[Gradient], parts: Sequence[Sequence[Gradient]] | None = None) -> None:
        """Measure the step; to be called once, after the optimizer has applied the gradients.

        Args:
            gradients: dL/dW for ``model.trainable_variables``, in their order, as ``tape.gradient`` returned them; ``None``
                means not connected. Of several replicas each passes its own: their sum is measured, as Keras optimizers
                apply it, so the loss is to be divided by the number of replicas (Keras losses do so) or of all examples.
            parts: the same for each of m equal parts of the batch; only ``GradientNoise`` asks for them.

        Raises:
            UsageError: ``capture`` was not entered before, or its block has not ended; gradients that do not fit the
                variables; or the optimizer runs only after this call, though some probe looks at what it did (raised by
                ``optimizer.apply``).
        """
        if self._inert:
            return
        step = self._under_way.taken(gradients, self._names.model.trainable_variables)
        check_backward(step.with_backward(gradients))
        self._measure(step, gradients, parts)
        if not check_update_is_seen(step):
            self._late.watch(step)

    def record(self, gradients: Gradients, updates: Updates = NO_UPDATES) -> None:
        """Measure the step as ``update`` does, where the caller knows that the optimizer has run, and training must go on.

        In a step of several updates, ``updates`` tells by a variable's key the number of the one that changed it.
        """
        step = self._under_way.taken(gradients, self._names.model.trainable_variables)
        step.with_backward(gradients)
        self._measure(step, gradients, updates=updates)

    def _measure(self, step: Step, gradients: Gradients, parts: Parts = None, updates: Updates = NO_UPDATES) -> None:
        checked = check_parts(self.probes, parts, step.variables)
        if self._losses is not None:
            self._losses.record(step.number, step.targets, step.variables, gradients)
        if replicas.count() > 1:
            gradients, *checked = step.over_replicas([gradients, *checked])
        rows = step.rows(gradients, step.variables, checked)
        if not self.has_measured:  # layers made at the first call are known only now
            check_patterns([entry.path for entry in self._names.entries()], self.probes)
        self._table.note(step.capture, rows, step.flow, changed(step.variables, gradients, updates))
        for ledger, due, references in zip(self.ledgers, step.dues, step.references, strict=True):
            ledger.record(step.number, due, rows, references)
        for companion in self._companions:
            companion.end_step(step.number, Due.any_of(step.dues))
        self.traced = step.capture.graph
        self.count.advance()

    def attach(self, companion: Companion) -> None:
        """Let a companion look at every step from now on; to be called before the first."""
        self._companions.append(companion)

    def function(self, step: Callable[..., Any] | None = None, **options: Any) -> Callable[..., Any]:
        """A decorator in place of ``tf.function``: steps that no probe measures run without anything of the probes.

        The step is compiled twice, with and without the lines of the monitor, and the host chooses at each call. A step
        that cannot be split is compiled once, with the probes in a branch, as ``tf.function`` itself does: several steps
        in one call, or operations such as ``tf.random.normal``, whose random state lies in the compiled function. Losses
        (``Reading.scalars``) are those of measured steps.

        Args:
            step: takes one training step, with one ``capture`` and one ``update``.
            options: as for ``tf.function``.

        Returns:
            The compiled step; a decorator, if only options are given.
        """
        if step is None:
            return functools.partial(self.function, **options)
        return decorated(self, step, options)

    @contextmanager
    def inert(self) -> Iterator[None]:
        """Inside the ``with`` block, ``capture`` and ``update`` do nothing, and steps that are traced have no probes."""
        self._inert = True
        try:
            yield
        finally:
            self._inert = False

    def is_due(self, step: int) -> bool:
        """Whether any probe measures the step with this number, or a companion has to see it."""
        measured = any(ledger.schedule.is_due(step) for ledger in self.ledgers)
        return measured or any(companion.wants(step) for companion in self._companions)

    def reset(self) -> None:
        """Forget what was not read, and count steps from 0 again: the next step begins another training."""
        for ledger in self.ledgers:
            ledger.forget()
        if self._losses is not None:
            self._losses.forget()
        self.count.reset()
        for companion in self._companions:
            companion.reset()

    def slow_down(self, factor: int) -> None:
        """Measure one of ``factor`` steps that are due, from now on; traces nothing anew.

        A cadence of 1 and the early steps stay. A window in whose midst the cadence changes is left out.
        """
        for ledger in self.ledgers:
            ledger.schedule.slow_down(factor)

    def read(self) -> Reading:
        """Everything since the last read; the only place where the host waits for the device.

        Raises:
            UsageError: ``capture`` was entered, and ``update`` never called.
        """
        self._late.end()
        check_was_updated(self._captured and not self.has_measured)
        tables, events, lost = [], [], 0
        for ledger in self.ledgers:
            steps, values, overwritten = ledger.drain()
            tables.append(tabulate(ledger.probes, ledger.layout, steps, values, self._table.rows, ledger.history))
            events += ledger.history.take()
            lost += overwritten
        warn_of_lost(lost)
        scalars = {} if self._losses is None else {"scalars": self._losses.read()}
        return Reading(join(tables, self._table.rows), join_events(events), lost, **scalars)

    @property
    def entries(self) -> list[LayerEntry]:
        """Every layer with its path and the trainable variables that it holds itself."""
        return self._names.entries()

    @property
    def layer_table(self) -> list[dict[str, Any]]:
        """One record per layer: layer, depth, model, kind, units, parameters, status (``measured``, or why not).

        Below stand rows that are no layers: functions inside a ``call``, and calls of another shape. Units are ``None`` where
        they are not known; the depth of a layer that did not run is 0.
        """
        return self._table.records(set[str]().union(*(ledger.rows for ledger in self.ledgers)))
