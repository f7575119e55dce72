"""What a ``tf.data`` pipeline is made of, and what feeds a running ``fit``."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

INPUTS = "_inputs"
SIZES = {"Shuffle": "_buffer_size", "Batch": "_batch_size", "ParallelBatch": "_batch_size"}
"""TensorFlow's private names for the data sets that a data set reads, and for the size of a buffer or batch."""

ADAPTER_DATASET = "_dataset"
"""Keras' private name for the data set that it was given."""


@dataclass(frozen=True)
class Stage:
    """One stage of a pipeline.

    Attributes:
        name: what it does, such as ``Shuffle``.
        size: entries in its buffer or batch; ``None`` for other stages, or if it is not known.
    """

    name: str
    size: int | None = None

    def __str__(self) -> str:
        return self.name if self.size is None else f"{self.name}({self.size})"


def stages_of(dataset: Any) -> list[Stage]:
    """The stages of a data set, from its sources to its end; one of unknown inputs ends the list there.

    Args:
        dataset: a ``tf.data.Dataset``; several inputs come one after the other.
    """
    try:
        return [*_stages(dataset)]
    except Exception:  # a data set of another kind: what is recorded must never stop a training
        return [Stage(type(dataset).__name__)]


def _stages(dataset: Any) -> Iterator[Stage]:
    inputs: Any = getattr(dataset, INPUTS, list)
    for each in inputs():
        yield from _stages(each)
    name = type(dataset).__name__.strip("_").removesuffix("Dataset")
    if name not in ("Options", "Model"):
        yield Stage(name, _number(getattr(dataset, SIZES[name], None)) if name in SIZES else None)


def _number(value: Any) -> int | None:
    number = None if value is None else tf.get_static_value(value)
    return None if number is None else int(number)


@dataclass(frozen=True)
class Feed:
    """What feeds a running ``fit``.

    Attributes:
        source: the arrays, data set, generator or ``PyDataset`` that ``fit`` was given; ``None`` if that is not known.
        shuffle: the argument ``shuffle`` of ``fit``.
        batch_size: examples in a batch, as Keras knows them.
    """

    source: Any = None
    shuffle: Any = None
    batch_size: int | None = None


def feed_of_running_fit() -> Feed:
    """What feeds the ``fit`` that this is called from, for use inside a callback.

    Keras tells its callbacks neither the data nor how they are shuffled; the local variables of ``fit`` are the only way.
    """
    frame = inspect.currentframe()
    while frame is not None:
        # One copy of the variables a frame: each access makes another.
        known = frame.f_locals if frame.f_code.co_name == "fit" else {}
        if isinstance(known.get("self"), keras.Model) and "epoch_iterator" in known:
            adapter = getattr(known["epoch_iterator"], "data_adapter", None)
            size = _of(adapter, "batch_size")
            return Feed(_of(adapter, ADAPTER_DATASET) or known.get("x"), known.get("shuffle"), size)
        frame = frame.f_back
    return Feed()


def _of(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name, None)
    except Exception:  # as for a data set whose element has no shape
        return None
