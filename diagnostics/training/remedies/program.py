"""What is trained again and again: a compiled model and its data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from numpy.typing import ArrayLike

if TYPE_CHECKING:
    import keras

NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})


class Program(NamedTuple):
    """A compiled model and the data that it is trained on, made anew for each training.

    Args:
        model: compiled, not trained.
        x: inputs, ``[examples, ...]``.
        y: targets, ``[examples, ...]``.
        epochs: the budget, the same for every remedy.
        batch_size: examples per step.
        validation: inputs and targets to judge the trained model by; a random fifth of the examples if None.
        options: further arguments of ``fit``, such as ``class_weight`` or ``shuffle``.
    """

    model: keras.Model
    x: ArrayLike
    y: ArrayLike
    epochs: int = 5
    batch_size: int = 32
    validation: tuple[ArrayLike, ArrayLike] | None = None
    options: Mapping[str, Any] = NO_OPTIONS


Make = Callable[[int], Program]
"""Makes the program of a seed; random numbers are seeded before."""
