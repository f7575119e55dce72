"""The tables of a run: their key columns, and where their parts lie."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from diagnostics.runs.admission import TEXT
from diagnostics.runs.parts import PartStore

STEP = pa.field("step", pa.int64(), nullable=False)
LAYER = pa.field("layer", TEXT, nullable=False)
MEASURED_NAN = "measured_nan"
"""A column of ``layers``: the names of the statistics that were measured in this row and are NaN, between blanks."""

TABLES = {
    "layers": pa.schema([STEP, LAYER, ("depth", pa.int32()), ("kind", TEXT)]),
    "units": pa.schema([STEP, LAYER, pa.field("unit", pa.int32(), nullable=False), pa.field("event", TEXT, False)]),
    "scalars": pa.schema([STEP, ("epoch", pa.int64()), ("split", TEXT)]),
}
"""The key columns of each table; measurements follow them as further columns."""


def stores(path: Path, *, sealed: bool = True) -> dict[str, PartStore]:
    """The store of each table in a run's folder.

    Args:
        path: the folder.
        sealed: whether the run was written by a version that seals its parts.
    """
    return {name: PartStore(path / name, keys, sealed) for name, keys in TABLES.items()}
