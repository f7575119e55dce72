"""Dataclasses to JSON and back; errors name the field that is missing or has the wrong type."""

from __future__ import annotations

import functools
import itertools
import reprlib
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from diagnostics.runs.json_value import Json
from probes.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_hints = functools.cache(get_type_hints)

Allowed: TypeAlias = Any
"""A type, a tuple of types, or the texts of a ``Literal``: what ``isinstance`` and ``in`` take."""
KEY = "key"
MOST = 2**63 - 1
"""The largest whole number that a table can hold."""
NOT_FINITE = ("nan", "inf", "-inf")
"""How ``diagnostics.runs.files.plain`` writes floats that JSON does not know."""


def key(name: str) -> dict[str, str]:
    """The metadata of a field that has another name in JSON, such as a Python keyword."""
    return {KEY: name}


def to_record(value: object) -> Json:
    """What ``from_record`` reads back.

    Args:
        value: a dataclass, or a mapping, list or tuple of them; anything else is returned as it is.

    Returns:
        The same with a dictionary by key in place of each dataclass.
    """
    if is_dataclass(value):
        return {_key(each): to_record(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {name: to_record(item) for name, item in value.items()}
    return [to_record(item) for item in value] if isinstance(value, list | tuple) else value


def from_record(kind: type[T], record: object, where: str) -> T:
    """Build a dataclass, checking every field against its annotation; unknown keys are ignored.

    Args:
        kind: a dataclass whose fields are ``str``, ``int``, ``float``, ``bool``, ``Any``, ``Literal``, dataclasses, or
            ``X | None``, ``tuple[X, ...]`` and ``Mapping[str, X]`` of these. JSON lists become tuples. A float may be
            written as ``"nan"``, ``"inf"`` or ``"-inf"``, which JSON has no numbers for.
        record: the mapping to read.
        where: the source named in errors, such as ``"run.json"``; the field's path is appended.

    Raises:
        UsageError: a required field is missing, or a value has the wrong type.
    """
    if not isinstance(record, Mapping):
        raise _wrong(where, record, "a mapping")
    return kind(**{field.name: _field(kind, field, record, where) for field in fields(kind)})


def _key(field: Field[Any]) -> str:
    return field.metadata.get(KEY, field.name)


def _field(kind: type, field: Field[Any], record: Mapping[str, Any], where: str) -> Json:
    key = _key(field)
    if key in record:
        return _value(_hints(kind)[field.name], record[key], f"{where}: {key}")
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    raise UsageError(
        what=f"the field {key!r} is missing",
        where=where,
        got=", ".join(map(reprlib.repr, itertools.islice(record, 50))) or "no fields",
        do=f"add {key!r}, or run the scenario again",
    )


def _value(hint: object, value: object, where: str) -> Json:
    origin, inner = get_origin(hint), get_args(hint)
    if isinstance(hint, type) and is_dataclass(hint):
        return from_record(hint, value, where)
    if origin in {types.UnionType, Union}:
        return None if value is None else _value(inner[0], value, where)
    if origin is tuple:
        return tuple(
            _value(inner[0], item, f"{where}[{i}]") for i, item in enumerate(_checked((list, tuple), value, where))
        )
    if origin is Literal:
        return _checked(inner, value, where)
    if origin is not None:  # Mapping[str, X]
        return {key: _value(inner[1], item, f"{where}.{key}") for key, item in _checked(Mapping, value, where).items()}
    return value if hint is Any else _checked(hint, value, where)


def _checked(allowed: Allowed, value: object, where: str) -> Json:
    """The value, if it is one of the allowed literals or has an allowed type."""
    if allowed is float and value in NOT_FINITE:
        return float(value)
    if isinstance(allowed, tuple) and isinstance(allowed[0], str):
        if value not in allowed:
            raise _wrong(where, value, f"one of {', '.join(map(repr, allowed))}")
        return value
    accepted = (int, float) if allowed is float else allowed
    if not isinstance(value, accepted) or (isinstance(value, bool) and allowed is not bool):
        raise _wrong(where, value, _NAMES.get(allowed, "a list"))
    if isinstance(value, int) and abs(value) > MOST:
        raise _wrong(where, value, "a number of at most 63 bits")
    return value


_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Mapping: "a mapping"}


def _wrong(where: str, value: object, wanted: str) -> UsageError:
    return UsageError(
        what=f"the field must be {wanted}",
        where=where,
        got=f"{reprlib.repr(value)} ({type(value).__name__})",
        do=f"give {wanted}, or run the scenario again",
    )
