"""The recorded settings of a run as flat names and values: loss, optimizer and data, and each layer's facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

from diagnostics.runs.facts import Component, Layer
from diagnostics.runs.run import Run

SAID_TWICE = frozenset(
    {"model", "optimizer", "verbose", "steps", "epochs", "steps_per_execution", "jit_compile", "loss"}
)
"""Entries of ``config`` that say what the recorded settings say, too."""

LAYER_FACTS = (
    "class_name",
    "activation",
    "units",
    "rate",
    "trainable",
    "initializers",
    "regularizers",
    "settings",
    "inbound",
)
"""What is compared of a layer; shapes and numbers of parameters follow from it."""


def flat(name: str, value: object) -> Iterator[tuple[str, Any]]:
    """A setting as dotted names and values; an object is its class under its own name, and its settings below.

    Args:
        name: its name.
        value: what ``Run.training`` or ``Run.architecture`` hold.
    """
    if isinstance(value, Component):
        yield name, value.class_name
        value = {**value.settings, **{each: getattr(value, each) for each in _further(value)}}
    elif is_dataclass(value):
        value = {each.name: getattr(value, each.name) for each in fields(value)}
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from flat(f"{name}.{key}" if name else key, item)
    elif isinstance(value, tuple | list) and any(is_dataclass(item) for item in value):
        for number, item in enumerate(value):
            yield from flat(f"{name}.{getattr(item, 'output', '') or number}", item)
    else:
        yield name, list(value) if isinstance(value, tuple) else value


def _further(component: Component) -> list[str]:
    """The fields that a kind of component adds; what the settings say already is left out."""
    own = {each.name for each in fields(Component)}
    return [each.name for each in fields(component) if each.name not in own | component.settings.keys()]


def training(run: Run) -> dict[str, Any]:
    """Everything in ``Run.training`` by dotted name."""
    return dict(flat("", run.training))


def layer_differences(runs: Mapping[str, Run]) -> dict[str, list[Any]]:
    """Facts about layers that differ between runs, for layers that all of them have.

    Args:
        runs: by name, with aligned paths.

    Returns:
        By name, such as ``activation of hidden_1``, one value per run. Layers that differ alike share one entry.
    """
    known = [{layer.path: _facts(layer) for layer in run.architecture} for run in runs.values()]
    common = [path for path in known[0] if all(path in own for own in known)]
    found: dict[tuple[str, str], tuple[list[Any], list[str]]] = {}
    for path in common:
        names = dict.fromkeys(name for own in known for name in own[path])
        for name in names:
            values = [own[path].get(name) for own in known]
            if any(value != values[0] for value in values):
                found.setdefault((name, repr(values)), (values, []))[1].append(path)
    return {f"{name} of {_listed(paths)}": values for (name, _), (values, paths) in found.items()}


def _facts(layer: Layer) -> dict[str, Any]:
    facts = {name: getattr(layer, name) for name in LAYER_FACTS}
    facts["class"] = facts.pop("class_name")
    return {name.replace("settings.", ""): value for name, value in flat("", facts)}


def _listed(paths: Sequence[str]) -> str:
    return ", ".join(paths) if len(paths) <= 3 else f"{paths[0]}, {paths[1]} and {len(paths) - 2} more layers"
