"""The differences between stored runs as data frames: settings, layers, statistics by layer and step, scalars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from diagnostics.measures.tables import KEYS, RunLike
from diagnostics.pages.recorded import SAID_TWICE, layer_differences, training
from diagnostics.runs.run import Run

ABSENT = "absent"
NOT_SCALARS = ("step", "epoch", "split", "seconds")


def settings(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Settings that differ between runs.

    Args:
        runs: by name.

    Returns:
        One row per setting (index: its dotted path, such as ``optimizer.learning_rate``, or a fact about layers, such as
        ``activation of hidden_1``), one column per run; `ABSENT` where a run lacks the setting. The command line is not a
        setting.
    """
    together = {name: run for name, run in runs.items() if run.metadata.get("training")}
    recorded = len(together) == len(runs)  # what only some runs recorded tells nothing apart
    known = {name: dict(_settings(run, recorded)) for name, run in runs.items()}
    keys = dict.fromkeys(key for own in known.values() for key in own)
    rows = {key: [own.get(key, ABSENT) for own in known.values()] for key in keys}
    rows |= layer_differences(runs) if recorded else {}
    differing = {key: values for key, values in rows.items() if any(value != values[0] for value in values[1:])}
    return pd.DataFrame.from_dict(differing, orient="index", columns=list(known), dtype=object)


def same_but_for_the_seed(runs: Mapping[str, Run]) -> list[str]:
    """The runs whose recorded settings differ from the first one's in nothing, or in the seed alone.

    Args:
        runs: by name.
    """
    found = settings(runs)
    others = found.drop(index=[key for key in found.index if key == "seed" or key.endswith(".seed")])
    first, *rest = runs
    return [name for name in rest if all(row[name] == row[first] for _, row in others.iterrows())]


def _settings(run: Run, recorded: bool) -> Iterator[tuple[str, Any]]:
    left_out = {"command", *(SAID_TWICE if recorded else ())}
    yield from training(run).items() if recorded else ()
    yield from _flat({key: value for key, value in run.config.items() if key not in left_out})
    yield "seed", run.seed
    yield "status", run.status
    yield from _probes(run.probes)
    yield from _flat(run.metadata.get("versions", {}), "versions.")


def _probes(probes: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each probe as a setting of its own, so that only those that differ are shown."""
    by_name: dict[str, list[str]] = {}
    for probe in probes:
        name, _, arguments = probe.partition("(")
        by_name.setdefault(name, []).append(arguments.removesuffix(")") or "as by default")
    for name, arguments in by_name.items():
        yield f"probes.{name}", "; ".join(arguments)


def _flat(value: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for key, item in value.items():
        nested = item if isinstance(item, Mapping) else None
        yield from _flat(nested, f"{before}{key}.") if nested else [(f"{before}{key}", item)]


def layers(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Layers that differ, or that some runs lack.

    Args:
        runs: by name.

    Returns:
        One row per layer (index: its path), one column per run with a description of the layer, such as
        ``"Dense, 100 units, 10,100 parameters"``; `ABSENT` where the run lacks it.
    """
    known = {name: {str(entry["layer"]): _described(entry) for entry in run.layer_table} for name, run in runs.items()}
    paths = dict.fromkeys(path for own in known.values() for path in own)
    rows = {path: [own.get(path, ABSENT) for own in known.values()] for path in paths}
    differing = {path: texts for path, texts in rows.items() if len(set(texts)) > 1}
    return pd.DataFrame.from_dict(differing, orient="index", columns=list(known), dtype=object)


def _described(entry: Mapping[str, Any]) -> str:
    facts = [str(entry.get("kind", "layer"))]
    facts += [f"{entry[what]:,} {what}" for what in ("units", "parameters") if entry.get(what) is not None]
    return ", ".join(facts)


def statistics(runs: Mapping[str, Run]) -> list[str]:
    """The numeric statistics that at least two runs recorded, in the order of their tables.

    Args:
        runs: by name.
    """
    found = [name for run in runs.values() for name in numbers(run)]
    return [name for name in dict.fromkeys(found) if found.count(name) > 1]


def numbers(run: RunLike) -> list[str]:
    """The numeric statistics of a run that are not all missing."""
    columns = run.layers.select_dtypes("number").columns
    return [str(name) for name in columns if name not in KEYS and bool(run.layers[name].notna().any())]


def by_layer(runs: Mapping[str, Run], column: str, *, ratio: bool) -> pd.DataFrame:
    """How one statistic differs from the first run, layer by layer, over the steps that both recorded.

    Formula: difference = median over common steps of log₁₀(b / a) for a ratio, of b − a otherwise.

    Args:
        runs: by name; the others are compared with the first.
        column: the statistic.
        ratio: compare by ratio, as for quantities that span decades.

    Returns:
        One row per layer and run: layer, depth, run, reference (median of a), value (median of b), difference (decades, or the
        statistic's own unit), first (first common step at which a ≠ b, or NaN), steps (common steps). The largest
        absolute difference comes first.
    """
    reference, *others = runs.values()
    rows = [
        row
        for name, run in zip([*runs][1:], others, strict=True)
        for row in _by_layer(reference, run, name, column, ratio=ratio)
    ]
    names = ["layer", "depth", "run", "reference", "value", "difference", "first", "steps"]
    return pd.DataFrame(rows, columns=names).sort_values(
        "difference", key=lambda found: -found.abs(), kind="stable", ignore_index=True
    )


def _by_layer(reference: Run, run: Run, name: str, column: str, *, ratio: bool) -> Iterator[tuple]:
    if not all(column in one.layers for one in (reference, run)):
        return
    parts = [one.layers[["step", "layer", "depth", column]].astype({"layer": str}).dropna() for one in (reference, run)]
    both = parts[0].merge(parts[1], on=["step", "layer"], suffixes=("_a", "_b")).sort_values("step")
    for layer, rows in both.groupby("layer", sort=False):
        a, b = (rows[f"{column}_{side}"].to_numpy(np.float64) for side in "ab")
        apart = log_ratio(a, b) if ratio else _minus(a, b)
        unequal = rows["step"].to_numpy(float)[a != b]
        middles = (float(np.median(values)) for values in (a, b, apart[~np.isnan(apart)]) if values.size)
        found = [*middles, np.nan][:3]
        yield str(layer), int(rows["depth_a"].iloc[0]), name, *found, unequal[0] if unequal.size else np.nan, len(rows)


def log_ratio(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Decades from a to b.

    Formula: log₁₀(b / a); 0 where both are equal (both 0 or both infinite, too); ±∞ where one is 0; NaN for negatives.

    Args:
        a: ``[n]``.
        b: ``[n]``.
    """
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(a == b, 0.0, np.log10(b) - np.log10(a))


def _minus(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    with np.errstate(invalid="ignore"):
        return np.where(a == b, 0.0, b - a)


def scalars(runs: Mapping[str, Run]) -> pd.DataFrame:
    """Loss and metrics at the end of every run.

    Args:
        runs: by name.

    Returns:
        One row per split and scalar (index such as ``("validation", "loss")``), one column per run: the mean over the
        run's last epoch; NaN where it was not recorded.
    """
    known = {name: _last_epoch(run.scalars) for name, run in runs.items()}
    return pd.DataFrame(known).rename_axis(["split", "scalar"]).reindex(_order(known)) if known else pd.DataFrame()


def uneven_scalars(runs: Mapping[str, Run]) -> list[str]:
    """The scalars that differ between runs at any step and split."""
    tables = [run.scalars.astype({"split": str}).set_index(["step", "split"]) for run in runs.values()]
    named = dict.fromkeys(str(scalar) for _, scalar in scalars(runs).index)
    return [
        name for name in named if not _all_equal([table.loc[:, [name]].dropna() for table in tables if name in table])
    ]


def _all_equal(tables: Sequence[pd.DataFrame]) -> bool:
    return all(table.equals(tables[0]) for table in tables[1:])


def _last_epoch(table: pd.DataFrame) -> pd.Series:
    named = [str(name) for name in table.select_dtypes("number") if name not in NOT_SCALARS]
    last = table.loc[table["epoch"] == table["epoch"].max()].astype(dict.fromkeys(named, "float64"))
    means = last.groupby("split", observed=True, sort=False)[named].mean()
    return means.stack().dropna()  # pyright: ignore[reportReturnType]


def _order(known: Mapping[str, pd.Series]) -> pd.MultiIndex:
    keys = dict.fromkeys(tuple(map(str, key)) for found in known.values() for key in found.index.to_list())
    return pd.MultiIndex.from_tuples(list(keys), names=["split", "scalar"])
