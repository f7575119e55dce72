"""Seeds for one training after another in one process, without losing what is compiled.

``keras.utils.set_random_seed`` also resets TensorFlow's random kernels, by dropping every compiled function: the next call
optimises its graph anew, which for 20 layers takes as long as 200 steps. Keras does not need that: its initialisers, dropout and noise
draw statelessly, from seeds that come from Python's generator or stand in variables of the model.
"""

from __future__ import annotations

import random

import numpy as np
import tensorflow as tf

GLOBAL_SEED = 0
"""TensorFlow's own seed, the same for every training: a data set's shuffling mixes it with the seed of the training."""


def begin_seeding() -> None:
    """Set TensorFlow's own seed, once, before the first of several trainings."""
    tf.random.set_seed(GLOBAL_SEED)


def set_host_seeds(seed: int) -> None:
    """Seed Python and NumPy, and through them everything in Keras that draws.

    Args:
        seed: at least 0, below 2³².
    """
    random.seed(seed)
    np.random.seed(seed)


def random_kernels(graph: tf.compat.v1.GraphDef) -> list[str]:
    """The operations that keep the state of their random numbers to themselves, where no seed reaches them.

    Args:
        graph: a traced function's graph, with its library.

    Returns:
        Their kinds, such as ``RandomUniform``, sorted; empty for what draws through Keras.
    """
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return sorted({node.op for node in nodes if "seed2" in node.attr})
