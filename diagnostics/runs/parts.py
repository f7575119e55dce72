"""A table on disk as Parquet parts: appended while training goes on, whole at every moment, one file in the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from diagnostics.runs.files import written_whole
from probes.errors import UsageError

TEXT = pa.dictionary(pa.int32(), pa.string())
ROW_GROUP = 1 << 20  # rows; large enough that reading is bound by decoding, small enough to compact in ~100 MB
COMPRESSION = {"compression": "zstd", "compression_level": 1}  # every current reader has zstd; older Sparks lack lz4
COVERS = b"diagnostics.parts"  # in a compacted part: it replaces the parts numbered below this
READ_ATTEMPTS = 5  # a writer compacts once, so that one retry is enough; the others are for slow network disks


@dataclass(frozen=True)
class PartStore:
    """One table in one folder, ``part-00000.parquet`` and on.

    Attributes:
        directory: the table's folder, made at the first append.
        keys: columns that the table always has when read, with their types; those that are not nullable are required
            in every appended frame.
    """

    directory: Path
    keys: pa.Schema

    def append(self, frame: pd.DataFrame) -> Path | None:
        """Add rows as one part: written beside, synced, renamed.

        Args:
            frame: the rows; NaN and infinite floats are kept as they are, text becomes categorical. Columns may differ
                from part to part.

        Returns:
            The part's path, or None for a frame without rows.

        Raises:
            UsageError: a required column is missing, a column cannot be stored, or the disk refuses (the parts written
                before are untouched).
        """
        if not len(frame):
            return None
        table = self._arrow(frame)
        try:
            self.directory.mkdir(exist_ok=True)
            path = self.directory / f"part-{self._next_number():05d}.parquet"
            with written_whole(path) as file:
                pq.write_table(table, file, **_layout(table.schema))
        except OSError as error:
            raise UsageError(
                what=f"{len(frame)} rows could not be written",
                where=str(self.directory),
                got=error.strerror or str(error),
                do="make space or give back access to the folder; what was written before is kept",
            ) from error
        return path

    def read(self) -> pd.DataFrame:
        """All rows of all whole parts, in the order in which they were appended.

        Returns:
            A frame with the union of the parts' columns, the keys first; what a part lacks is NaN. Text columns are
            categorical, with the categories in the order of their first row.

        Raises:
            UsageError: a part is damaged, or a column has types in two parts that do not go together.
        """
        for _ in range(READ_ATTEMPTS):
            try:
                return _concat(self.keys, self._tables(), self.directory).unify_dictionaries().to_pandas()
            except FileNotFoundError:
                continue  # compacted between listing and reading: the rows are in the first part now
        raise UsageError(
            what="the table changes while it is read",
            where=str(self.directory),
            got="parts that vanish",
            do="read again when the run has ended",
        )

    def parts(self) -> list[Path]:
        """The whole parts that hold the table, in order; those that a compacted part replaces are left out."""
        paths = self._listed()
        return paths[:1] + _after(paths, _covers(_read_schema(paths[0]))) if paths else []

    def compact(self) -> None:
        """Merge all parts into the first, in bounded memory.

        The first part's replacement says which parts it holds, so that a process killed before it has removed them
        leaves no row twice.

        Raises:
            OSError: the disk refuses; the parts are untouched.
            UsageError: a part is damaged.
        """
        parts = self.parts()
        if len(parts) < 2:
            return
        schema = _united([_read_schema(path) for path in parts], self.directory)
        schema = schema.with_metadata({COVERS: str(_number(parts[-1]) + 1)})
        with written_whole(parts[0]) as file, pq.ParquetWriter(file, schema, **_layout(schema)) as writer:
            for table in _batches(parts):
                writer.write_table(_concat(schema, [table], self.directory), row_group_size=ROW_GROUP)
        for path in parts[1:]:
            path.unlink(missing_ok=True)

    def _listed(self) -> list[Path]:
        return sorted(self.directory.glob("part-*.parquet"), key=_number)

    def _next_number(self) -> int:
        paths = self._listed()
        return max(_number(paths[-1]) + 1, _covers(_read_schema(paths[0]))) if paths else 0

    def _tables(self) -> list[pa.Table]:
        """The parts' content; the first is read before it tells what it covers: a writer may be replacing it."""
        paths = self._listed()
        if not paths:
            return []
        first = _read_part(paths[0])
        return [first, *map(_read_part, _after(paths, _covers(first.schema)))]

    def _arrow(self, frame: pd.DataFrame) -> pa.Table:
        types = {field.name: field.type for field in self.keys}
        required = [field.name for field in self.keys if not field.nullable]
        if not frame.columns.is_unique or not set(required) <= set(frame.columns):
            given = ", ".join(map(str, frame.columns))
            raise self._misfit(f"columns {given}", f"give {', '.join(required)}, and no column twice")
        try:
            return pa.table({str(name): _column(column, types.get(name)) for name, column in frame.items()})
        except pa.ArrowException as error:
            raise self._misfit(str(error), "give numbers, text or truth values, one kind a column") from error

    def _misfit(self, got: str, do: str) -> UsageError:
        return UsageError(what="this frame does not fit its table", where=str(self.directory), got=got, do=do)


def _column(series: pd.Series, key_type: pa.DataType | None) -> pa.Array:
    # Through NumPy, NaN stays the value NaN instead of becoming null: exact, and faster to read.
    array = pa.array(series.to_numpy() if series.dtype.kind == "f" else series, from_pandas=series.dtype.kind != "f")
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or key_type == TEXT:
        return array.cast(pa.string()).dictionary_encode()
    return array.cast(key_type) if key_type else array


def _layout(schema: pa.Schema) -> dict[str, Any]:
    """Dictionary encoding for what repeats (steps, depths, text), none for measurements, where it only costs time."""
    repeating = [field.name for field in schema if not pa.types.is_floating(field.type)]
    return {"use_dictionary": repeating, **COMPRESSION}


def _number(path: Path) -> int:
    return int(path.stem.removeprefix("part-"))


def _covers(schema: pa.Schema) -> int:
    return int((schema.metadata or {}).get(COVERS, 0))


def _after(paths: list[Path], covered: int) -> list[Path]:
    return [path for path in paths[1:] if _number(path) >= covered]


def _read_schema(path: Path) -> pa.Schema:
    with _opened(path) as file:
        return file.schema_arrow


def _read_part(path: Path) -> pa.Table:
    with _opened(path) as file:
        return file.read()


@contextmanager
def _opened(path: Path) -> Iterator[pq.ParquetFile]:
    try:
        with pq.ParquetFile(path) as file:
            yield file
    except pa.ArrowInvalid as error:
        raise UsageError(
            what="a part is damaged", where=str(path), got=str(error), do="move it away to read the other parts"
        ) from error


def _batches(parts: list[Path]) -> Iterator[pa.Table]:
    """The parts' rows in order, gathered to at least a row group each but for the last."""
    gathered: list[pa.Table] = []
    for path in parts:
        gathered.append(_read_part(path))
        if sum(map(len, gathered)) >= ROW_GROUP:
            yield pa.concat_tables(gathered, promote_options="permissive")
            gathered = []
    if gathered:
        yield pa.concat_tables(gathered, promote_options="permissive")


def _concat(schema: pa.Schema, tables: list[pa.Table], where: Path) -> pa.Table:
    united = _united([schema, *(table.schema for table in tables)], where)
    return pa.concat_tables([united.empty_table(), *tables], promote_options="permissive")


def _united(schemas: list[pa.Schema], where: Path) -> pa.Schema:
    try:
        return pa.unify_schemas(schemas, promote_options="permissive")
    except pa.ArrowException as error:
        raise UsageError(
            what="parts of one table do not go together", where=str(where), got=str(error), do="keep a column's type"
        ) from error
