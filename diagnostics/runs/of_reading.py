"""A ``probes.Reading`` as a run, for what judges and draws runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from diagnostics.runs.run import Run


def as_run(source: Any) -> Run:
    """The run that holds what a reading does: layers and events of units, and nothing of losses or settings.

    Args:
        source: a ``probes.Reading``; a run is returned as it is.
    """
    if hasattr(source, "scalars"):
        return source
    kept = {"layers": source.layers, "units": source.units, "scalars": pd.DataFrame({"step": [], "split": []})}
    about = {"status": "finished", "command": "", "config": {}, "seed": None, "layer_table": [], "probes": []}
    return Run(Path("reading"), about | {"started": None, "ended": None}, kept)
