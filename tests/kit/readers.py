"""Everything that reads a folder of results, as commands: each is given the folder, a good run, and a place for its output."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from pathlib import Path

from diagnostics import diagnose, load_run
from diagnostics.commands import command
from diagnostics.runs.experiment import load_experiment
from diagnostics.runs.tables import TABLES

Main = Callable[[Sequence[str]], object]
Reader = tuple[Main, list[str]]
OPTIONS: dict[str, tuple[str, ...]] = {
    "report": ("report", "RUN", "--force"),
    "report elsewhere": ("report", "RUN", "--out", "OUT/page.html"),
    "report with data": ("report", "RUN", "--out", "OUT/page.html", "--embed-data"),
    "report json": ("report", "RUN", "--json"),
    "report markdown": ("report", "RUN", "--markdown"),
    "report follow": ("report", "RUN", "--follow", "--out", "OUT/page.html"),
    "diagnose": ("diagnose", "RUN", "--all"),
    "diagnose json": ("diagnose", "RUN", "--json", "--fail-on", "error"),
    "compare": ("compare", "RUN", "GOOD", "--out", "OUT/comparison"),
    "compare reversed": ("compare", "GOOD", "RUN", "--out", "OUT/comparison"),
    "csv": ("export", "RUN", "--csv", "--out", "OUT/csv"),
}
HEAVY_OPTIONS: dict[str, tuple[str, ...]] = {
    "boards": ("export", "RUN", "--tensorboard", "--out", "OUT/boards"),
    "replay": ("replay", "RUN"),
    "replay a step": ("replay", "RUN", "--step", "22"),
    "replay compare": ("replay", "RUN", "--compare"),
}
LIGHT = ("load", *OPTIONS)
HEAVY = (*HEAVY_OPTIONS, "resume")
"""With TensorFlow."""
SCENARIO = tuple(name for name in LIGHT if name not in ("report follow", "report with data"))
"""For whole experiments."""


def reader(name: str, folder: Path, good: Path, out: Path) -> Reader:
    """The command of this name."""
    if name == "load":
        return _as_command(_load), [str(folder)]
    if name == "resume":
        return _as_command(_resume), [str(folder)]
    module, *words = (OPTIONS | HEAVY_OPTIONS)[name]
    places = {"RUN": str(folder), "GOOD": str(good)}
    arguments = [places.get(word, word.replace("OUT", str(out))) for word in words]
    return importlib.import_module(f"diagnostics.{module}").main, arguments


def _as_command(work: Callable[[Path], object]) -> Main:
    def main(arguments: Sequence[str]) -> object:
        def done() -> int:
            work(Path(arguments[0]))
            return 0

        return command.exit_code(done)

    return main


def _load(folder: Path) -> None:
    if (folder / "arms").is_dir():
        experiment = load_experiment(folder)
        _ = experiment.plan, repr(experiment), experiment._repr_html_(), [experiment.table(name) for name in TABLES]
        return
    run = load_run(folder)
    _ = (
        run.layers,
        run.units,
        run.scalars,
        run.damage,
        run.training,
        run.architecture,
        run.data,
        repr(run),
        run._repr_html_(),
    )
    _ = run.layers.describe(), diagnose(run)


def _resume(folder: Path) -> None:
    from tests.kit.good_runs import trained  # noqa: PLC0415 - TensorFlow

    trained(folder, "trainer", resume=True)
