"""One Parquet file of a table: how it is written, and what has to be right for it to be read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from diagnostics.runs import confined, seal
from diagnostics.runs.files import written_whole

SPAN = b"diagnostics.parts"
"""Metadata ``FIRST:UNTIL``: the flushes that a part holds. Version 1 wrote UNTIL only, and only into merged parts."""

_NAME = re.compile(r"part-(\d{5,18})\.parquet")


@dataclass(frozen=True)
class Part:
    """What a part holds.

    Attributes:
        first: its first flush, counted from 0, which gives it its name.
        until: the flush after its last.
        rows: how many rows.
    """

    first: int
    until: int
    rows: int = 0

    @property
    def flushes(self) -> int:
        """How many flushes it holds."""
        return self.until - self.first

    @property
    def name(self) -> str:
        """The part's file name."""
        return f"part-{self.first:05d}.parquet"


@dataclass(frozen=True)
class Damage:
    """What could not be read.

    Attributes:
        path: the file.
        reason: one clause.
    """

    path: Path
    reason: str

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}"


class DamagedPartError(Exception):
    """A part that cannot be read; the others can."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.damage = Damage(path, reason)


def number(path: Path) -> int | None:
    """The number in a part's file name; None for any other name."""
    found = _NAME.fullmatch(path.name)
    return int(found[1]) if found and Part(int(found[1]), 0).name == path.name else None


def write(path: Path, schema: pa.Schema, tables: Iterable[pa.Table], part: Part, row_group: int) -> None:
    """Write a part, whole or not at all.

    Args:
        path: where it goes.
        schema: the columns; the tables may lack some of them.
        tables: the rows.
        part: the flushes that it holds.
        row_group: most rows in one group.

    Raises:
        OSError: the disk refuses.
    """
    schema = schema.with_metadata({SPAN: f"{part.first}:{part.until}", **seal.METADATA})
    with written_whole(path) as file:
        with pq.ParquetWriter(file, schema, **_layout(schema)) as writer:
            for table in tables:
                whole = pa.concat_tables([schema.empty_table(), table], promote_options="permissive")
                writer.write_table(whole, row_group_size=row_group)
        seal.seal(file)


def read(path: Path, *, sealed: bool) -> tuple[pa.Table, Part]:
    """Read a part.

    Args:
        path: the file.
        sealed: whether it was written by a version that seals parts.

    Returns:
        Its rows, and the flushes that it holds.

    Raises:
        FileNotFoundError: it is gone.
        DamagedPartError: it is no whole Parquet file, its checksum does not match, or it bears another part's name.
    """
    try:
        content = confined.read(path)
        if (sealed or seal.is_sealed(content)) and not seal.is_intact(content):
            raise DamagedPartError(path, "its checksum does not match its content")
        with pq.ParquetFile(pa.BufferReader(content), page_checksum_verification=True) as file:
            table = file.read()
        return table, _part(path, table.schema, len(table))
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:  # Arrow raises any of these for broken bytes
        raise DamagedPartError(path, _first_line(error)) from error


def _part(path: Path, schema: pa.Schema, rows: int) -> Part:
    own = number(path) or 0
    words = (schema.metadata or {}).get(SPAN, b"").decode("ascii").split(":")
    if words == [""]:
        return Part(own, own + 1, rows)
    if len(words) == 1:
        return Part(own, max(own + 1, int(words[0])), rows)
    if int(words[0]) != own:
        raise DamagedPartError(path, f"it is a copy of {Part(int(words[0]), 0).name}")
    return Part(own, int(words[1]), rows)


def _layout(schema: pa.Schema) -> dict[str, Any]:
    """Dictionary encoding for what repeats (steps, depths, text), none for measurements, where it only costs time."""
    repeating = [field.name for field in schema if not pa.types.is_floating(field.type)]
    compression = {
        "compression": "zstd",
        "compression_level": 1,
    }  # every current reader has zstd; older Sparks lack lz4
    return {"use_dictionary": repeating, "write_page_checksum": True, **compression}


def _first_line(error: Exception) -> str:
    lines: Iterator[str] = iter(str(getattr(error, "strerror", None) or error).splitlines())
    return next(lines, type(error).__name__)
