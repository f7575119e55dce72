"""The command ``python -m diagnostics.replay RUN``: repeats a recorded step and says where its NaN or infinity comes from."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.commands import command
from diagnostics.commands.quiet import quiet_import
from diagnostics.pages import flight_page
from diagnostics.pages.html import write_page
from diagnostics.runs import flight, manifest
from diagnostics.runs.confined import as_path, own

if TYPE_CHECKING:
    from diagnostics.training.flight.explain import Explained
    from diagnostics.training.flight.program import Program

EXAMPLES = """examples:
  python -m diagnostics.replay runs/mine
  python -m diagnostics.replay runs/mine --step 1200 --build train.py:make_model
  python -m diagnostics.replay runs/mine --compare

exit codes: 0 done; 2 wrong usage, or nothing there to replay"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Repeat a recorded step, print where it stopped being finite, and write a page. Returns the exit code: 0 done, 2 misuse."""
    return command.read(_parser(), _replay, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("replay", "Repeat a recorded step and explain it.", EXAMPLES)
    parser.add_argument("folder", metavar="RUN", help="folder of a run that was trained with flight_recorder=True")
    parser.add_argument("--step", type=int, help="the step to explain; by default the first that is not finite")
    parser.add_argument("--build", metavar="FILE:FUNCTION", help="makes the model, where the record alone cannot")
    parser.add_argument("--compare", action="store_true", help="run the step eager, as graph and with XLA, and compare")
    return parser


def _replay(options: argparse.Namespace) -> int:
    folder = as_path(options.folder, "RUN")
    manifest.read(folder, "run")
    place = _record_of(folder, options.step)
    with quiet_import():
        from diagnostics.training.flight import explain as explaining  # noqa: PLC0415 - TensorFlow only when it is needed
        from diagnostics.training.flight.program import program_of  # noqa: PLC0415
        from diagnostics.training.flight.record import Record  # noqa: PLC0415

    record = Record(place)
    program = program_of(record, options.build)
    found = explaining.explain(record, program, options.step)
    content = record.content
    page = flight_page.page_of(place, content, found.step, found.origin, found.repeated, found.hindrances)
    written = write_page(page, own(place, "replay.html"))
    print(page.answer)
    for values in found.origin.inputs if found.origin else ():
        print(
            f"    {values.name}: {values.shape}, {values.low:.6g} to {values.high:.6g}, examples {list(values.examples)}"
        )
    print(page.status)
    for hindrance in found.hindrances:
        print(f"    {hindrance}")
    print(f"Report: {written}")
    if options.compare:
        _compare(place, program, found)
    return 0


def _compare(place: Path, program: Program, found: Explained) -> None:
    from diagnostics.training.flight.compare import compared  # noqa: PLC0415 - TensorFlow only when it is needed

    outcome, partings = compared(program, found.target)
    page = flight_page.comparison_page(place, found.step, outcome, partings)
    print(page.answer)
    print(f"Report: {write_page(page, own(place, 'compare.html'))}")


def _record_of(folder: Path, step: int | None) -> Path:
    """The first record; with a step, the first that reaches it."""
    found = flight.records(folder)
    return next((place for place in found if step is not None and flight.content(place)["step"] >= step), found[0])


if __name__ == "__main__":
    sys.exit(main())
