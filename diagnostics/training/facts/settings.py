"""The settings of a training, however it is started: ``fit``, ``Trainer``, or a loop of the user's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import tensorflow as tf

from diagnostics.runs.facts import Training
from diagnostics.training.facts.losses import compiled_loss, loss_facts
from diagnostics.training.facts.optimizers import optimizer_facts
from diagnostics.training.facts.pipeline import LOOP, pipeline_of_dataset, pipeline_of_fit
from diagnostics.training.facts.script import running_script
from diagnostics.training.step import TrainingStep
from probes.seams.compiled import compiled_metrics
from probes.seams.datasets import Feed, stages_of


def of_fit(model: keras.Model, feed: Feed, parameters: Mapping[str, Any]) -> Training:
    """The settings of a ``fit`` that is running.

    Args:
        model: the compiled model.
        feed: what feeds it.
        parameters: what Keras tells its callbacks: ``epochs`` and ``steps``.
    """
    return Training(
        loss=compiled_loss(model),
        optimizer=None if model.optimizer is None else optimizer_facts(model.optimizer),
        metrics=tuple(compiled_metrics(model)),
        precision=precision_of(model),
        batch_size=_whole(feed.batch_size) or _batch_size(feed.source),
        steps_per_epoch=_whole(parameters.get("steps")),
        epochs=_whole(parameters.get("epochs")),
        run_eagerly=bool(model.run_eagerly),
        jit_compile=bool(model.jit_compile),
        steps_per_execution=_whole(model.steps_per_execution),
        input_pipeline=pipeline_of_fit(feed),
        script=running_script(),
    )


def of_trainer(
    step: TrainingStep, optimizer: keras.optimizers.Optimizer, dataset: tf.data.Dataset, epochs: int
) -> Training:
    """The settings of a `Trainer`.

    Args:
        step: what it runs.
        optimizer: the optimizer whose settings are recorded; after ``restart``, the one that was passed in.
        dataset: its batches.
        epochs: epochs asked for.
    """
    steps = int(dataset.cardinality())
    return Training(
        loss=loss_facts(step.loss),
        optimizer=optimizer_facts(optimizer),
        metrics=tuple(metric.name for metric in step.metrics),
        precision=precision_of(step.model),
        batch_size=batch_size_of(dataset),
        steps_per_epoch=steps if steps >= 0 else None,
        epochs=epochs,
        run_eagerly=False,
        jit_compile=step.jit_compile,
        input_pipeline=pipeline_of_dataset(dataset),
        script=running_script(),
    )


def of_loop(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> Training:
    """The settings of a hand-written loop, as far as they can be seen: not how often it runs, nor on what.

    Args:
        model: the model that it trains.
        optimizer: what updates the weights.
    """
    return Training(
        optimizer=optimizer_facts(optimizer),
        precision=precision_of(model),
        input_pipeline=LOOP,
        script=running_script(),
    )


def precision_of(model: keras.Model) -> str | None:
    """The name of a model's dtype policy, such as ``mixed_float16``; ``None`` where it is no Keras model."""
    return getattr(getattr(model, "dtype_policy", None), "name", None)


def batch_size_of(dataset: tf.data.Dataset) -> int | None:
    """Examples in a batch: the size that the pipeline fixes, or that of its last batching; ``None`` if it is not known."""
    shapes = [spec.shape for spec in tf.nest.flatten(dataset.element_spec) if isinstance(spec, tf.TensorSpec)]
    sizes = [stage.size for stage in stages_of(dataset) if stage.name.endswith("Batch")]
    return next((shape[0] for shape in shapes if shape.rank), None) or next(reversed(sizes), None)


def _batch_size(source: object) -> int | None:
    return batch_size_of(source) if isinstance(source, tf.data.Dataset) else None


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else None
