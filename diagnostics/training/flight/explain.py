"""Finds the first step of a record that is not finite, and where in it that began."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from diagnostics.runs.flight import Origin, Repeated
from diagnostics.training.flight.about import environment
from diagnostics.training.flight.program import Program
from diagnostics.training.flight.record import Record
from diagnostics.training.flight.repeat import Repeater, Step
from diagnostics.training.flight.walk import Birth, Walk, examples_in, raised
from diagnostics.training.state.variables import restore
from diagnostics.training.step import TrainingStep
from probes.errors import UsageError
from probes.seams.gradients import Differentiation, hearing_gradients
from probes.seams.nest import Nest


@dataclass(frozen=True)
class Explained:
    """What replaying a record found.

    Attributes:
        step: the step that was explained.
        origin: where the first value that is not finite was made; ``None`` if the step is finite when it runs eagerly.
        repeated: every repeated step beside the recorded one.
        hindrances: what may prevent the repeat from being bit-equal, and what to do about it; empty if it is bit-equal.
        target: the step itself.
    """

    step: int
    origin: Origin | None
    repeated: tuple[Repeated, ...]
    hindrances: tuple[str, ...]
    target: Step


def explain(record: Record, program: Program, wanted: int | None = None) -> Explained:
    """Repeat a record and explain a step.

    Args:
        record: the record.
        program: what the steps are made of.
        wanted: the step; by default the first one that is not finite, or the last.

    Raises:
        UsageError: the record has no such step.
    """
    steps, repeated = [], []
    first_bad = wanted
    for step in Repeater(record, program).steps():
        repeated.append(_beside(record, step))
        steps.append(step)
        if step.number == first_bad or step.error is not None:
            break
        if first_bad is None and _is_fault(record, step):
            break
        steps[-2:-1] = []  # the states of earlier steps are not needed any more
    target = steps[-1] if steps else None
    if target is None or (wanted is not None and target.number != wanted):
        raise _no_such_step(record, wanted, [each.step for each in repeated])
    origin = origin_of(program, target)
    return Explained(target.number, origin, tuple(repeated), tuple(_hindrances(record, repeated)), target)


def origin_of(program: Program, step: Step) -> Origin | None:
    """Run a step eagerly and say where its first value that is not finite was made.

    Args:
        program: what the step is made of.
        step: the step.
    """
    restore({name: np.array(value) for name, value in step.before.items()}, program.model, program.optimizer)
    random.seed(0)
    walk, heard = Walk(program.model, step.batch, examples_in(step.batch)), []
    try:
        with walk.watching(), hearing_gradients(heard.append):
            result = eager_step(program)(step.batch)
    except tf.errors.OpError as error:
        return raised(walk, error)
    spoiled = _spoiled(walk, heard, result)
    return None if spoiled is None else spoiled.origin


def eager_step(program: Program) -> Callable[[Any], Any]:
    """The step as a function of its batch, to be called eagerly."""
    if program.loss is None:
        return program.model.train_step
    return TrainingStep(program.model, program.optimizer, program.loss, (), None)._train


def _spoiled(walk: Walk, heard: Sequence[Differentiation], result: Nest) -> Birth | None:
    """The birth behind the loss; if the loss is finite, behind the gradients; else any that reaches a layer's weights."""
    outer = [each for each in heard if not each.enclosed] or list(heard)
    of_loss = _earliest(walk.birth_of(each.target) for each in outer)
    of_gradients = _earliest(walk.birth_of([g for g in each.gradients if g is not None]) for each in outer)
    return of_loss or of_gradients or walk.birth_of(result) or next(iter(walk.births), None)


def _earliest(births: Iterable[Birth | None]) -> Birth | None:
    return min((birth for birth in births if birth is not None), key=lambda birth: birth.time, default=None)


def _is_fault(record: Record, step: Step) -> bool:
    """Whether a step is the first of those that led to the record; loss scaling may have left out others before."""
    if step.signs.finite:
        return False
    if not step.signs.scaled:
        return True
    later = [record.signs[number] for number in range(step.number, record.step + 1) if number in record.signs]
    return all(not each.finite for each in later)


def _beside(record: Record, step: Step) -> Repeated:
    known = record.signs.get(step.number)
    nothing = float("nan"), float("nan")
    recorded = nothing if known is None else (known.loss, known.gradient_norm)
    repeated = step.signs.loss, step.signs.gradient_norm
    return Repeated(step.number, recorded, repeated, bool(step.signs.finite))


def _hindrances(record: Record, repeated: Sequence[Repeated]) -> list[str]:
    """Why the repeat differs, as far as the record shows; nothing if it does not."""
    if all(each.is_equal for each in repeated):
        return []
    kernels = record.content.get("random_kernels") or []
    found = [
        f"the step draws from {', '.join(map(str, kernels))}, whose state lies inside the compiled function: use "
        "keras.random with a SeedGenerator, or tf.random.Generator"
    ] * bool(kernels)
    found += _changed(record.content["environment"], environment())
    found.append(
        "probes in the recorded step can change what TensorFlow's graph optimizer fuses: "
        'tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True}) before training prevents it'
    )
    if "GPU" in str(record.content["environment"].get("devices")):
        found.append("some GPU operations add in any order: tf.config.experimental.enable_op_determinism() prevents it")
    return found


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    differing = [name for name in now if name in before and before[name] != now[name]]
    return [f"{name} was {before[name]!r:.80}, and is {now[name]!r:.80} now" for name in differing]


def _no_such_step(record: Record, wanted: int | None, known: Sequence[int]) -> UsageError:
    got = f"steps {min(known)} to {max(known)}" if known else "no step at all"
    do = f"give --step between {min(known)} and {max(known)}" if known else "record the training again"
    return UsageError(what=f"step {wanted} is not in this record", where=str(record.folder), got=got, do=do)
