"""Measures a training step from within: ``capture`` around the forward pass, ``update`` after the optimizer."""

from __future__ import annotations

import itertools
import threading
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

import keras
import tensorflow as tf

from probes.capture.layers import LayerEntry
from probes.capture.modules import Watchable, names_of
from probes.checks import (
    check_backward,
    check_capture_is_over,
    check_gradients,
    check_model,
    check_parts,
    check_patterns,
    check_place,
    check_probes,
    check_update_is_seen,
    check_was_updated,
)
from probes.companion import Companion
from probes.defaults import default
from probes.layer_table import LayerTable
from probes.measuring import replicas
from probes.measuring.due import Due
from probes.measuring.ledger import Ledger
from probes.measuring.losses import Losses
from probes.probe import Probe
from probes.reading import Reading, join, join_events, tabulate
from probes.seams.gradients import hearing_gradients
from probes.seams.layer_calls import listening
from probes.seams.operations import seeing
from probes.seams.updates import hearing_updates
from probes.snapshot.gradient_parts import Gradient
from probes.step.late_update import LateUpdates
from probes.step.reference import check_references
from probes.step.step import Step


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
        check_model(model, self.probes)
        check_references(model, self.probes)
        self._optimizer = optimizer
        self._names = names_of(model)
        by_cadence = itertools.groupby(
            sorted(self.probes, key=lambda probe: probe.cadence), key=lambda probe: probe.cadence
        )
        self._ledgers = [Ledger(tuple(group), capacity) for _, group in by_cadence]
        self._step = replicas.alone(
            lambda: tf.Variable(tf.zeros([], tf.int64), trainable=False, name="monitored_steps")
        )
        self._losses = Losses() if losses else None
        self._running = threading.local()
        self._late = LateUpdates()
        self._captured = False
        self._table = LayerTable(self._names)
        self._companions: list[Companion] = []

    @tf.autograph.experimental.do_not_convert
    @contextmanager
    def capture(self) -> Iterator[Step]:
        """Watch the layers that run inside the ``with`` block; to be entered together with the gradient tape.

        Gradients that are accumulated by hand: with all forward passes inside one block, and one ``update`` with the averaged
        gradients, the record is that of the whole batch (where each part's loss is a mean over its own examples). With a
        block and an ``update`` for each part, each is a step of its own, with the part's gradient, and moves the weights
        only where the optimizer did. Under ``tf.distribute`` the block stands in the function that ``strategy.run`` runs,
        and the record is that of all replicas together.

        Nothing on any layer is changed, and what the block replaces in Keras is put back when it ends, however it ends.
        """
        with self.capturing() as step:
            yield step
        self._captured = True

    @tf.autograph.experimental.do_not_convert
    @contextmanager
    def capturing(self) -> Iterator[Step]:
        """``capture``, for a caller that knows only later whether the step is one of training."""
        check_place()
        check_capture_is_over(getattr(self._running, "open", False), "Monitor.capture()")
        self._late.end()
        self.drop()
        number = self._step.read_value()
        plan = [(ledger.probes, ledger.schedule.due(number)) for ledger in self._ledgers]
        step = Step(self._names, number, plan, self._optimizer)
        # Tapes are heard until the update, because the loss is differentiated after the forward pass.
        self._running.hearing, self._running.open = ExitStack(), True
        self._running.hearing.enter_context(hearing_gradients(step.differentiated))
        try:
            with (
                listening(step.capture),
                seeing(step.capture.rectify),
                hearing_updates(step),
                self._accompanied(),
            ):
                yield step
        except BaseException:
            self.drop()
            raise
        finally:
            self._running.open = False
        step.end_forward()
        self._running.step = step

    @contextmanager
    def watching_on(self) -> Iterator[None]:
        """Between ``capture`` and ``update``, watch layers that run in the ``with`` block, too: for a step of several updates."""
        capture = self._running.step.capture
        with listening(capture), seeing(capture.rectify):
            yield

    def drop(self) -> None:
        """Forget the step that was captured on this thread: it will have no update."""
        self._running.step = None
        hearing: ExitStack = getattr(self._running, "hearing", ExitStack())
        hearing.close()

    def scaled_by(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Learn just before the update which optimizer has scaled the loss of the step that was captured."""
        step: Step | None = getattr(self._running, "step", None)
        if step is not None:
            step.scaled_by(optimizer)

    @property
    def has_measured(self) -> bool:
        """Whether a step was measured, or traced to be."""
        return len(self._table.rows) > 0

    @property
    def steps(self) -> int:
        """How many steps were measured or passed over; waits for the device."""
        return int(self._step)

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
        check_capture_is_over(getattr(self._running, "open", False), "Monitor.update(gradients)")
        step = self._taken(gradients)
        check_backward(step.with_backward(gradients))
        self._measure(step, gradients, parts)
        if not check_update_is_seen(step):
            self._late.watch(step)

    def record(self, gradients: Sequence[Gradient]) -> None:
        """Measure the step as ``update`` does, where the caller knows that the optimizer has run, and training must go on.

        Args:
            gradients: as for ``update``.

        Raises:
            UsageError: ``capture`` was not entered before, or gradients that do not fit the variables.
        """
        step = self._taken(gradients)
        step.with_backward(gradients)
        self._measure(step, gradients, None)

    def _taken(self, gradients: Sequence[Gradient]) -> Step:
        """The step that was captured on this thread, which has come to its end."""
        step: Step | None = getattr(self._running, "step", None)
        self.drop()
        return check_gradients(step, gradients, self._names.model.trainable_variables)

    def _measure(self, step: Step, gradients: Sequence[Gradient], parts: Sequence[Sequence[Gradient]] | None) -> None:
        checked = check_parts(self.probes, parts, step.variables)
        if self._losses is not None:
            self._losses.record(step.number, step.targets, step.variables, gradients)
        if replicas.count() > 1:
            gradients, *checked = step.over_replicas([gradients, *checked])
        rows = step.rows(gradients, step.variables, checked)
        if not self.has_measured:  # layers made at the first call are known only now
            check_patterns([entry.path for entry in self._names.entries()], self.probes)
        self._table.note(step.capture, rows)
        for ledger, due, references in zip(self._ledgers, step.dues, step.references, strict=True):
            ledger.record(step.number, due, rows, references)
        for companion in self._companions:
            companion.end_step(step.number, Due.any_of(step.dues))
        replicas.once(lambda: self._step.assign_add(1))

    def attach(self, companion: Companion) -> None:
        """Let a companion look at every step from now on; to be called before the first."""
        self._companions.append(companion)

    @contextmanager
    def _accompanied(self) -> Iterator[None]:
        with ExitStack() as stack:
            for companion in self._companions:
                stack.enter_context(companion.watching())
            yield

    def reset(self) -> None:
        """Forget what was not read, and count steps from 0 again: the next step begins another training."""
        for ledger in self._ledgers:
            ledger.forget()
        if self._losses is not None:
            self._losses.forget()
        self._step.assign(0)
        for companion in self._companions:
            companion.reset()

    def slow_down(self, factor: int) -> None:
        """Measure one of ``factor`` steps that are due, from now on; traces nothing anew.

        A cadence of 1 stays, and so do windows of several readings, which want all of them, and the early steps.
        """
        for ledger in self._ledgers:
            ledger.schedule.slow_down(factor)

    def read(self) -> Reading:
        """Everything since the last read; the only place where the host waits for the device.

        Raises:
            UsageError: ``capture`` was entered, and ``update`` never called.
        """
        self._late.end()
        check_was_updated(self._captured and not self.has_measured)
        tables, events, lost = [], [], 0
        for ledger in self._ledgers:
            steps, values, overwritten = ledger.drain()
            tables.append(tabulate(ledger.probes, ledger.layout, steps, values, self._table.rows, ledger.history))
            events += ledger.history.take()
            lost += overwritten
        if lost:
            warnings.warn(
                f"{lost} readings were overwritten before they were read: call read() more often, "
                "or give Monitor(capacity=...)",
                stacklevel=2,
            )
        scalars = {} if self._losses is None else {"scalars": self._losses.read()}
        return Reading(join(tables), join_events(events), lost, **scalars)

    @property
    def entries(self) -> list[LayerEntry]:
        """Every layer with its path and the trainable variables that it holds itself."""
        return self._names.entries()

    @property
    def layer_table(self) -> list[dict[str, Any]]:
        """One record a layer: layer, depth, kind, units, parameters, status (``measured``, or why not).

        Below the layers stand the rows that are none of them: functions inside a ``call``, and calls of another shape.
        Units are ``None`` where they are not known, the depth of a layer that did not run is 0.
        """
        return self._table.records(set[str]().union(*(ledger.rows for ledger in self._ledgers)))
