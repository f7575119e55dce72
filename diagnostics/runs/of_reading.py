"""A ``probes.Reading`` as a run, for what judges and draws runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from diagnostics.runs.run import Run


def as_run(source: Any) -> Run:
    """The run that holds what a reading does: its tables, and no settings.

    Args:
        source: a ``probes.Reading``; a run is returned as it is.
    """
    if hasattr(source, "metadata"):
        return source
    scalars = getattr(source, "scalars", pd.DataFrame({"step": [], "split": []}))
    kept = {"layers": source.layers, "units": source.units, "scalars": scalars}
    about = {"status": "finished", "command": "", "config": {}, "seed": None, "layer_table": [], "probes": []}
    return Run(Path("reading"), about | {"started": None, "ended": None}, kept)
