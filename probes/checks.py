"""What can be wrong with how a monitor is used, found at the start."""

from __future__ import annotations

import fnmatch
import warnings
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

import keras
import tensorflow as tf

from probes.capture.layers import LayerNames
from probes.capture.modules import Watchable, is_watchable_without_layers, names_of
from probes.defaults import without_replaced
from probes.errors import UsageError, unknown_name
from probes.probe import Probe
from probes.seams.graph import current_graph
from probes.seams.layers import children
from probes.snapshot.gradient_parts import Gradient
from probes.snapshot.weights import Variable

if TYPE_CHECKING:
    from probes.step.step import Step


def check_probes(probes: object) -> tuple[Probe, ...]:
    """Refuse what is no probe, and two that would write the same columns.

    Returns:
        The probes, without the default ones that another of their class replaces.

    Raises:
        UsageError: naming the offender.
    """
    if not isinstance(probes, Iterable):
        raise UsageError(
            what="a monitor takes a list of probes",
            where="Monitor(probes=...)",
            got=repr(probes),
            do=f"write [{probes!r}]" if isinstance(probes, Probe) else "give a list such as [probes.GradientNorm()]",
        )
    chosen: list[Probe] = []
    columns: dict[str, Probe] = {}
    for probe in without_replaced(probes):
        if not isinstance(probe, Probe):
            made = "()" if isinstance(probe, type) else ""
            raise UsageError(
                what="a monitor takes probes only",
                where="Monitor(probes=...)",
                got=repr(probe),
                do=f"give instances, such as probes.GradientNorm(every=10){'; add ' + made if made else ''}",
            )
        for column in probe.columns:
            if column in columns:
                raise UsageError(
                    what=f"two probes write the column {column!r}",
                    where="Monitor(probes=...)",
                    got=f"{columns[column]!r} and {probe!r}",
                    do="keep one of them, or give them to two monitors",
                )
            columns[column] = probe
        chosen.append(probe)
    return tuple(chosen)


def _check_options(optimizer: object, capacity: object) -> None:
    """Refuse what is no optimizer, and no number of readings.

    Raises:
        UsageError: naming it.
    """
    if optimizer is not None and (isinstance(optimizer, type) or not hasattr(optimizer, "apply")):
        do = "give the optimizer itself, such as keras.optimizers.SGD(0.1), or None"
        raise UsageError(what="this is no optimizer", where="Monitor(optimizer=...)", got=repr(optimizer), do=do)
    is_count = isinstance(capacity, int) and not isinstance(capacity, bool) and capacity > 0
    if capacity is not None and not is_count:
        do = "give a whole number of readings, 1 or more, or None"
        raise UsageError(what="invalid capacity", where="Monitor(capacity=...)", got=repr(capacity), do=do)


def check_model(model: Watchable, probes: Sequence[Probe], optimizer: object, capacity: object) -> None:
    """Refuse a model in which there is nothing to see, patterns that match none of its layers, and other arguments of no use.

    Raises:
        UsageError: naming the model, the pattern or the argument.
    """
    _check_options(optimizer, capacity)
    if is_watchable_without_layers(model):
        check_patterns([entry.path for entry in names_of(model).entries()], probes)
        return
    is_model = isinstance(model, keras.Layer)
    if not is_model or (model.built and not children(cast(keras.Layer, model)) and not model.trainable_variables):
        raise UsageError(
            what="there are no layers to watch",
            where="Monitor(model)",
            got=repr(model),
            do="give a Keras model that holds layers; or a tf.Module or a list of variables, for their gradients only",
        )
    if model.built:
        check_patterns([entry.path for entry in LayerNames(cast(keras.Layer, model)).entries()], probes)


def check_patterns(paths: Sequence[str], probes: Sequence[Probe]) -> None:
    """Refuse patterns that match none of the model's layers.

    Raises:
        UsageError: naming the pattern, and the layers that there are.
    """
    for probe in probes:
        for pattern in probe.patterns:
            if not any(fnmatch.fnmatchcase(path, pattern) for path in paths):
                raise unknown_name("layer", pattern, paths, where=f"{type(probe).__name__}(layers={pattern!r})")


def check_place() -> None:
    """Refuse a step that is written around ``strategy.run`` in place of inside it.

    Raises:
        UsageError: several replicas, and none of them runs here.
    """
    if tf.distribute.in_cross_replica_context() and tf.distribute.get_strategy().num_replicas_in_sync > 1:
        raise UsageError(
            what="a step of several replicas is captured on each of them",
            where="Monitor.capture()",
            got="a place outside of strategy.run, where no replica runs",
            do="write capture and update into the function that strategy.run(step, args=...) runs",
        )


def check_gradients(step: Step | None, gradients: Sequence[Gradient], variables: Sequence[Variable]) -> Step:
    """Refuse gradients that were not captured, or that do not belong to the variables.

    Returns:
        The step that ``capture`` opened.

    Raises:
        UsageError: no ``capture`` before, another number of gradients, or a gradient of another shape.
    """
    if step is None or step.capture.graph is not current_graph():
        raise UsageError(
            what="there is no captured step to measure",
            where="Monitor.update(gradients)",
            got="update without capture" if step is None else "capture in another tf.function than update",
            do="write `with tf.GradientTape() as tape, monitor.capture():` around the forward pass, and call update once "
            "for each time, in the same function, after the block",
        )
    _check_fit(gradients, variables)
    return step


def check_capture_is_over(is_open: bool, where: str) -> None:
    """Refuse a call inside the block of ``capture``.

    Raises:
        UsageError: the block has not ended.
    """
    if is_open:
        raise UsageError(
            what="the step's forward pass has not ended",
            where=where,
            got="a call inside the block of monitor.capture()",
            do="end the block of monitor.capture() after the forward pass, then call optimizer.apply and monitor.update; "
            "each step has one block",
        )


def check_was_updated(never: bool) -> None:
    """Refuse to read what was never measured.

    Raises:
        UsageError: steps were captured, and none was measured.
    """
    if never:
        raise UsageError(
            what="nothing was measured",
            where="Monitor.read()",
            got="monitor.capture() without monitor.update(gradients)",
            do="call monitor.update(gradients) in each step, after optimizer.apply(gradients, ...)",
        )


def check_backward(ambiguous: Sequence[str]) -> None:
    """Refuse gradients of activations that belong to an unknown one of several losses.

    Args:
        ambiguous: the layers that they belong to.

    Raises:
        UsageError: there are any.
    """
    if ambiguous:
        raise UsageError(
            what="several losses were differentiated through the same forward pass, and which one trains is not known",
            where=f"layer {ambiguous[0]!r}" + (f" and {len(ambiguous) - 1} others" if ambiguous[1:] else ""),
            got="gradients for Monitor.update that no call of tape.gradient returned",
            do="differentiate the sum of the losses, or pass what tape.gradient returned to monitor.update as it is",
        )


def check_update_is_seen(step: Step) -> bool:
    """Refuse a step whose weights were changed where the change cannot be told from the forward pass.

    Returns:
        Whether the update is seen, or nobody looks at it; if not, no weight has changed so far.

    Raises:
        UsageError: something other than a Keras optimizer changed the weights inside the block of ``capture``.
    """
    missing = step.misses_update
    if missing and step.moved_in_forward:
        raise UsageError(
            what="the weights changed during the forward pass, and not after it",
            where="Monitor.update(gradients)",
            got="weights assigned inside the block of monitor.capture()",
            do="change the weights after the block of monitor.capture(), then call monitor.update(gradients)",
        )
    return not missing


def check_parts(
    probes: Sequence[Probe], parts: Sequence[Sequence[Gradient]] | None, variables: Sequence[Variable]
) -> list[Sequence[Gradient]]:
    """Refuse parts of a batch that are none, and warn of a probe that gets none.

    Returns:
        The parts' gradients; empty when not given.

    Raises:
        UsageError: less than two parts, or gradients that do not fit the variables.
    """
    if parts is None:
        for probe in probes:
            if "gradient_parts" in probe.needs:
                warnings.warn(f"{type(probe).__name__} shows nothing: update got no parts=[...]", stacklevel=3)
        return []
    if not isinstance(parts, list | tuple) or len(parts) < 2:
        raise UsageError(
            what="a spread needs two parts of the batch or more",
            where="Monitor.update(parts=...)",
            got=f"{len(parts)} parts" if isinstance(parts, list | tuple) else f"a {type(parts).__name__}",
            do="pass a list with the gradients of each part: [tape.gradient(part_loss, model.trainable_variables), ...]",
        )
    for part in parts:
        _check_fit(part, variables)
    return list(parts)


def _check_fit(gradients: Sequence[Gradient], variables: Sequence[Variable]) -> None:
    if not isinstance(gradients, list | tuple):
        raise _misfit(f"a {type(gradients).__name__} in place of a list")
    if len(gradients) != len(variables):
        raise _misfit(f"{len(gradients)} gradients for {len(variables)} trainable variables")
    for variable, gradient in zip(variables, gradients, strict=True):
        if gradient is not None:
            _check_gradient(gradient, variable)


def _check_gradient(gradient: tf.Tensor | tf.IndexedSlices, variable: Variable) -> None:
    if not hasattr(gradient, "shape"):
        raise _misfit(f"a {type(gradient).__name__} in place of the gradient of {_name(variable)}")
    shape = tf.TensorShape(gradient.shape)
    if not shape.is_compatible_with(variable.shape):
        raise _misfit(f"a gradient of shape {tuple(shape)} for {_name(variable)} of shape {tuple(variable.shape)}")


def _name(variable: Variable) -> str:
    return getattr(variable, "path", variable.name)


def _misfit(got: str) -> UsageError:
    return UsageError(
        what="the gradients do not belong to the model's variables",
        where="Monitor.update(gradients)",
        got=got,
        do="pass what tape.gradient(loss, model.trainable_variables) returned, whole and in that order",
    )
