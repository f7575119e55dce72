"""The checkpoints in a run's folder: whole, sealed, the last two kept."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from diagnostics.runs.confined import own
from diagnostics.runs.files import make_folder
from diagnostics.training.state.files import load, save
from probes.errors import UsageError

FOLDER = "checkpoints"
KEPT = 2
"""The newest, and the one before it, should the disk have damaged the newest."""

_NAME = re.compile(r"step-(\d{8,18})\.npz")


class Checkpoints:
    """The checkpoints of one run.

    Args:
        run: the run's folder.
    """

    def __init__(self, run: Path) -> None:
        self._run = run

    def save(self, step: int, arrays: Mapping[str, np.ndarray]) -> Path:
        """Write a checkpoint, and remove all but the last two.

        Args:
            step: how many steps have been made.
            arrays: what is to be kept, by name.

        Raises:
            OSError: the disk refuses; what was there before is still there.
            UsageError: a link stands in place of the folder.
        """
        folder = own(self._run, FOLDER)
        make_folder(folder)
        path = own(folder, f"step-{step:08d}.npz")
        save(path, arrays)
        for old in self._listed()[:-KEPT]:
            old.unlink(missing_ok=True)
        return path

    def newest(self) -> tuple[Path, dict[str, np.ndarray]] | None:
        """The newest checkpoint that is whole, with a warning about those that are not; ``None`` if there is none."""
        for path in reversed(self._listed()):
            try:
                return path, load(path)
            except UsageError as error:
                warnings.warn(f"passed over a damaged checkpoint\n{error}", stacklevel=3)
        return None

    def _listed(self) -> list[Path]:
        folder = own(self._run, FOLDER)
        found = {int(match[1]): path for path in _files(folder) if (match := _NAME.fullmatch(path.name))}
        return [found[step] for step in sorted(found)]


def _files(folder: Path) -> list[Path]:
    return [*folder.iterdir()] if folder.is_dir() else []
