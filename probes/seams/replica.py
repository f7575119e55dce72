"""Which replica of a ``tf.distribute`` strategy runs here."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from probes.errors import UsageError

LOCAL_ID = "_replica_id"
"""The replica context's private number among the replicas of its process."""


def place_in_process() -> int:
    """This replica's place among those of its process, from 0.

    If TensorFlow does not show it, it follows from the number among all replicas: every process has equally many.

    Raises:
        UsageError: neither number is known while the step is traced.
    """
    context: Any = tf.distribute.get_replica_context()
    if hasattr(context, LOCAL_ID):
        return getattr(context, LOCAL_ID)
    number = tf.get_static_value(context.replica_id_in_sync_group)
    if number is None:
        raise UsageError(
            what="the replica that runs this step is not known",
            where="tf.distribute strategy",
            got=type(context.strategy).__name__,
            do="use tf.distribute.MirroredStrategy, or train on one device",
        )
    return int(number) % len(context.strategy.extended.worker_devices)
