"""Builds a dataclass from parsed JSON; errors name the field that is missing or has the wrong type."""

from __future__ import annotations

import functools
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from probes.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_hints = functools.cache(get_type_hints)


def from_record(kind: type[T], record: object, where: str) -> T:
    """Build a dataclass, checking every field against its annotation; unknown keys are ignored.

    Args:
        kind: a dataclass whose fields are ``str``, ``int``, ``float``, ``bool``, ``Any``, ``Literal``, dataclasses, or
            ``X | None``, ``tuple[X, ...]`` and ``Mapping[str, X]`` of these. JSON lists become tuples.
        record: the mapping to read.
        where: the source named in errors, such as ``"run.json"``; the field's path is appended.

    Raises:
        UsageError: a required field is missing, or a value has the wrong type.
    """
    if not isinstance(record, Mapping):
        raise _wrong(where, record, "a mapping")
    return kind(**{field.name: _field(kind, field, record, where) for field in fields(kind)})


def _field(kind: type, field: Field[Any], record: Mapping[str, Any], where: str) -> Any:
    if field.name in record:
        return _value(_hints(kind)[field.name], record[field.name], f"{where}: {field.name}")
    if field.default is not MISSING:
        return field.default
    if field.default_factory is not MISSING:
        return field.default_factory()
    raise UsageError(
        what=f"the field {field.name!r} is missing",
        where=where,
        got=", ".join(map(repr, record)) or "no fields",
        do=f"add {field.name!r}, or run the scenario again",
    )


def _value(hint: Any, value: Any, where: str) -> Any:
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


def _checked(allowed: Any, value: Any, where: str) -> Any:
    """The value, if it is one of the allowed literals or has an allowed type."""
    if isinstance(allowed, tuple) and isinstance(allowed[0], str):
        if value not in allowed:
            raise _wrong(where, value, f"one of {', '.join(map(repr, allowed))}")
        return value
    accepted = (int, float) if allowed is float else allowed
    if not isinstance(value, accepted) or (isinstance(value, bool) and allowed is not bool):
        raise _wrong(where, value, _NAMES.get(allowed, "a list"))
    return value


_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false", Mapping: "a mapping"}


def _wrong(where: str, value: object, wanted: str) -> UsageError:
    return UsageError(
        what=f"the field must be {wanted}",
        where=where,
        got=f"{value!r} ({type(value).__name__})",
        do=f"give {wanted}, or run the scenario again",
    )
