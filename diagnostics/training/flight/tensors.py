"""Describes what went into an operation and came out: range, worst entries, and the examples that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from diagnostics.runs.flight import Values
from probes.seams.nest import Nest

MOST = 5
"""Entries and examples that are shown: enough to see a pattern."""


def is_finite(tensor: Nest) -> bool:
    """Whether all values are finite; true for whatever holds no floating numbers."""
    if not isinstance(tensor, tf.Tensor) or not (tensor.dtype.is_floating or tensor.dtype.is_complex):
        return True
    return bool(np.isfinite(_numbers(tensor)).all())


def described(name: str, tensor: Nest, examples: int, where: np.ndarray | None = None) -> Values:
    """One tensor.

    Args:
        name: what it is.
        tensor: the tensor.
        examples: the number of examples in the batch; the first axis of that length is taken for them.
        where: which entries are behind what is not finite; by default those that are not finite themselves, or else the
            largest.
    """
    array = _numbers(tensor)
    finite = np.isfinite(array)
    low, high = (float(array[finite].min()), float(array[finite].max())) if finite.any() else (np.nan, np.nan)
    chosen = ~finite if where is None and not finite.all() else where
    places = np.argwhere(chosen) if chosen is not None and chosen.any() else _largest(array)
    worst = tuple((_place(place), float(array[tuple(place)])) for place in places[:MOST])
    batched = array.ndim > 0 and examples > 0 and array.shape[0] == examples
    numbers = tuple(sorted({int(place[0]) for place in places}))[:MOST] if batched else ()
    shape = f"{tensor.dtype.name} {list(array.shape)}"
    return Values(name, shape, low, high, int((~finite).sum()), worst, numbers)


def inputs_described(inputs: Sequence[Any], outputs: Sequence[Any], examples: int) -> tuple[Values, ...]:
    """The numeric inputs of an operation, with the entries behind those of the output that are not finite."""
    bad = next((~np.isfinite(_numbers(each)) for each in outputs if not is_finite(each)), None)
    numeric = [each for each in inputs if isinstance(each, tf.Tensor) and _is_numeric(each.dtype)]
    return tuple(
        described(f"input {place}", each, examples, _behind(bad, each.numpy().shape))
        for place, each in enumerate(numeric)
    )


def _behind(bad: np.ndarray | None, shape: tuple[int, ...]) -> np.ndarray | None:
    """The entries of an input that those of the output come from: the same ones, or the same rows."""
    if bad is None or not bad.ndim or not shape:
        return None
    if bad.shape == shape:
        return bad
    if bad.shape[0] != shape[0]:
        return None
    rows = bad.reshape(bad.shape[0], -1).any(axis=1)
    return np.broadcast_to(rows.reshape(-1, *[1] * (len(shape) - 1)), shape)


def _largest(array: np.ndarray) -> np.ndarray:
    order = np.argsort(-np.abs(array), axis=None)[:MOST]
    return np.stack(np.unravel_index(order, array.shape), axis=-1) if array.ndim else np.empty((1, 0), int)


def _place(place: np.ndarray) -> str:
    return f"[{', '.join(map(str, place))}]"


def _is_numeric(dtype: tf.DType) -> bool:
    return dtype.is_floating or dtype.is_integer


def _numbers(tensor: Nest) -> np.ndarray:
    array = tensor.numpy()
    return np.abs(array) if array.dtype.kind == "c" else array.astype(np.float64)
