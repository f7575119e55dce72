"""Seeds several trainings in one process without discarding compiled functions.

``keras.utils.set_random_seed`` also resets TensorFlow's stateful random operations, by discarding every compiled function: the
next call optimizes its graph again, which takes as long as 200 steps for a model of 20 layers. Keras does not need that reset: its
initializers, dropout and noise are stateless, with seeds from Python's generator or from variables of the model.
"""

from __future__ import annotations

import random

import numpy as np
import tensorflow as tf

GLOBAL_SEED = 0
"""TensorFlow's own seed, the same for every training; shuffling combines it with the training's seed."""


def begin_seeding() -> None:
    """Set TensorFlow's own seed once, before the first of several trainings."""
    tf.random.set_seed(GLOBAL_SEED)


def set_host_seeds(seed: int) -> None:
    """Seed Python and NumPy, and through them everything random in Keras.

    Args:
        seed: at least 0, below 2³².
    """
    random.seed(seed)
    np.random.seed(seed)
