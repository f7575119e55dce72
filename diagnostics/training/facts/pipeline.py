"""Describes where the batches of a training come from, and whether their order is random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from diagnostics.runs.facts import InputPipeline
from diagnostics.training.facts.encoding import text_of
from probes.seams.datasets import Feed, Stage, stages_of

SHUFFLING = frozenset({"Shuffle", "ShuffleAndRepeat"})
UNKNOWN_ORDER = frozenset({"DirectedInterleave", "ParallelInterleave", "Generator", "FlatMap", "Rebatch"})
"""Stages behind which anything may come in any order: Python generators (which are flat-mapped) and mixtures."""

LOOP = InputPipeline("loop")


def pipeline_of_fit(feed: Feed) -> InputPipeline:
    """Describe what feeds a ``fit``.

    ``shuffle`` counts for arrays only: Keras ignores it for data sets, and of a ``PyDataset`` it shuffles whole batches.
    With ``shuffle="batch"`` examples change places within a batch only.
    """
    if isinstance(feed.source, tf.data.Dataset | tf.distribute.DistributedDataset):
        return pipeline_of_dataset(feed.source)
    if isinstance(feed.source, keras.utils.PyDataset):
        return InputPipeline("PyDataset", None, text_of(feed.source))
    arrays = [each for each in keras.tree.flatten(feed.source) if each is not None]
    if arrays and all(hasattr(each, "shape") for each in arrays):
        return InputPipeline("arrays", bool(feed.shuffle) and feed.shuffle != "batch", _shapes(arrays))
    return InputPipeline("unknown" if feed.source is None else "generator", None, text_of(feed.source))


def pipeline_of_dataset(dataset: object) -> InputPipeline:
    """Describe a ``tf.data.Dataset``, with all its stages from the source on."""
    stages = stages_of(dataset)
    return InputPipeline("tf.data", _is_shuffled(stages), " -> ".join(map(str, stages)))


def _is_shuffled(stages: Sequence[Stage]) -> bool | None:
    names = {stage.name for stage in stages}
    if names & SHUFFLING:
        return True
    whole = bool(names) and not names & UNKNOWN_ORDER
    return False if whole and len(stages) > 1 else None


def _shapes(arrays: Sequence[Any]) -> str:
    return ", ".join(f"{getattr(each, 'dtype', type(each).__name__)}{[*each.shape]}" for each in arrays)
