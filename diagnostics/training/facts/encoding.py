"""Settings of any object as plain values, whatever it is: what cannot be encoded is written as text.

A record must never stop a training. Objects of the user's may lack ``get_config``, raise in it, refer to themselves, or hold
what JSON does not know.
"""

from __future__ import annotations

import functools
import re
import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from diagnostics.runs.facts import Component
from diagnostics.runs.json_value import Json

LONGEST = 200
"""Characters of a text, and items of a list: enough to tell two settings apart."""

DEEPEST = 6
"""Levels of nesting: a block inside a wrapper inside a model; an object that holds itself ends there."""

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")

ENVELOPE = {"class_name", "config"}
"""The keys by which Keras writes an object that it has serialised."""


def component(value: object) -> Component:
    """An object's class and settings.

    Args:
        value: any object; a function has its name for a class, and no settings.
    """
    if isinstance(value, str):
        return Component(value)
    return Component(name_of(value), settings_of(value))


def settings_of(value: object, deep: int = 0) -> dict[str, Any]:
    """What ``get_config`` of the object says, as JSON can hold it; without its name. Empty if it says nothing.

    Args:
        value: any object.
        deep: how many objects hold this one.
    """
    if isinstance(value, type) or not hasattr(value, "get_config"):
        return {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras warns about lambdas, which are only described here
            config = value.get_config()  # pyright: ignore[reportAttributeAccessIssue]
        return {str(key): encoded(item, deep + 1) for key, item in config.items() if key != "name"}
    except Exception:  # code of the user's, which was not written to be called here
        return {}


def name_of(value: object) -> str:
    """The name of a function, or else of the object's class."""
    if isinstance(value, functools.partial):
        return name_of(value.func)
    name = getattr(value, "__name__", None)
    return name if isinstance(name, str) and callable(value) else type(value).__name__


def encoded(value: object, deep: int = 0) -> Json:
    """A setting as JSON can hold it.

    Args:
        value: anything.
        deep: how many objects hold this one.

    Returns:
        None, bool, int, float, str, or lists and string-keyed dictionaries of them.
    """
    if value is None or isinstance(value, bool | int | str):
        return value[:LONGEST] if isinstance(value, str) else value
    if isinstance(value, float | np.floating):
        return shortest(float(value))
    if deep > DEEPEST:
        return text_of(value)
    return _nested(value, deep)


def _nested(value: object, deep: int) -> Json:
    if isinstance(value, Mapping):
        return _mapping(value, deep)
    if isinstance(value, list | tuple | set | frozenset):
        return [encoded(item, deep + 1) for item in [*value][:LONGEST]]
    if isinstance(value, np.ndarray | np.generic | tf.Tensor | tf.Variable | keras.Variable):
        return _array(value, deep)
    if isinstance(value, functools.partial):
        return {"class": name_of(value), "settings": _mapping(value.keywords, deep + 1)}
    if hasattr(value, "get_config"):
        return {"class": name_of(value), "settings": settings_of(value, deep)}
    named = callable(value) and isinstance(getattr(value, "__name__", None), str)
    return name_of(value) if named else text_of(value)


def _mapping(value: Mapping[Any, Any], deep: int) -> Json:
    if value.keys() >= ENVELOPE:
        return _unwrapped(value, deep)
    return {str(key)[:LONGEST]: encoded(item, deep + 1) for key, item in [*value.items()][:LONGEST]}


def _unwrapped(value: Mapping[Any, Any], deep: int) -> Json:
    """An object that Keras has serialised: its class and settings, or the name of a function."""
    config = value["config"]
    if not isinstance(config, Mapping):
        return encoded(config, deep + 1)
    if value["class_name"] == "__lambda__":
        return "<lambda>"
    settings = {str(key): encoded(item, deep + 1) for key, item in config.items() if key != "name"}
    return {"class": str(value["class_name"]), "settings": settings}


def _array(value: object, deep: int) -> Json:
    """Small arrays as numbers; of a large one, or one whose values are not known yet, type and shape."""
    try:
        array = np.asarray(value)
    except Exception:  # a tensor of a graph
        return text_of(value)
    small = array.size <= LONGEST and array.dtype != object
    return encoded(array.tolist(), deep + 1) if small else f"{array.dtype}{[*array.shape]}"


def shortest(value: float) -> float:
    """The shortest decimal number with the same float32, if the value is a float32: 0.1 instead of 0.10000000149."""
    with np.errstate(over="ignore"):
        single = np.float32(value)
    return float(str(single)) if float(single) == value else value


def text_of(value: object) -> str:
    """The object's repr, without addresses in memory, which differ in each run."""
    try:
        text = repr(value)
    except Exception:  # code of the user's
        text = f"<{type(value).__name__}>"
    return ADDRESS.sub("", text)[:LONGEST]
