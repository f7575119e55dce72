"""What a ``tf.Module`` holds in its attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

FLATTEN = "_flatten"
"""TensorFlow's private method from which its own lists of variables and submodules are made."""


def members(module: tf.Module, wanted: Callable[[Any], bool], recursive: bool = True) -> list[tuple[str, Any]]:
    """Attribute path (``blocks/0``) and value of everything ``wanted`` in a module's attributes, sorted by name.

    Args:
        module: whose attributes are searched, also inside lists, tuples and dictionaries.
        wanted: whether a value is asked for.
        recursive: search the modules inside, too.
    """
    if hasattr(module, FLATTEN):
        found = getattr(module, FLATTEN)(predicate=wanted, recursive=recursive, with_path=True)
    else:
        found = _members(module, wanted, recursive, (), ())
    return [("/".join(map(str, path)), value) for path, value in found]


def _members(
    module: tf.Module, wanted: Callable[[Any], bool], recursive: bool, above: tuple[Any, ...], around: tuple[int, ...]
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    attributes = {name: value for name, value in sorted(vars(module).items()) if not name.startswith("_self_")}
    leaves = [*_leaves(attributes, above)]
    yield from ((path, value) for path, value in leaves if wanted(value))
    if not recursive or id(module) in around:  # modules may hold each other
        return
    for path, value in leaves:
        if isinstance(value, tf.Module):
            yield from _members(value, wanted, True, path, (*around, id(module)))


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, Mapping):
        for name in sorted(value):
            yield from _leaves(value[name], (*path, name))
    elif isinstance(value, list | tuple):
        for number, each in enumerate(value):
            yield from _leaves(each, (*path, number))
    else:
        yield path, value
