"""What a `Trainer` cannot take, refused before the first step or explained at it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import ArrayLike

from diagnostics.runs.confined import as_path
from diagnostics.runs.files import json_text
from probes.errors import UsageError

COLOURS = re.compile(r"\x1b\[\d*m")
NOT_TELLING = re.compile(r"Graph execution error|Detected at node|File |Exception encountered when calling|<stack|\[\[")
"""Beginnings of lines around the one that says what went wrong."""


def whole(name: str, value: object, least: int, where: str) -> int:
    """The value as an ``int``.

    Raises:
        UsageError: it is not a whole number, or below ``least``.
    """
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        do = f"give a whole number, {least} or more"
        raise UsageError(what=f"invalid {name}", where=f"{where}({name}=...)", got=repr(value), do=do)
    return int(value)


def checked_directory(directory: object, where: str) -> Path:
    """A folder for results.

    Raises:
        UsageError: it is no path, or an empty one.
    """
    path = as_path(directory, f"{where}(directory)")
    if directory == "":
        raise UsageError(what="this is no path", where=f"{where}(directory)", got="''", do="name a folder")
    return path


def check_switch(name: str, value: object, where: str) -> None:
    """Refuse what is neither true nor false.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(value, bool | np.bool_):
        got = f"{value!r:.200}"
        raise UsageError(what=f"invalid {name}", where=f"{where}({name}=...)", got=got, do="give True or False")


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
    labels = np.asarray(y if y is not None else ())
    outputs = shape[-1] if isinstance(shape, tuple) else None
    if not name.startswith("sparse") or outputs is None or labels.size == 0 or labels.dtype.kind not in "iufb":
        return
    low, high = int(np.min(labels)), int(np.max(labels))
    if low < 0 or high >= outputs:
        raise UsageError(
            what="labels out of range",
            where="Trainer.fit(y=...)",
            got=f"labels from {low} to {high}, and {outputs} outputs",
            do=f"number the classes from 0 to {outputs - 1}, or give the last layer {max(high, 0) + 1} units",
        )


def checked_seed(seed: object, where: str) -> int | None:
    """A seed that NumPy and Keras take, or ``None``.

    Raises:
        UsageError: no whole number between 0 and 2³² − 1.
    """
    if seed is not None and whole("seed", seed, 0, where) >= 2**32:
        do = "give a whole number below 2³², or None"
        raise UsageError(what="invalid seed", where=f"{where}(seed=...)", got=repr(seed), do=do)
    return None if seed is None else whole("seed", seed, 0, where)


def check_progress(progress: object) -> None:
    """Refuse what is neither a switch nor a function.

    Raises:
        UsageError: something else.
    """
    if not isinstance(progress, bool) and not callable(progress):
        do = "give True, False, or a function of (steps, numbers)"
        where = "Trainer.fit(progress=...)"
        raise UsageError(what="progress cannot be shown by this", where=where, got=repr(progress), do=do)


def check_scalar(loss: tf.Tensor) -> None:
    """Refuse losses of examples, whose mean or sum only the user can choose.

    Raises:
        UsageError: the loss is no scalar.
    """
    if loss.shape.rank not in (0, None):
        raise UsageError(
            what="the loss is no single number",
            where="Trainer(loss=...)",
            got=f"a tensor of shape {[*loss.shape]}",
            do="let the function return tf.reduce_mean(...) of it, or name a loss of Keras",
        )


@contextmanager
def first_step_explained(
    dataset: tf.data.Dataset, model: keras.Model, what: str = "the first training step"
) -> Iterator[None]:
    """Say in four parts why the first step failed; the original error stays attached.

    Raises:
        UsageError: batch, model and loss do not fit together.
    """
    try:
        yield
    except UsageError:
        raise
    except (ValueError, TypeError, tf.errors.InvalidArgumentError, tf.errors.NotFoundError) as error:
        outputs = f", outputs {model.output_shape}" if model.built and hasattr(model, "output_shape") else ""
        raise UsageError(
            what=f"{what} failed",
            where=f"Trainer.fit, model {model.name}",
            got=f"batches {_shapes(dataset)}{outputs}: {_telling_line(error)}",
            do="make the batches fit the model's input, and the targets its output and the loss",
        ) from error


def _telling_line(error: Exception) -> str:
    """The line of a message that says what went wrong, without colours, and without where in the frameworks it did."""
    lines = COLOURS.sub("", str(getattr(error, "message", None) or error)).splitlines()
    telling = [line.strip() for line in lines if line.strip() and not NOT_TELLING.match(line.strip())]
    return telling[0] if telling else type(error).__name__


def _shapes(dataset: tf.data.Dataset) -> str:
    specs = tf.nest.flatten(dataset.element_spec)
    return ", ".join(
        f"{getattr(spec, 'shape', spec)} {getattr(getattr(spec, 'dtype', None), 'name', '')}" for spec in specs
    )
