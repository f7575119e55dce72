"""A table on disk as Parquet parts: each row is read exactly once, whatever its writer does meanwhile and wherever it died."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa

from diagnostics.runs import admission, part_file
from diagnostics.runs.files import is_leftover
from diagnostics.runs.part_file import Damage, DamagedPartError, Part

READ_ATTEMPTS = (
    5  # a writer merges parts every few flushes, and a reader meets that once; the others are for slow network disks
)


@dataclass(frozen=True)
class Contents:
    """What is in a table's folder.

    Attributes:
        frame: the rows.
        damage: what is left out of them, and why.
    """

    frame: pd.DataFrame
    damage: tuple[Damage, ...]


@dataclass(frozen=True)
class PartStore:
    """One table in one folder, ``part-00000.parquet`` and on.

    A part may hold the rows of several flushes; it then replaces the parts of those flushes, which a killed writer may have
    left beside it.

    Attributes:
        directory: the table's folder.
        keys: columns that the table always has when read, with their types; those that are not nullable have a value in
            every row.
        sealed: whether the parts were written by a version that seals them.
    """

    directory: Path
    keys: pa.Schema
    sealed: bool = True

    def read(self) -> pd.DataFrame:
        """All rows of all whole parts; see `contents`."""
        return self.contents().frame

    def contents(self) -> Contents:
        """All rows of all whole parts, in the order in which they were appended, and what could not be read.

        Returns:
            A frame with the union of the parts' columns, the keys first; what a part lacks is NaN. Text columns are
            categorical, with the categories in the order of their first row.
        """
        damage: list[Damage] = []
        for _ in range(READ_ATTEMPTS):
            damage = [*self._strangers()]
            try:
                tables = [*self._admitted(damage)]
            except FileNotFoundError:
                continue  # merged between listing and reading: the rows are in an earlier part now
            whole = pa.concat_tables([self.keys.empty_table(), *tables], promote_options="permissive")
            return Contents(whole.unify_dictionaries().to_pandas(), tuple(damage))
        damage.append(Damage(self.directory, "its parts change while they are read; read again later"))
        return Contents(self.keys.empty_table().to_pandas(), tuple(damage))

    def parts(self) -> list[Part]:
        """What the parts hold, in order; parts that others replace, and damaged ones, are left out.

        Raises:
            FileNotFoundError: a writer merged parts meanwhile.
        """
        return [part for part, _ in self._whole([])]

    def listed(self) -> list[Path]:
        """The files with a part's name, in order."""
        if self.directory.is_symlink() or not self.directory.is_dir():
            return []
        numbered = {part_file.number(path): path for path in self.directory.iterdir()}
        return [path for _, path in sorted((key, path) for key, path in numbered.items() if key is not None)]

    def _whole(self, damage: list[Damage]) -> Iterator[tuple[Part, pa.Table]]:
        """The parts that count, each with what it says in the very bytes that are read: a writer may be replacing it."""
        done: int | None = 0  # flushes that were read; None after a damaged part, which may have held several
        for path in self.listed():
            first = part_file.number(path) or 0
            if done is not None and first < done:
                continue
            if done is not None and first > done:
                damage.append(Damage(self.directory, f"{_names(done, first)} missing"))
            try:
                table, part = part_file.read(path, sealed=self.sealed)
            except DamagedPartError as error:
                damage.append(error.damage)
                done = None
                continue
            done = part.until
            yield part, table

    def _admitted(self, damage: list[Damage]) -> Iterator[pa.Table]:
        united = self.keys
        for part, table in self._whole(damage):
            admitted = admission.admit(table, self.keys, united)
            damage += [Damage(self.directory / part.name, reason) for reason in admitted.complaints]
            if admitted.table is not None:
                united = admitted.united
                yield admitted.table

    def _strangers(self) -> Iterator[Damage]:
        """What does not belong into the folder, such as the copies that a synchronised disk makes of parts in conflict."""
        if self.directory.is_symlink():
            yield Damage(self.directory, "a link, which is not followed")
        elif self.directory.is_dir():
            for path in sorted(self.directory.iterdir()):
                if part_file.number(path) is None and not is_leftover(path):
                    yield Damage(path, "it has no part's name, such as part-00000.parquet")
        elif self.directory.exists():
            yield Damage(self.directory, "a file in place of a folder")


def _names(first: int, until: int) -> str:
    names = [Part(number, number + 1).name for number in (first, until - 1)]
    return f"{names[0]} is" if until - first == 1 else f"{names[0]} to {names[1]} are"
