"""Batches and signs of the steps since the host looked last, kept on the device from within the compiled step."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from probes.seams.nest import Nest

ANY = -1


class KeptList:
    """A list of tensors of any shape that a compiled step appends to. It holds the tensors themselves, not copies.

    Args:
        dtype: the tensors' type.
    """

    def __init__(self, dtype: tf.DType) -> None:
        self._dtype = dtype
        self._list = tf.Variable(self._empty(), shape=(), dtype=tf.variant, trainable=False)

    def push(self, tensor: tf.Tensor) -> tf.Operation:
        """Append a tensor, inside a step; returns the operation that does it."""
        longer = tf.raw_ops.TensorListPushBack(input_handle=self._list.read_value(), tensor=tensor)
        return self._list.assign(longer, read_value=False)

    def take(self) -> list[tf.Tensor]:
        """Everything that was pushed since the last time, and an empty list in its place."""
        kept = self._list.read_value()
        self._list.assign(self._empty())
        count = int(tf.raw_ops.TensorListLength(input_handle=kept))
        return [self._item(kept, index) for index in range(count)]

    def _item(self, kept: tf.Tensor, index: int) -> tf.Tensor:
        return tf.raw_ops.TensorListGetItem(
            input_handle=kept, index=index, element_shape=ANY, element_dtype=self._dtype
        )

    def _empty(self) -> tf.Tensor:
        return tf.raw_ops.EmptyTensorList(element_shape=ANY, max_num_elements=ANY, element_dtype=self._dtype)


class KeptSteps:
    """Batches and signs of steps.

    Args:
        spec: the structure of a batch.
    """

    def __init__(self, spec: Nest) -> None:
        self.spec = spec
        parts = tf.nest.flatten(spec, expand_composites=True)
        with tf.init_scope():
            self._parts = [KeptList(part.dtype) for part in parts]
            self._signs = KeptList(tf.float64)

    def entering(self, batch: Nest) -> Nest:
        """Keep a batch before its step, so that it is there when the step raises; returns the batch to go on with."""
        flat = tf.nest.flatten(batch, expand_composites=True)
        pushed = [kept.push(part) for kept, part in zip(self._parts, flat, strict=True)]
        with tf.control_dependencies(pushed):
            flat = [tf.identity(part) for part in flat]
        return tf.nest.pack_sequence_as(batch, flat, expand_composites=True)

    def leaving(self, signs: tf.Tensor) -> None:
        """Keep the signs of the step that has ended."""
        self._signs.push(signs)

    def take(self) -> tuple[list[list[tf.Tensor]], list[np.ndarray]]:
        """The batches, each as its flat parts, and the signs, since the last time; one batch more after a step that raised."""
        columns = [kept.take() for kept in self._parts]
        batches = [list(parts) for parts in zip(*columns, strict=False)]
        return batches, [signs.numpy() for signs in self._signs.take()]
