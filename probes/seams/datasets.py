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

SEEDS = ("_seed", "_seed2")
"""TensorFlow's private names for the two seeds of a stage that shuffles; both are 0 if there is none."""

ADAPTER_DATASET = "_dataset"
"""Keras' private name for the data set that it was given."""

BATCHES = "_distributed_dataset"
"""Keras' private name for the batches that ``fit`` iterates over."""


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


def randomness_of(dataset: Any) -> list[str]:
    """What in a data set's pipeline makes its order, or its content, another one each time.

    Args:
        dataset: a ``tf.data.Dataset``; what is not known is taken to repeat itself.

    Returns:
        One clause for each stage that shuffles or draws without a seed, or does not keep to an order.
    """
    try:
        found = [*_unrepeatable(dataset)]
        return [*found, "options that do not keep to an order"] if _is_free(dataset) else found
    except Exception:  # a data set of another kind: nothing is known
        return []


def _unrepeatable(dataset: Any) -> Iterator[str]:
    inputs: Any = getattr(dataset, INPUTS, list)
    for each in inputs():
        yield from _unrepeatable(each)
    name = type(dataset).__name__.strip("_").removesuffix("Dataset")
    seeds = [getattr(dataset, seed, None) for seed in SEEDS]
    if all(seed is not None and int(seed) == 0 for seed in seeds):
        yield f"a stage {name} without a seed"
    if str(getattr(dataset, "_deterministic", None)).lower() == "false":
        yield f"a stage {name} with deterministic=False"
    for function in getattr(dataset, "_functions", list)():
        graph = function.function.graph.as_graph_def()
        nodes = [*graph.node, *(node for each in graph.library.function for node in each.node_def)]
        if any("seed2" in node.attr and not (node.attr["seed"].i or node.attr["seed2"].i) for node in nodes):
            yield f"a stage {name} that draws random numbers without a seed"


def _is_free(dataset: Any) -> bool:
    return dataset.options().deterministic is False


@dataclass(frozen=True)
class Feed:
    """What feeds a running ``fit``.

    Attributes:
        source: the arrays, data set, generator or ``PyDataset`` that ``fit`` was given; ``None`` if that is not known.
        shuffle: the argument ``shuffle`` of ``fit``.
        batch_size: examples in a batch, as Keras knows them.
        dataset: the batches, as ``fit`` iterates over them.
    """

    source: Any = None
    shuffle: Any = None
    batch_size: int | None = None
    dataset: Any = None


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
            source, dataset = _of(adapter, ADAPTER_DATASET) or known.get("x"), _of(known["epoch_iterator"], BATCHES)
            return Feed(source, known.get("shuffle"), size, dataset)
        frame = frame.f_back
    return Feed()


def _of(owner: Any, name: str) -> Any:
    try:
        return getattr(owner, name, None)
    except Exception:  # as for a data set whose element has no shape
        return None
