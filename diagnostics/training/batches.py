"""Training data as ``fit`` takes it, as a ``tf.data.Dataset`` of batches."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from probes.errors import UsageError
from probes.seams.nest import Nest

BATCH_SIZE = 32
"""The default batch size of ``model.fit`` for arrays."""

TAKES = "give arrays with y=..., a tf.data.Dataset of batches, a keras.utils.PyDataset, or a generator of batches"


def dataset_of(
    x: object,
    y: object = None,
    sample_weight: object = None,
    *,
    batch_size: int = BATCH_SIZE,
    shuffle: bool = True,
    class_weight: Mapping[int, float] | None = None,
    shuffle_seed: int | None = None,
) -> tf.data.Dataset:
    """Batches ``(x, y)`` or ``(x, y, sample_weight)``.

    Args:
        x: arrays, in any structure; or batches: a ``tf.data.Dataset``, a ``keras.utils.PyDataset``, a generator.
        y: targets, for arrays only.
        sample_weight: weights of the examples, for arrays only.
        batch_size: for arrays only.
        shuffle: for arrays only: shuffle the examples before every epoch.
        class_weight: multiplies each example's weight by that of its class.
        shuffle_seed: seeds the shuffling of arrays; ``None`` leaves it to TensorFlow's own seed.

    Raises:
        UsageError: something else, arrays of different lengths, or no examples.
    """
    if isinstance(x, (tf.data.Dataset, keras.utils.PyDataset, Iterator)):
        if y is not None or sample_weight is not None:
            raise _refused("y or sample_weight beside batches", "put them into the batches: (x, y, sample_weight)")
        dataset = x if isinstance(x, tf.data.Dataset) else _of_batches(x)
    else:
        dataset = _of_arrays(x, y, sample_weight, batch_size, shuffle, shuffle_seed)
    if int(dataset.cardinality()) == 0:
        raise _refused("no batch at all", "check what the data set is made from")
    if int(dataset.cardinality()) == tf.data.INFINITE_CARDINALITY:
        raise _refused("a data set without an end", "say how many batches make an epoch: dataset.take(...)")
    return dataset if class_weight is None else dataset.map(_weighting(_checked_weights(class_weight)))


def evaluation_of(data: object, batch_size: int) -> tf.data.Dataset | None:
    """Batches for evaluation, in their own order: ``None``, batches, or arrays ``(x, y)`` or ``(x, y, sample_weight)``."""
    if data is None:
        return None
    parts = tuple(data) if isinstance(data, tuple | list) else (data,)
    if not 1 <= len(parts) <= 3:
        raise _refused(f"{len(parts)} parts", "give (x, y) or (x, y, sample_weight)")
    return dataset_of(*parts, batch_size=batch_size, shuffle=False)


def _of_arrays(
    x: object, y: object, sample_weight: object, batch_size: int, shuffle: bool, seed: int | None
) -> tf.data.Dataset:
    parts = tuple(part for part in (x, y, sample_weight) if part is not None)
    parts = parts if y is not None else (*parts[:1], None, *parts[1:]) if sample_weight is not None else parts
    # Keras takes lists of inputs, where tf.data sees one tensor.
    arrays = tf.nest.map_structure(_array, keras.tree.lists_to_tuples(parts[0] if len(parts) == 1 else parts))
    lengths = sorted({len(array) for array in tf.nest.flatten(arrays)})
    if not lengths or lengths == [0]:
        raise _refused("no examples", "check what the arrays are made from")
    if len(lengths) > 1:
        raise _refused(
            f"arrays of {' and '.join(map(str, lengths))} examples", "give every array one entry per example"
        )
    dataset = tf.data.Dataset.from_tensor_slices(arrays)
    return (dataset.shuffle(lengths[0], seed=seed) if shuffle else dataset).batch(batch_size)


def _array(part: object) -> np.ndarray:
    array = np.asarray(part)
    if array.dtype == object or array.dtype.kind in "US" or array.ndim == 0:
        raise _refused(f"{type(part).__name__} {part!r:.60}", TAKES)
    # As Keras does: NumPy's default float64 would double the memory and not match the model's weights.
    return array.astype(keras.backend.floatx()) if array.dtype == np.float64 else array


def _of_batches(source: keras.utils.PyDataset | Iterator[Nest]) -> tf.data.Dataset:
    """Batches of a ``PyDataset``, which restarts every epoch, or of a generator, which continues where it stopped."""
    if isinstance(source, keras.utils.PyDataset):
        first, count = (source[0], source.num_batches) if source.num_batches else (None, 0)
        batches = lambda: _epoch_of(source)  # noqa: E731
    else:
        first, count = next(source, None), None
        left = itertools.chain([first], source)
        batches = lambda: map(_kept, left)  # noqa: E731
    if first is None:
        raise _refused("no batch at all", "check what the batches are made from")
    like = tf.nest.map_structure(lambda part: tf.TensorSpec([None, *np.shape(part)[1:]], np.asarray(part).dtype), first)
    dataset = tf.data.Dataset.from_generator(batches, output_signature=like)
    return dataset if count is None else dataset.apply(tf.data.experimental.assert_cardinality(count))


def _epoch_of(source: keras.utils.PyDataset) -> Iterator[Any]:
    """The end is told before the last batch is handed out: nobody need ask for another one after it."""
    last = source.num_batches - 1
    for number in range(last):
        yield _kept(source[number])
    batch = _kept(source[last])
    source.on_epoch_end()
    yield batch


def _kept(batch: Nest) -> Nest:
    """A copy: a source may fill one buffer again or shuffle in place, while TensorFlow still reads the memory it was given."""
    return tf.nest.map_structure(np.array, batch)


def _checked_weights(class_weight: object) -> Mapping[int, float]:
    is_whole = isinstance(class_weight, Mapping) and class_weight
    if not isinstance(class_weight, Mapping) or not is_whole or not all(map(_is_weight, class_weight.items())):
        raise UsageError(
            what="these are no weights of classes",
            where="Trainer.fit(class_weight=...)",
            got=f"{class_weight!r:.200}",
            do="give a dictionary from class numbers to factors, such as {0: 1.0, 1: 5.0}",
        )
    return class_weight


def _is_weight(item: tuple[object, object]) -> bool:
    key, value = item
    return isinstance(key, int | np.integer) and isinstance(value, int | float | np.number)


def _weighting(class_weight: Mapping[int, float]) -> Callable[..., tuple[Nest, Nest, tf.Tensor]]:
    keys = tf.constant([*class_weight], tf.int64)
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(keys, tf.constant([*class_weight.values()], tf.float32)), 1.0
    )

    def weighted(*batch: Any) -> tuple[Any, Any, tf.Tensor]:
        unpacked: tuple[Any, Any, Any] = keras.utils.unpack_x_y_sample_weight(batch)
        x, y, weight = unpacked
        one_hot = y.shape.rank is not None and y.shape.rank > 1 and y.shape[-1] != 1
        classes = tf.argmax(y, axis=-1) if one_hot else tf.reshape(tf.cast(y, tf.int64), [-1])
        own = table.lookup(tf.cast(classes, tf.int64))
        return x, y, own if weight is None else own * tf.cast(weight, tf.float32)

    return weighted


def _refused(got: str, do: str) -> UsageError:
    return UsageError(what="this cannot be trained on", where="Trainer.fit(...)", got=got, do=do)
