"""What a `Trainer` cannot take, refused before the first step or explained at it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from diagnostics.runs.files import json_text
from probes.errors import UsageError


def whole(name: str, value: object, least: int, where: str) -> int:
    """The value as an ``int``.

    Raises:
        UsageError: it is not a whole number, or below ``least``.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        do = f"give a whole number, {least} or more"
        raise UsageError(what=f"invalid {name}", where=f"{where}({name}=...)", got=repr(value), do=do)
    return int(value)


def checked_config(config: Mapping[str, Any] | None, where: str) -> dict[str, Any]:
    """Settings that can be stored.

    Raises:
        UsageError: no mapping, or one that contains itself or is nested too deeply for JSON.
    """
    if config is not None and not isinstance(config, Mapping):
        got, do = repr(config), "give a dictionary of settings"
        raise UsageError(what="config is not a mapping", where=f"{where}(config=...)", got=got, do=do)
    try:
        json.loads(json_text(dict(config or {})))
    except (RecursionError, ValueError) as error:
        got = f"a dictionary that contains itself, or is nested too deeply ({type(error).__name__})"
        do = "give plain settings: numbers, texts, lists and dictionaries"
        raise UsageError(what="config cannot be stored", where=f"{where}(config=...)", got=got, do=do) from error
    return dict(config or {})


def check_labels(loss: object, model: keras.Model, y: ArrayLike | None) -> None:
    """Refuse class numbers that the model has no output for, when the labels are given as an array.

    Raises:
        UsageError: a label below 0, or too large.
    """
    shape = getattr(model, "output_shape", None) if model.built else None
    name = str(getattr(loss, "name", "")).lower()
    if not name.startswith("sparse") or y is None or not isinstance(shape, tuple) or shape[-1] is None:
        return
    low, high = int(np.min(y)), int(np.max(y))
    if low < 0 or high >= shape[-1]:
        raise UsageError(
            what="labels out of range",
            where="Trainer.fit(y=...)",
            got=f"labels from {low} to {high}, and {shape[-1]} outputs",
            do=f"number the classes from 0 to {shape[-1] - 1}, or give the last layer {high + 1} units",
        )


@contextmanager
def first_step_explained(dataset: tf.data.Dataset, model: keras.Model) -> Iterator[None]:
    """Say in four parts why the first step failed; the original error stays attached.

    Raises:
        UsageError: batch, model and loss do not fit together.
    """
    try:
        yield
    except UsageError:
        raise
    except (ValueError, TypeError, tf.errors.InvalidArgumentError, tf.errors.NotFoundError) as error:
        lines = [line.strip() for line in str(getattr(error, "message", None) or error).splitlines() if line.strip()]
        outputs = f", outputs {model.output_shape}" if model.built and hasattr(model, "output_shape") else ""
        raise UsageError(
            what="the first training step failed",
            where=f"Trainer.fit, model {model.name}",
            got=f"batches {_shapes(dataset)}{outputs}: {lines[0] if lines else type(error).__name__}",
            do="make the batches fit the model's input, and the targets its output and the loss",
        ) from error


def _shapes(dataset: tf.data.Dataset) -> str:
    specs = tf.nest.flatten(dataset.element_spec)
    return ", ".join(
        f"{getattr(spec, 'shape', spec)} {getattr(getattr(spec, 'dtype', None), 'name', '')}" for spec in specs
    )
