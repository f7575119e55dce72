"""A ``probes.Reading`` as a run, for what judges and draws runs."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import pandas as pd

from diagnostics.runs.run import Run
from diagnostics.runs.tables import TABLES
from probes.errors import UsageError


class Tables(Protocol):
    """What has the tables of a run; a ``probes.Reading`` is one."""

    @property
    def layers(self) -> pd.DataFrame:
        """One row a step and layer."""
        ...

    @property
    def units(self) -> pd.DataFrame:
        """Events of units."""
        ...


def check_run(source: object) -> None:
    """Refuse what has no table of a run.

    Raises:
        UsageError: it is neither a run nor a reading.
    """
    if not any(hasattr(source, name) for name in TABLES):
        do = (
            "load it first: diagnostics.load_run(path)" if isinstance(source, str | Path) else "give a run or a reading"
        )
        raise UsageError(what="this is not a run", where="run=", got=f"{source!r:.200}", do=do)


def as_run(source: Run | Tables) -> Run:
    """The run that holds what a reading does: layers, events of units and losses, but no settings.

    Args:
        source: a ``probes.Reading``; a run is returned as it is.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(source, Run):
        return source
    check_run(source)
    losses = getattr(source, "scalars", pd.DataFrame({"step": []}))
    scalars = losses.assign(split=pd.Categorical(["train"] * len(losses)))
    kept = {"layers": source.layers, "units": source.units, "scalars": scalars}
    about = {"status": "finished", "command": "", "config": {}, "seed": None, "layer_table": [], "probes": []}
    return Run(Path("reading"), about | {"started": None, "ended": None}, kept)
