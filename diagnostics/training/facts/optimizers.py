"""Describes an optimizer with all its settings, its learning rate and schedule, and how it clips gradients."""

from __future__ import annotations

from typing import Any

import keras

from diagnostics.runs.facts import Component, Optimizer
from diagnostics.training.facts.encoding import encoded, name_of, settings_of, shortest

RATE = "learning_rate"
CLIPS = ("clipnorm", "clipvalue", "global_clipnorm")


def optimizer_facts(optimizer: keras.optimizers.Optimizer) -> Optimizer:
    """Describe an optimizer as it is now.

    Args:
        optimizer: a Keras optimizer, or any other. One that scales the loss is described by the optimizer inside it, with
            its own settings under ``loss_scale``.
    """
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None:
        found = optimizer_facts(inner)
        scale = {key: value for key, value in settings_of(optimizer).items() if key != "inner_optimizer"}
        settings = {**found.settings, "loss_scale": {"class": name_of(optimizer), **scale}}
        return Optimizer(found.class_name, settings, found.schedule, found.clips)
    settings = settings_of(optimizer)
    given = settings.get(RATE)
    rate = _rate(optimizer)
    if rate is not None:
        settings[RATE] = rate
    clips = {name: settings.pop(name) for name in CLIPS if name in settings}
    return Optimizer(name_of(optimizer), settings, _schedule(given), _given(clips))


def _schedule(given: object) -> Component | None:
    """The schedule of the learning rate; ``None`` if it is a number."""
    if isinstance(given, dict) and "class" in given:
        return Component(str(given["class"]), given.get("settings") or {})
    return Component(given) if isinstance(given, str) else None


def _rate(optimizer: keras.optimizers.Optimizer) -> float | None:
    """The learning rate now, also where a schedule decides it; ``None`` if it is not a number yet."""
    try:
        return shortest(float(optimizer.learning_rate))
    except Exception:  # in a graph that is being traced, or another kind of optimizer
        return None


def _given(clips: dict[str, Any]) -> dict[str, float] | None:
    known = {name: encoded(limit) for name, limit in clips.items() if limit is not None}
    return known or None
