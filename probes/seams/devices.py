"""Where the operations of a step may run."""

from __future__ import annotations

import tensorflow as tf


def is_one_cpu() -> bool:
    """Whether one CPU holds everything, so that a condition on a tensor makes no device wait for the host."""
    return not tf.distribute.has_strategy() and all(
        device.device_type == "CPU" for device in tf.config.list_logical_devices()
    )
