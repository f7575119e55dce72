"""The command ``python -m diagnostics.export RUN --tensorboard|--csv``: stored runs for other tools."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from diagnostics.commands import command
from diagnostics.commands.options import out_path
from diagnostics.commands.quiet import quiet_import
from diagnostics.runs import manifest
from diagnostics.runs.confined import as_name
from diagnostics.runs.experiment import Experiment, load_experiment
from diagnostics.runs.files import plain
from diagnostics.runs.folders import check_output, free_directory
from diagnostics.runs.run import Run, load_run
from diagnostics.runs.tables import TABLES
from probes.errors import UsageError

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of a cell that spreadsheets take for a formula."""

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula."""
EXAMPLES = """examples:
  python -m diagnostics.export runs/mine --csv
  python -m diagnostics.export runs/vanishing_gradient --tensorboard --out boards
  tensorboard --logdir boards

exit codes: 0 done; 2 wrong usage, or nothing there to export"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Export a stored run or a whole scenario. Returns the exit code: 0 done, 2 wrong usage."""
    return command.read(_parser(), _export, arguments)


def _export(options: argparse.Namespace) -> int:
    folder, kind = Path(options.folder), "tensorboard" if options.tensorboard else "csv"
    source = LOADERS[manifest.kind_of(folder)](folder)
    wanted = out_path(options.out)
    directory = check_output(wanted) if wanted else free_directory(folder / kind)
    print(EXPORTS[kind](source, directory))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("export", "Write a stored run or scenario for other tools.", EXAMPLES)
    parser.add_argument("folder", metavar="RUN", help="folder of a run, or of a whole scenario")
    kinds = parser.add_mutually_exclusive_group(required=True)
    kinds.add_argument("--tensorboard", action="store_true", help="event files, one folder per run")
    kinds.add_argument("--csv", action="store_true", help="layers.csv, units.csv, scalars.csv")
    parser.add_argument("--out", metavar="DIR", help="a new folder (default RUN/tensorboard or RUN/csv)")
    return parser


def write_csv(source: Run | Experiment, directory: Path) -> str:
    """Write the tables as CSV; those of a scenario have the columns arm and seed.

    Args:
        source: what to export.
        directory: a folder, made when it is not there.

    Returns:
        What to do with it, for people.

    Raises:
        UsageError: the folder cannot be written.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name in TABLES:
            table = getattr(source, name) if isinstance(source, Run) else source.table(name)
            _inert(_flat(table)).to_csv(directory / f"{name}.csv", index=False)
    except OSError as error:
        raise UsageError(
            what="the tables cannot be written", where=str(directory), got=str(error), do="choose another folder"
        ) from error
    return f"Tables: {directory}/{{{','.join(TABLES)}}}.csv; empty cells are missing values"


def write_boards(source: Run | Experiment, directory: Path) -> str:
    """Write event files for TensorBoard, a folder for each run.

    Args:
        source: what to export.
        directory: where they go.

    Returns:
        What to do with it, for people.

    Raises:
        UsageError: TensorBoard is not installed, or the folder cannot be written.
    """
    with quiet_import():
        import tensorflow as tf  # noqa: PLC0415

        from diagnostics.training.tensorboard.board import write_board  # noqa: PLC0415 - TensorFlow

        tf.config.list_logical_devices()  # has much to say when it looks for devices the first time
    for name, run in _runs(source):
        write_board(run, directory / name)
    return f"Look at it with: tensorboard --logdir {directory}"


def _runs(source: Run | Experiment) -> Iterator[tuple[str, Run]]:
    """The runs of a scenario, or the run itself, each with a folder of its own.

    TensorBoard finds no metrics for its table of hyperparameters where the log directory itself is a run.
    """
    if isinstance(source, Run):
        yield as_name(source.path.resolve().name), source
        return
    for arm, runs in source.runs.items():
        for seed, run in runs.items():
            yield f"{arm}/seed-{seed}", run


def _flat(table: pd.DataFrame) -> pd.DataFrame:
    """The table with one value in each cell: vectors become JSON text, and text that a spreadsheet would run is quoted."""
    vectors = [name for name in table if any(isinstance(cell, (np.ndarray, list)) for cell in table[name].head(1000))]
    texts = {name: [None if cell is None else json.dumps(plain(cell)) for cell in table[name]] for name in vectors}
    flat = table.assign(**texts)
    for name in flat.select_dtypes(include=["category", "object", "string"]):
        flat[name] = [_harmless(cell) for cell in flat[name]]
    return flat.rename(columns=_harmless)


def _harmless(cell: object) -> object:
    """A text that begins as a formula does, behind an apostrophe: a layer may be called ``=HYPERLINK(...)``."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def _inert(table: pd.DataFrame) -> pd.DataFrame:
    """Texts that a spreadsheet would take for a formula, with an apostrophe before them: a layer may be called ``=HYPERLINK(...)``."""
    texts = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    quoted = {name: table[name].astype(object).map(_quoted) for name in texts}
    headers = {name: _quoted(name) for name in table}
    return table.assign(**quoted).rename(columns=headers)


def _quoted(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAS) else cell


LOADERS = {"run": load_run, "scenario": load_experiment}
EXPORTS = {"tensorboard": write_boards, "csv": write_csv}

if __name__ == "__main__":
    sys.exit(main())
