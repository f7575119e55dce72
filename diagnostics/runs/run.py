"""A stored run, read back as tidy tables."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from diagnostics.runs import embedded, manifest, split_rows
from diagnostics.runs.confined import as_path
from diagnostics.runs.data_facts import Data, data_of
from diagnostics.runs.facts import Layer, Training, architecture_of, training_of
from diagnostics.runs.folders import is_page
from diagnostics.runs.part_file import Damage
from diagnostics.runs.tables import TABLES, stores
from diagnostics.wording import statements


@dataclass(frozen=True, repr=False, eq=False)
class Run:
    """A stored run. Tables are read when first asked for, and then kept; `load_run` again to see newer rows.

    Text columns (layer, kind, event, split) are categorical, in the order of their first row: grouping by layer goes
    through the network from input to output.

    Attributes:
        path: the run's folder, or the page that holds it.
        metadata: the content of its ``run.json``.
    """

    path: Path
    metadata: dict[str, Any]
    _kept: dict[str, pd.DataFrame] = field(default_factory=dict)
    _damaged: dict[str, tuple[Damage, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the run's folder."""
        return str(self.metadata.get("name") or self.path.absolute().name)

    @property
    def layers(self) -> pd.DataFrame:
        """One row a layer and step: step, layer, depth, kind, and one column a statistic; NaN is missing."""
        return self._table("layers")

    @property
    def units(self) -> pd.DataFrame:
        """One row an event: step, layer, unit, event (born_dead, death or revival)."""
        return self._table("units")

    @property
    def scalars(self) -> pd.DataFrame:
        """One row a step and split: step, epoch, split, loss, metrics, learning_rate, seconds."""
        return self._table("scalars")

    @property
    def damage(self) -> tuple[Damage, ...]:
        """What could not be read of the tables, file by file; the rest is in them. A warning says so at the first reading."""
        return tuple(one for name in TABLES if self._table(name) is not None for one in self._damaged.get(name, ()))

    @property
    def config(self) -> dict[str, Any]:
        """What decided the numbers."""
        return self.metadata["config"]

    @property
    def status(self) -> str:
        """``"running"``, ``"killed"``, ``"finished"``, ``"failed"`` or ``"interrupted"``, when the run was loaded."""
        return self.metadata["status"]

    @property
    def seed(self) -> int | None:
        """The run's seed."""
        return self.metadata["seed"]

    @property
    def layer_table(self) -> list[dict[str, Any]]:
        """One record per layer."""
        return self.metadata["layer_table"]

    @property
    def probes(self) -> list[str]:
        """The probes' reprs."""
        return self.metadata["probes"]

    @cached_property
    def training(self) -> Training:
        """Loss, optimizer and the other settings of the training.

        Raises:
            UsageError: a field in ``run.json`` has the wrong type.
        """
        return training_of(self.metadata, self._source)

    @cached_property
    def architecture(self) -> tuple[Layer, ...]:
        """The model's layers with their settings, from input to output.

        Raises:
            UsageError: a field in ``run.json`` has the wrong type.
        """
        return architecture_of(self.metadata, self._source)

    @cached_property
    def data(self) -> Data:
        """What the inputs, targets and outputs of the training looked like.

        Raises:
            UsageError: a field in ``run.json`` has the wrong type.
        """
        return data_of(self.metadata, self._source)

    @property
    def _source(self) -> str:
        return str(self.path / manifest.NAME)

    def _table(self, name: str) -> pd.DataFrame:
        if name not in self._kept:
            sealed = self.metadata.get("schema_version", 0) >= manifest.SEALED_FROM
            contents = stores(self.path, sealed=sealed)[name].contents()
            for damage in contents.damage:
                warnings.warn(f"not read: {damage}", stacklevel=4)
            table = split_rows.joined(contents.frame) if name == "layers" else contents.frame
            self._kept[name], self._damaged[name] = table, contents.damage
        return self._kept[name]

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r}, {self.status}, seed={self.seed}, {len(self.layer_table)} layers)"

    def _repr_html_(self) -> str:
        facts = {"run": self.path, "status": self.status, "command": self.metadata["command"], "seed": self.seed}
        facts |= {"layers": len(self.layer_table), "started": self.metadata["started"], "ended": self.metadata["ended"]}
        return statements.facts(facts)


def load_run(path: str | Path) -> Run:
    """A stored run, without loading TensorFlow.

    Args:
        path: the run's folder, or a page that was written with ``embed_data=True``. A run that is still going on, or was
            killed, gives the parts that are whole.

    Returns:
        The run; its tables are read on demand.

    Raises:
        UsageError: nothing there, not a run, a damaged ``run.json``, one written by a newer version, or a page without tables.
    """
    folder = as_path(path, "load_run(path)")
    if is_page(folder):
        metadata, tables, damage = embedded.load(folder)
        for each in (one for found in damage.values() for one in found):
            warnings.warn(f"not read: {each}", stacklevel=2)
        return Run(folder, metadata, tables, damage)
    return Run(folder, manifest.read(folder, "run"))
