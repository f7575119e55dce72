"""One training step as the probes see it: joins what was captured with gradients, weights and updates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import keras
import tensorflow as tf

from probes.capture.capture import Capture, rows_of
from probes.capture.flow import Flow
from probes.capture.layers import LayerEntry
from probes.capture.modules import Names
from probes.measuring import replicas
from probes.measuring.due import Due
from probes.measuring.packing import Part
from probes.measuring.targets import Targets
from probes.primitives import square_sum_of_all
from probes.probe import Probe
from probes.seams.gradients import Differentiation
from probes.seams.graph import entries_of, key_of
from probes.seams.updates import loss_scale
from probes.snapshot.clipping import Clipping, clipping_of
from probes.snapshot.facts import Facts, facts_of
from probes.snapshot.gradient_parts import Gradient, GradientParts, by_layer, examples_of
from probes.snapshot.snapshot import Need, RowSnapshots, Snapshot
from probes.snapshot.weights import Variable, WeightReading
from probes.step.backward import choose
from probes.step.gradients import connected, full
from probes.step.reference import measure_references
from probes.step.watched_variable import Watched
from probes.step.weight_squares import weight_squares


class Step:
    """Holds what is to be known before the update: the weights, the loss scale, and the capture that fills meanwhile.

    Args:
        names: the layers' paths.
        number: the step's, an int64 scalar.
        plan: for each cadence its probes, and whether they measure this step.
        optimizer: the one that may scale the loss and clip gradients.

    Attributes:
        capture: listens to the forward pass.
        flow: sees which parts of the model feed one another.
        targets: what tapes have differentiated in the step.
        references: for each cadence what its probes measured on reference sets.
    """

    def __init__(
        self,
        names: Names,
        number: tf.Tensor,
        plan: Sequence[tuple[tuple[Probe, ...], Due]],
        optimizer: keras.optimizers.Optimizer | None,
    ) -> None:
        names.refresh()
        self._names, self.number, self._plan = names, number, plan
        self._probes = [probe for probes, _ in plan for probe in probes]
        self._needs = frozenset[Need]().union(*(probe.needs for probe in self._probes))
        self._watched: dict[int, Watched] = {}
        self._unended: list[Watched] = []
        self._squares: dict[str, tf.Tensor] = {}
        self._scale = loss_scale(optimizer)
        self.targets = Targets(self._scale)
        self._watch()
        # Keras lets every replica clip its own gradient before they are summed: there is no clipped gradient of the batch.
        clips = "clipping" in self._needs and replicas.count() == 1
        self._clipping = clipping_of(optimizer) if clips else None
        self.capture = Capture(names, self._wants)
        self.flow = Flow(names.model)
        # A model that is not built yet can run on a reference set only after the step's own forward pass.
        self.references = self._measure_references() if getattr(names.model, "built", True) else []

    @property
    def dues(self) -> list[Due]:
        """For each cadence, whether its probes measure this step."""
        return [due for _, due in self._plan]

    @property
    def variables(self) -> Sequence[Variable]:
        """What the model trains, as far as it is built by now."""
        return self._names.model.trainable_variables

    def entries(self) -> list[LayerEntry]:
        """The layers, as far as they are known by now."""
        return self._names.entries()

    def scaled_by(self, optimizer: keras.optimizers.Optimizer) -> None:
        """Learn only before the update which optimizer has scaled the loss."""
        self._scale = self.targets.scale = loss_scale(optimizer)

    def differentiated(self, differentiation: Differentiation) -> None:
        """A tape has run backwards through the step."""
        self.targets(differentiation)
        for call in self.capture.calls:
            call.end_backward(differentiation)

    def with_backward(self, gradients: Sequence[Gradient]) -> list[str]:
        """Choose, for each call, the backward pass that made these gradients.

        Returns:
            The layers whose calls several losses were differentiated through, and none of them made the gradients.
        """
        given = dict(zip(map(key_of, self.variables), gradients, strict=True))
        own = {entry.path: [*map(key_of, entry.variables)] for entry in self.entries()}
        return [call.path for call in self.capture.calls if not choose(call, own.get(call.path, ()), given)]

    def end_forward(self) -> None:
        """Look at the weights before the update, also of layers that were built only now.

        Called again, this looks only at weights that were made since.
        """
        self.references = self.references or self._measure_references()
        self._watch()
        ending, self._unended = self._unended, []
        for watched in ending:
            watched.end_forward()
        if "weight_square" in self._needs:
            self._squares |= self._weight_squares()
        for watched in ending:
            watched.expect_update()

    def before_update(self, optimizer: keras.optimizers.Optimizer) -> None:
        """The optimizer runs inside the block around the forward pass, which ends here."""
        self.end_forward()

    def after_update(
        self, optimizer: keras.optimizers.Optimizer, gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        """Wait for what the user passes to ``Monitor.update``."""

    @property
    def misses_update(self) -> bool:
        """Whether probes look at what the optimizer did to the weights, and none of them has changed so far."""
        return "update" in self._needs and not any(watched.moved for watched in self._watched.values())

    @property
    def moved_in_forward(self) -> bool:
        """Whether weights that probes look at have changed in the forward pass."""
        return any(watched.moved_in_forward for watched in self._watched.values())

    def rows(
        self,
        gradients: Sequence[Gradient],
        variables: Sequence[Variable],
        parts: Sequence[Sequence[Gradient]] = (),
    ) -> list[RowSnapshots]:
        """Every row's tensors: a snapshot for each call of a layer.

        Args:
            gradients: dL/dW for ``variables``, ``None`` where not connected.
            variables: the model's trainable variables.
            parts: the same as ``gradients`` for each part of the batch.
        """
        of_batch, *of_parts = ({id(v): g for v, g in zip(variables, each, strict=True)} for each in (gradients, *parts))
        given = _Given(of_batch, of_parts, self._clipping_of(gradients))
        entries = {entry.path: entry for entry in self.entries()}
        seen: dict[str, list[tuple[str, Snapshot]]] = {path: [] for path in (*self.capture.order, *entries)}
        for row, call in rows_of(self.capture.calls):
            seen[call.path].append((row, call.snapshot(self._scale)))
        found: dict[str, list[Snapshot]] = {}
        for path, snapshots in seen.items():
            trained = [v for v in entries[path].variables if id(v) in given.gradients] if path in entries else []
            if trained:  # the variables stand with the layer's first call, so that they count once
                row, first = snapshots[0] if snapshots else (path, _without_call(entries[path]))
                snapshots[:1] = [(row, self._with_variables(first, path, trained, given))]
            for row, snapshot in snapshots:
                found.setdefault(row, []).append(snapshot)
        return [RowSnapshots(row, tuple(snapshots)) for row, snapshots in found.items()]

    def over_replicas(self, lists: Sequence[Sequence[Gradient]]) -> list[list[Gradient]]:
        """Gradients as the update uses them, summed over the replicas; B becomes the examples of all of them.

        Args:
            lists: gradients of this replica, each list for the model's trainable variables.

        Returns:
            The same for the whole batch, dense; not to be read in a step that is not due.
        """
        due = self._due({"gradient", "gradient_parts", "activation_gradient"})
        calls = self.capture.calls
        own = [(g, v) for each in lists for g, v in zip(each, self.variables, strict=True) if g is not None]
        shares = due.when(lambda: [full(gradient, variable) for gradient, variable in own])
        if not shares:
            return [list(each) for each in lists]
        *sums, examples = replicas.summed(
            [*shares, tf.stack([*(call.batch for call in calls), *self.capture.batches])], due
        )
        numbers = tf.unstack(examples)
        self.capture.batches = numbers[len(calls) :]
        for call, number in zip(calls, numbers, strict=False):
            call.examples = number
        total = iter(sums)
        return [[None if gradient is None else next(total) for gradient in each] for each in lists]

    def _due(self, needs: set[Need]) -> Due:
        """Whether some probe looks at any of these in this step."""
        return Due.any_of(due for probes, due in self._plan if any(probe.needs & needs for probe in probes))

    def _measure_references(self) -> list[list[Part]]:
        return [measure_references(self._names, probes, due) for probes, due in self._plan]

    def _with_variables(self, call: Snapshot, path: str, variables: Sequence[Variable], given: _Given) -> Snapshot:
        """A call's snapshot with the layer's gradients and weights, as far as some probe needs them."""
        watched = [self._watched[id(variable)] for variable in variables] if self._watched else []
        changes = tuple(variable.update() for variable in watched) if "update" in self._needs else ()
        entries = entries_of(variables)
        return replace(
            call,
            gradients=connected((given.gradients[id(variable)] for variable in variables), self._scale),
            gradient_parts=self._parts_of(variables, given.parts) if "gradient_parts" in self._needs else None,
            weights=tuple(variable.before for variable in watched) if "weight" in self._needs else (),
            known=WeightReading(changes, self._squares.get(path), entries),
            clipping=given.clipping,
        )

    def _parts_of(self, variables: Sequence[Variable], parts: Sequence[dict[int, Gradient]]) -> GradientParts | None:
        gradients = by_layer(parts, variables)
        if not any(gradients):
            return None
        examples = examples_of(self.capture.batches, len(parts))
        return GradientParts(tuple(connected(part, self._scale) for part in gradients), examples)

    def _wants(self, need: Need, facts: Facts, path: str | None) -> bool:
        readers = (probe for probe in self._probes if need in probe.needs)
        return any(probe.suits(facts) and (path is None or probe.selects(path)) for probe in readers)

    def _clipping_of(self, gradients: Sequence[Gradient]) -> Clipping | None:
        """The optimizer's clipping, with the norm of all gradients where it goes by that."""
        if self._clipping is None or self._clipping.global_norm is None:
            return self._clipping
        whole = connected(gradients, self._scale)
        norms = self._due({"weight_square", "clipping"}).when(lambda: [tf.sqrt(square_sum_of_all(whole))])
        return replace(self._clipping, measured_norm=norms[0]) if norms else None

    def _weight_squares(self) -> dict[str, tf.Tensor]:
        """Σ W² of every layer, read while nobody has to wait for it or to keep a copy."""
        trained = {id(variable) for variable in self.variables}
        entries = {entry.path: [v for v in entry.variables if id(v) in trained] for entry in self.entries()}
        owned = {path: own for path, own in entries.items() if own and path not in self._squares}
        squares = weight_squares([*owned.values()], self._due({"weight_square", "clipping"}))
        return dict(zip(owned, squares, strict=False))

    def _watch(self) -> None:
        if self._needs & {"weight", "update"}:
            for variable in self.variables:
                if id(variable) not in self._watched:
                    self._watched[id(variable)] = Watched(variable)
                    self._unended.append(self._watched[id(variable)])


def _without_call(entry: LayerEntry) -> Snapshot:
    return Snapshot(entry.kind, tf.constant(math.nan), facts=facts_of(entry.layer, {}))


@dataclass(frozen=True)
class _Given:
    """What ``update`` was given, by the ``id`` of the variable, and how the optimizer clips it."""

    gradients: dict[int, Gradient]
    parts: list[dict[int, Gradient]]
    clipping: Clipping | None
