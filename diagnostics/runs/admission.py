"""Which of a part's rows and columns are let into its table: deeper down every column has the type that it should have."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

TEXT = pa.dictionary(pa.int32(), pa.string())


@dataclass(frozen=True)
class Admitted:
    """What is taken of a part.

    Attributes:
        table: its rows; None when nothing can be taken.
        united: the schema of all parts so far.
        complaints: what is left out, and why.
    """

    table: pa.Table | None
    united: pa.Schema
    complaints: tuple[str, ...] = ()


def admit(table: pa.Table, keys: pa.Schema, united: pa.Schema) -> Admitted:
    """Take what fits of a part.

    Args:
        table: a part's rows.
        keys: the table's key columns with their types; those that are not nullable are required.
        united: the schema of the parts before.

    Returns:
        The rows that have all required keys, with the columns that a table may have.
    """
    names = table.column_names
    if len(set(names)) < len(names):
        return Admitted(None, united, ("it has a column twice",))
    table = table.replace_schema_metadata(None)
    for key in keys:
        if key.name not in names:
            if not key.nullable:
                return Admitted(None, united, (f"it has no column {key.name!r}",))
            continue
        try:
            column = _cast(table[key.name], key.type)
        except pa.ArrowException:
            was = table.schema.field(key.name).type
            return Admitted(None, united, (f"its column {key.name!r} holds {was}, not {_kind(key.type)}",))
        table = table.set_column(names.index(key.name), pa.field(key.name, key.type), column)
    return _fitting(_rows(table, keys, Admitted(table, united)))


def _rows(table: pa.Table, keys: pa.Schema, taken: Admitted) -> Admitted:
    """Only the rows in which the required keys have values."""
    present = np.ones(len(table), bool)
    for key in keys:
        if not key.nullable:
            present &= table[key.name].is_valid().to_numpy()
    kept = table if present.all() else table.filter(pa.array(present))
    lost = len(table) - len(kept)
    names = " or ".join(key.name for key in keys if not key.nullable)
    complaints = (f"{lost} of {len(table)} rows have no {names} and are left out",) if lost else ()
    return replace(taken, table=kept, complaints=complaints)


def _fitting(taken: Admitted) -> Admitted:
    """Only the columns that a table can hold, with the types that the parts before gave them."""
    table, united, complaints = taken.table, taken.united, list(taken.complaints)
    assert table is not None
    for field in table.schema:
        try:
            if not _may_be_stored(field.type):
                raise pa.ArrowTypeError(f"{field.type}")
            plain = pa.field(field.name, _text_as_categories(field.type))
            united = pa.unify_schemas([united, pa.schema([plain])], promote_options="permissive")
            place = table.schema.get_field_index(field.name)
            table = table.set_column(place, plain, _cast(table[field.name], plain.type))
        except pa.ArrowException:
            complaints.append(f"its column {field.name!r} of type {field.type} is left out")
            table = table.drop_columns([field.name])
    return Admitted(table, united, tuple(complaints))


def _may_be_stored(kind: pa.DataType) -> bool:
    """Numbers, truth values, text, and lists of numbers (histograms)."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return _is_number(kind.value_type)
    if pa.types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return _is_number(kind) or _is_text(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind)


def _text_as_categories(kind: pa.DataType) -> pa.DataType:
    return TEXT if _is_text(kind) or pa.types.is_dictionary(kind) else kind


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.type == kind:
        return column
    if kind != TEXT:
        return column.cast(kind)
    if pa.types.is_dictionary(column.type):
        column = pa.chunked_array([chunk.dictionary_decode() for chunk in column.chunks], column.type.value_type)
    if not _is_text(column.type) and not pa.types.is_null(column.type):
        raise pa.ArrowTypeError(f"{column.type}")  # a number would become its digits
    return column.cast(pa.string()).dictionary_encode()


def _kind(kind: pa.DataType) -> str:
    return "text" if kind == TEXT else "whole numbers"
