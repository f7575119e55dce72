"""What replaying has to know of a training: how it was compiled, where it ran, and what it was made of."""

from __future__ import annotations

import os
import platform
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from diagnostics.runs.json_value import Json
from diagnostics.runs.manifest import versions
from diagnostics.training.named import MeanOf
from probes.errors import UsageError

NO_CODE = "is code of your own"


def environment() -> dict[str, Any]:
    """What the bits of a result depend on, beside the program: versions, devices, threads, options of TensorFlow."""
    threads = tf.config.threading
    return {
        **versions(),
        "machine": platform.machine(),
        "cpus": os.cpu_count(),
        "devices": [device.device_type for device in tf.config.list_logical_devices()],
        "threads": [threads.get_intra_op_parallelism_threads(), threads.get_inter_op_parallelism_threads()],
        "graph optimizer": dict(sorted(tf.config.optimizer.get_experimental_options().items())),
        "xla": tf.config.optimizer.get_jit() or "",
        "deterministic": bool(tf.config.experimental.is_op_determinism_enabled())
        if hasattr(tf.config.experimental, "is_op_determinism_enabled")
        else None,
        "float32 in matrix products": tf.config.experimental.tensor_float_32_execution_enabled(),
        "floatx": keras.config.floatx(),
    }


def saving(model: keras.Model) -> Callable[[Path], dict[str, Any]]:
    """A function that saves the model, and says what it cannot."""

    def save(path: Path) -> dict[str, Any]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.save(path)
        except Exception as error:  # code of the user's
            path.unlink(missing_ok=True)
            return {"model": None, "reason": f"{type(error).__name__}: {error}"}
        return {"model": path.name, "class": type(model).__name__}

    return save


def of_trainer(
    model: keras.Model,
    optimizer: keras.optimizers.Optimizer,
    loss: object,
    *,
    jit_compile: bool,
    random_kernels: Callable[[], list[str]],
) -> Callable[[], Mapping[str, Any]]:
    """What to write of a `Trainer`; called when a record is written."""

    def about() -> Mapping[str, Any]:
        parts = {"optimizer": _serialised(optimizer), "loss": _loss(loss)}
        options = {"jit_compile": jit_compile, "run_eagerly": False, "random_kernels": random_kernels()}
        return {"loop": "trainer", **options, "parts": parts, "environment": environment(), "model": saving(model)}

    return about


def of_fit(model: keras.Model, random_kernels: Callable[[], list[str]]) -> Callable[[], Mapping[str, Any]]:
    """What to write of ``model.fit``; called when a record is written."""

    def about() -> Mapping[str, Any]:
        options: dict[str, Any] = {"jit_compile": bool(model.jit_compile), "run_eagerly": bool(model.run_eagerly)}
        options["random_kernels"] = random_kernels()
        return {"loop": "fit", **options, "parts": {}, "environment": environment(), "model": saving(model)}

    return about


def check_recordable(strategy: tf.distribute.Strategy, has_folder: bool, where: str) -> None:
    """Refuse what cannot be recorded, before the first step.

    Raises:
        UsageError: several replicas, or no folder to write to.
    """
    got = f"{strategy.num_replicas_in_sync} replicas" if strategy.num_replicas_in_sync > 1 else ""
    got = got or ("" if has_folder else "directory=None")
    if got:
        raise UsageError(
            what="the steps cannot be recorded",
            where=f"{where}(flight_recorder=...)",
            got=got,
            do="leave it out, or train on one replica" if has_folder else "give a directory",
        )


def _serialised(value: object) -> Json:
    """Keras' own description of an object; ``None`` where it has none that can be read back safely."""
    try:
        return keras.saving.serialize_keras_object(value)
    except Exception:  # code of the user's
        return None


def _loss(loss: object) -> Json:
    return {"named": loss.name} if isinstance(loss, MeanOf) else _serialised(loss)
