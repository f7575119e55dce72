"""A fixed set of examples on which a probe can look at the model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from probes.errors import UsageError


@dataclass(frozen=True, eq=False)
class ReferenceSet:
    """The inputs of a model for a fixed set of examples.

    Attributes:
        inputs: tensors in the structure that the model takes, each ``[examples, ...]``.
    """

    inputs: Any

    @classmethod
    def of(cls, inputs: object) -> ReferenceSet:
        """From arrays in the structure that the model takes.

        Raises:
            UsageError: no arrays, none or unequal numbers of examples.
        """
        try:
            tensors = keras.tree.map_structure(tf.convert_to_tensor, inputs)
        except (TypeError, ValueError) as error:
            raise misfit(f"a {type(inputs).__name__}", "give arrays or tensors, one for each input") from error
        counts = {tensor.shape[0] if tensor.shape.rank else 0 for tensor in keras.tree.flatten(tensors)}
        if len(counts) != 1 or 0 in counts:
            raise misfit(
                f"inputs of shape {shapes(tensors)}", "give every input the same number of examples, 1 or more"
            )
        return cls(tensors)

    def check(self, model: keras.Model) -> None:
        """Refuse a model that takes other inputs, as far as the model says which it takes.

        Raises:
            UsageError: naming the shapes.
        """
        if not isinstance(model, keras.Layer):
            raise misfit(
                f"a {type(model).__name__} that holds no layers", "give the monitor a Keras model, or a window"
            )
        expected, given = getattr(model, "inputs", None) or (), keras.tree.flatten(self.inputs)
        pairs = zip(expected, given, strict=False)
        fits = len(expected) == len(given) and all(
            tf.TensorShape(e.shape).is_compatible_with(g.shape) for e, g in pairs
        )
        if expected and not fits:
            wanted = ", ".join(str(tuple(each.shape)) for each in expected)
            raise misfit(f"shape {shapes(self.inputs)}", f"give what {model.name} takes: {wanted}")

    def __repr__(self) -> str:
        """Shapes only."""
        return f"ReferenceSet({shapes(self.inputs)})"


def shapes(tensors: object) -> str:
    """The shapes of all tensors in a structure, for messages."""
    return ", ".join(str(tuple(tensor.shape)) for tensor in keras.tree.flatten(tensors))


def misfit(got: str, do: str) -> UsageError:
    """The error for a reference set that cannot be evaluated."""
    return UsageError(what="the reference set cannot be evaluated", where="reference=...", got=got, do=do)
