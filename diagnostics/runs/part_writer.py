"""Appends to a table while training goes on, and merges its parts, so that a flush costs the same and files stay few."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd
import pyarrow as pa

from diagnostics.runs import part_file
from diagnostics.runs.admission import TEXT
from diagnostics.runs.files import sync_folder
from diagnostics.runs.part_file import Damage, DamagedPartError, Part
from diagnostics.runs.parts import PartStore
from probes.errors import UsageError

MERGED = 8
"""Parts that become one: n flushes leave at most 7·log₈ n parts, and each row is written again log₈ n times."""
LARGE = 1 << 19  # rows; a larger part waits for the end of the run, so that no flush is held up for a second
ROW_GROUP = 1 << 20  # rows; large enough that reading is bound by decoding, small enough to merge in ~100 MB


class PartWriter:
    """The one writer of a table.

    Args:
        store: the table; its folder is made at the first append. Where there are parts already, it goes on after them.
    """

    def __init__(self, store: PartStore) -> None:
        self.store = store
        numbers = [part_file.number(path) or 0 for path in store.listed()]
        self._parts = store.parts() if numbers else []
        self._next = max([0, *(number + 1 for number in numbers), *(part.until for part in self._parts)])
        self._first_mergeable = 0

    def append(self, frame: pd.DataFrame) -> Path | None:
        """Add rows as one part, whole at every moment.

        Args:
            frame: the rows; NaN and infinite floats are kept as they are, text becomes categorical. Columns may differ
                from part to part.

        Returns:
            The path at which the part was written, or None for a frame without rows.

        Raises:
            UsageError: a required column is missing, a column cannot be stored, or the disk refuses (the parts written
                before are untouched).
        """
        if not isinstance(frame, pd.DataFrame):
            raise self._misfit(f"a {type(frame).__name__}", "give a pandas.DataFrame")
        if not len(frame):
            return None
        table = self._arrow(frame)
        part = Part(self._next, self._next + 1, len(table))
        path = self.store.directory / part.name
        try:
            if not self.store.directory.is_dir():  # not above it: a run whose folder is gone is not made anew
                self.store.directory.mkdir()
                sync_folder(self.store.directory.parent)
            part_file.write(path, table.schema, [table], part, ROW_GROUP)
        except OSError as error:
            raise UsageError(
                what=f"{len(frame)} rows could not be written",
                where=str(self.store.directory),
                got=error.strerror or str(error),
                do="make space or give back access to the folder; what was written before is kept",
            ) from error
        self._next = part.until
        self._parts.append(part)
        with contextlib.suppress(OSError):  # the rows are safe, and the next append tries again
            self._merge_last()
        return path

    def keep(self, rows: int) -> None:
        """Remove all rows but the first ones, so that a killed process leaves the table as it was, or as it is to be.

        Args:
            rows: how many stay.

        Raises:
            UsageError: there are fewer, or a part is damaged.
            OSError: the disk refuses.
        """
        damage = self.store.contents().damage
        if damage or self.rows < rows:
            raise UsageError(
                what="this table cannot be continued",
                where=str(self.store.directory),
                got=str(damage[0]) if damage else f"{self.rows} rows, where at least {rows} had been written",
                do="restore the file, or train again in another folder",
            )
        while self.rows > rows and self.rows - self._parts[-1].rows >= rows:
            self._remove(self._parts.pop().first)  # the last first: what is left is always a beginning
        if self.rows > rows:
            last = self._parts.pop()
            table = self._read(last).slice(0, rows - self.rows)
            self._parts.append(Part(last.first, last.until, len(table)))
            part_file.write(self.store.directory / last.name, table.schema, [table], self._parts[-1], ROW_GROUP)
        self._next = self._parts[-1].until if self._parts else 0

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        return sum(part.rows for part in self._parts)

    def _remove(self, first: int) -> None:
        for path in reversed(self.store.listed()):
            if (part_file.number(path) or 0) >= first:
                path.unlink(missing_ok=True)
        sync_folder(self.store.directory)

    def compact(self) -> tuple[Damage, ...]:
        """Merge all parts into the first, in bounded memory.

        Returns:
            Parts that turned out damaged; they stay as they are, and those between them are merged.

        Raises:
            OSError: the disk refuses; the parts read as before.
        """
        damage: list[Damage] = []
        self._parts = self._merge_whole(self._parts, damage)
        return tuple(damage)

    def _merge_last(self) -> None:
        """Merge the last parts while they hold equally many flushes, as a counter carries."""
        while len(self._parts) - self._first_mergeable >= MERGED:
            last = self._parts[-MERGED:]
            if len({part.flushes for part in last}) > 1 or sum(part.rows for part in last) > LARGE:
                return
            try:
                self._parts[-MERGED:] = [self._merge(last)]
            except DamagedPartError:  # reading will name it; the end of the run merges the others
                self._first_mergeable = len(self._parts)

    def _merge_whole(self, parts: list[Part], damage: list[Damage]) -> list[Part]:
        try:
            return [self._merge(parts)] if len(parts) > 1 else parts
        except DamagedPartError as error:
            damage.append(error.damage)
            broken = [part.name for part in parts].index(error.damage.path.name)
            before, after = parts[:broken], parts[broken + 1 :]
            return [*self._merge_whole(before, damage), parts[broken], *self._merge_whole(after, damage)]

    def _merge(self, parts: list[Part]) -> Part:
        """Replace parts by one under the first one's name.

        It says what it holds, so that a process killed before the others are removed leaves no row twice.
        """
        merged = Part(parts[0].first, parts[-1].until, sum(part.rows for part in parts))
        kept: dict[str, pa.Table] = {}
        schema = self.store.keys
        for part in parts:
            table = self._read(part)
            schema = self._with(schema, table.schema, part)
            if merged.rows <= LARGE:
                kept[part.name] = table
        tables = (kept.get(part.name) or self._read(part) for part in parts)
        part_file.write(self.store.directory / merged.name, schema, _gathered(tables), merged, ROW_GROUP)
        for path in self.store.listed():
            if merged.first < (part_file.number(path) or 0) < merged.until:
                path.unlink(missing_ok=True)
        return merged

    def _read(self, part: Part) -> pa.Table:
        return part_file.read(self.store.directory / part.name, sealed=self.store.sealed)[0]

    def _with(self, united: pa.Schema, schema: pa.Schema, part: Part) -> pa.Schema:
        try:
            return pa.unify_schemas([united, schema], promote_options="permissive")
        except pa.ArrowException as error:
            reason = "its columns do not go together with those of the parts before"
            raise DamagedPartError(self.store.directory / part.name, reason) from error

    def _arrow(self, frame: pd.DataFrame) -> pa.Table:
        types = {field.name: field.type for field in self.store.keys}
        required = [field.name for field in self.store.keys if not field.nullable]
        if not frame.columns.is_unique or not set(required) <= set(frame.columns):
            given = ", ".join(map(str, frame.columns))
            raise self._misfit(f"columns {given}", f"give {', '.join(required)}, and no column twice")
        try:
            table = pa.table({str(name): _column(column, types.get(name)) for name, column in frame.items()})
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:  # what conversions raise
            raise self._misfit(str(error), "give numbers, text or truth values, one kind a column") from error
        for name in required:
            if table[name].null_count:
                raise self._misfit(f"{table[name].null_count} rows without {name}", f"give every row its {name}")
        return table

    def _misfit(self, got: str, do: str) -> UsageError:
        return UsageError(what="this frame does not fit its table", where=str(self.store.directory), got=got, do=do)


def _gathered(tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The rows in order, gathered to at least a row group each but for the last."""
    gathered: list[pa.Table] = []
    for table in tables:
        gathered.append(table)
        if sum(map(len, gathered)) >= ROW_GROUP:
            yield pa.concat_tables(gathered, promote_options="permissive")
            gathered = []
    if gathered:
        yield pa.concat_tables(gathered, promote_options="permissive")


def _column(series: pd.Series, key_type: pa.DataType | None) -> pa.Array:
    # Through NumPy, NaN stays the value NaN instead of becoming null: exact, and faster to read.
    array = pa.array(series.to_numpy() if series.dtype.kind == "f" else series, from_pandas=series.dtype.kind != "f")
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if key_type is not None and key_type != TEXT:
        return array.cast(key_type)
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type) or key_type == TEXT:
        return array.cast(pa.string()).dictionary_encode()
    return array
