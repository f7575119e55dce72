"""A run inside its page: the tables as Parquet in a data block, written for readers and read as the untrusted input that a page is."""

from __future__ import annotations

import base64
import binascii
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from diagnostics.runs import admission, confined, manifest, record, split_rows
from diagnostics.runs.files import plain
from diagnostics.runs.part_file import Damage
from diagnostics.runs.tables import TABLES
from probes.errors import UsageError

KIND = "application/vnd.training-diagnostics.run+json"
"""The type of the ``<script>`` that holds a run: no browser executes it, and no content-security policy has to allow it."""
MOST_BYTES = 256 << 20
"""The largest page that is read: fifty times one with 1,000 layers and 10,000 steps."""
MOST_VALUES = 100_000_000
"""Values in one table: few bytes of Parquet can unfold to any number of them, and these fit into a gigabyte."""
_BLOCK = re.compile(rf'<script type="{re.escape(KIND)}"[^>]*>(.*?)</script>'.encode(), re.DOTALL)


class Stored(Protocol):
    """What is kept: a ``diagnostics.Run``."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def metadata(self) -> dict[str, Any]: ...  # noqa: D102
    @property
    def layers(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def units(self) -> pd.DataFrame: ...  # noqa: D102
    @property
    def scalars(self) -> pd.DataFrame: ...  # noqa: D102


def block(run: Stored) -> str:
    """The content of the data block, which cannot end its ``<script>`` element.

    Args:
        run: a stored run.
    """
    tables = {name: base64.b64encode(_packed(getattr(run, name))).decode() for name in TABLES}
    whole = {"run": plain({**run.metadata, "name": run.name}), "tables": tables}
    return json.dumps(whole, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


def load(path: Path) -> tuple[dict[str, Any], dict[str, pd.DataFrame], dict[str, tuple[Damage, ...]]]:
    """The run in a page: its ``run.json``, its tables, and what was left out of them.

    Args:
        path: the page.

    Raises:
        UsageError: no such page, none that holds a run, or one that is damaged or larger than any page is.
    """
    content = _content(path)
    try:
        tables = content["tables"]
        known = manifest.admitted(content["run"], path, "run")
        read = {name: _admitted(_unpacked(tables[name]), keys, path) for name, keys in TABLES.items()}
    except UsageError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, OSError, pa.ArrowException) as error:
        raise _unreadable(path, f"{type(error).__name__}: {error!s:.200}") from error
    frames = {name: frame for name, (frame, _) in read.items()}
    frames["layers"] = split_rows.joined(frames["layers"])
    return known, frames, {name: damage for name, (_, damage) in read.items()}


def _content(path: Path) -> Mapping[str, Any]:
    try:
        page = confined.read(path, MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    if len(page) > MOST_BYTES:
        raise _unreadable(path, f"more than {MOST_BYTES >> 20} MiB")
    found = _BLOCK.findall(page)
    if len(found) != 1:
        raise _unreadable(path, "a page without a run's tables" if not found else f"a page with {len(found)} runs")
    try:
        content = json.loads(found[0])
        record.check_depth(content)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, f"a data block that is no JSON: {error!s:.100}") from error
    return content


def _packed(frame: pd.DataFrame) -> bytes:
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    repeating = [field.name for field in table.schema if not pa.types.is_floating(field.type)]
    file = io.BytesIO()
    options: dict[str, Any] = {"compression": "zstd", "compression_level": 9, "use_dictionary": repeating}
    pq.write_table(table, file, **options)
    return file.getvalue()


def _unpacked(text: str) -> pa.Table:
    try:
        content = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError(f"no base64: {error}") from error
    with pq.ParquetFile(pa.BufferReader(content), thrift_string_size_limit=len(content)) as file:
        about = file.metadata
        groups = [about.row_group(number) for number in range(about.num_row_groups)]
        columns = (group.column(number) for group in groups for number in range(group.num_columns))
        values = max(about.num_rows * about.num_columns, sum(column.num_values for column in columns))
        if values > MOST_VALUES:
            raise ValueError(f"a table of {values:,} values; up to {MOST_VALUES:,} are read")
        return file.read()


def _admitted(table: pa.Table, keys: pa.Schema, path: Path) -> tuple[pd.DataFrame, tuple[Damage, ...]]:
    taken = admission.admit(table, keys, keys)
    parts = [keys.empty_table(), *([taken.table] if taken.table is not None else [])]
    whole = pa.concat_tables(parts, promote_options="permissive")
    return whole.unify_dictionaries().to_pandas(), tuple(Damage(path, reason) for reason in taken.complaints)


def _unreadable(path: Path, got: str) -> UsageError:
    do = "give a run's folder, or a page that was written with --embed-data"
    return UsageError(what="this page cannot be read as a run", where=str(path), got=got, do=do)
