"""Gives layers that correspond to one another in several runs the same path.

Keras numbers the layers that it names itself through the whole process: the second model of a script has ``dense_2`` where the
first has ``dense``. Such names are matched by their place, names that the user chose by the name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from diagnostics.runs.run import Run

NUMBER = re.compile(r"_\d+$")


def aligned(runs: Mapping[str, Run]) -> dict[str, Run]:
    """The runs with the layers of all under the paths that they have in the first.

    Args:
        runs: by name.

    Returns:
        The same runs; one whose layers are named differently has the first run's paths in its tables and its record.
    """
    named = list(runs)
    places = {place: path for path, place in _places(runs[named[0]]).items()} if named else {}
    return {name: _renamed(run, places) if number else run for number, (name, run) in enumerate(runs.items())}


def _renamed(run: Run, reference: Mapping[str, str]) -> Run:
    """A run under the paths of the reference; a layer without a counterpart keeps its own, marked if that is taken."""
    new = {path: reference.get(place, path) for path, place in _places(run).items()}
    taken = [name for path, name in new.items() if name != path]
    new = {path: f"{name} (own)" if name == path and name in taken else name for path, name in new.items()}
    if all(path == name for path, name in new.items()):
        return run
    metadata = run.metadata | {
        "layer_table": [{**entry, "layer": _new(str(entry["layer"]), new)} for entry in run.layer_table],
        "architecture": [_entry(entry, new) for entry in run.metadata.get("architecture") or []],
    }
    tables = {name: _table(getattr(run, name), new) for name in ("layers", "units")}
    return replace(run, metadata=metadata, _kept={**tables, "scalars": run.scalars})


def _places(run: Run) -> dict[str, str]:
    """For each path, what it is called however Keras counts: each name of Keras' own replaced by its number among equals."""
    kinds = {str(entry["layer"]): str(entry.get("kind", "")) for entry in run.layer_table}
    counts: dict[str, int] = {}
    places: dict[str, str] = {}
    for path, kind in kinds.items():
        above, _, name = path.rpartition("/")
        around = places.get(above, above)
        if NUMBER.sub("", name).replace("_", "") == kind.lower():
            equal = f"{around}/{NUMBER.sub('', name)}"
            counts[equal] = counts.get(equal, 0) + 1
            places[path] = f"{equal}#{counts[equal]}"
        else:
            places[path] = f"{around}/{name}"
    return places


def _new(path: str, new: Mapping[str, str]) -> str:
    """A row's name; of a layer that was called with several shapes, the number of the shape stays (``path@2``)."""
    layer, at, number = path.partition("@")
    return new.get(path) or new.get(layer, layer) + at + number


def _entry(entry: Mapping[str, Any], new: Mapping[str, str]) -> dict[str, Any]:
    inbound = [_new(str(path), new) for path in entry.get("inbound") or []]
    return {**entry, "path": _new(str(entry.get("path", "")), new), "inbound": inbound}


def _table(table: pd.DataFrame, new: Mapping[str, str]) -> pd.DataFrame:
    if "layer" not in table:
        return table
    names = table["layer"].astype("category").cat.categories
    return table.assign(
        layer=table["layer"].astype("category").cat.rename_categories({path: _new(path, new) for path in names})
    )
