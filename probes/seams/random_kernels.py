"""Random operations that keep their state in themselves."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


def random_kernels(graph: tf.compat.v1.GraphDef) -> list[str]:
    """The operations that hold their own random state, which no seed reaches and no other function continues.

    Args:
        graph: a traced function's graph, with its library.

    Returns:
        Their types, such as ``RandomUniform``, sorted; empty if everything random comes from Keras.
    """
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    return sorted({node.op for node in nodes if "seed2" in node.attr})


def random_kernels_of(graph: Any) -> list[str]:
    """The same for the outermost of the graphs around one that was traced; ``None`` stands for a step that runs eagerly."""
    while graph is not None and hasattr(getattr(graph, "outer_graph", None), "outer_graph"):
        graph = graph.outer_graph
    return [] if graph is None else random_kernels(graph.as_graph_def())
