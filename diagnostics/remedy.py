"""The command ``python -m diagnostics.remedy``: tries what the findings of a training suggest, over seeds, and says what helps."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.commands import catalogue, command
from diagnostics.commands.options import counted, out_path, parse_seeds
from diagnostics.commands.quiet import quiet_import
from diagnostics.pages.remedies import as_json, lines
from diagnostics.runs.folders import check_output, free_directory
from diagnostics.training.remedies.program import Program
from probes.errors import UsageError, unknown_name

if TYPE_CHECKING:
    from diagnostics.pages.remedies import Outcome
    from diagnostics.training.remedies.program import Make

__all__ = ["Program", "main"]

SEEDS = 5
"""Seeds by default: enough for an interval."""
EXAMPLES = """examples:
  python -m diagnostics.remedy train.py:make
  python -m diagnostics.remedy train.py:make --seeds 3 --only learning_rate,clipping
  python -m diagnostics.remedy vanishing_gradient --arm sigmoid-0.01 --epochs 2

The function takes no arguments and returns (model, x, y), the model compiled, or a diagnostics.remedy.Program.

exit codes: 0 done; 2 wrong usage, nothing was trained"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train as it is and with each remedy, and print what helps. Returns the exit code: 0 done, 2 misuse."""
    return command.run(_parser(), _remedy, arguments)


def _parser() -> argparse.ArgumentParser:
    parser = command.parser("remedy", "Try what the findings of a training suggest.", EXAMPLES)
    parser.add_argument("target", metavar="FILE.py:FUNCTION|SCENARIO", help="what to train")
    parser.add_argument("--arm", metavar="NAME", help="the scenario's arm")
    parser.add_argument(
        "--seeds", metavar="N|A,B,...", help=f"number of seeds (default {SEEDS}), or the seeds themselves"
    )
    parser.add_argument("--epochs", metavar="N", help="passes over the training data, the same for every remedy")
    parser.add_argument("--only", metavar="CHANGE,...", help="only these changes, such as learning_rate,clipping")
    parser.add_argument("--out", metavar="DIR", help="folder for the runs (default runs/remedy-NAME)")
    parser.add_argument("--json", action="store_true", help="print the outcome as JSON")
    return parser


def _remedy(options: argparse.Namespace) -> int:
    seeds, epochs = parse_seeds(options.seeds) or tuple(range(SEEDS)), counted("--epochs", options.epochs)
    if len(seeds) < 2:
        do = "give at least 2, better 5"
        raise UsageError(what="one seed shows no spread", where="--seeds", got=f"{options.seeds!r:.200}", do=do)
    make, name = _target(options)
    wanted = out_path(options.out)
    directory = check_output(wanted) if wanted else free_directory(Path("runs") / f"remedy-{name}")
    outcome = _tried(
        options, make if epochs is None else lambda seed: make(seed)._replace(epochs=epochs), seeds, directory
    )
    print(json.dumps(as_json(outcome), indent=2, ensure_ascii=False) if options.json else "\n".join(lines(outcome)))
    return 0


def _tried(options: argparse.Namespace, make: Make, seeds: Sequence[int], directory: Path) -> Outcome:
    from diagnostics.training.remedies.changes import CHANGES  # noqa: PLC0415 - TensorFlow only when it is needed
    from diagnostics.training.remedies.comparison import compare  # noqa: PLC0415

    only = [name.strip() for name in options.only.split(",")] if options.only else None
    for name in only or ():
        if name not in CHANGES:
            raise unknown_name("change", name, CHANGES, where="--only")
    return compare(make, seeds, directory, only, lambda text: print(text, file=sys.stderr, flush=True))


def _target(options: argparse.Namespace) -> tuple[Make, str]:
    """What makes the program, and a name for it."""
    if ":" in options.target or options.target.endswith(".py"):
        if options.arm:
            do = "leave --arm out, or name a scenario"
            raise UsageError(what="a file has no arms", where="--arm", got=f"{options.arm!r:.200}", do=do)
        with quiet_import():
            from diagnostics.training.remedies.sources import of_file  # noqa: PLC0415 - TensorFlow

        return of_file(options.target), options.target.rpartition(":")[2]
    if options.target not in catalogue.names():
        raise unknown_name("scenario", options.target, catalogue.names(), where="FILE.py:FUNCTION|SCENARIO")
    if not options.arm:
        do = f"give --arm; python -m diagnostics.run {options.target} --help tells more"
        raise UsageError(what="no arm was named", where="--arm", got="nothing", do=do)
    with quiet_import():
        from diagnostics.training.remedies.sources import of_arm  # noqa: PLC0415 - TensorFlow
        from scenarios.data import load  # noqa: PLC0415

        module = importlib.import_module(f"scenarios.{options.target}")
        scenario = getattr(module, catalogue.class_name(options.target))()
    return of_arm(scenario, load(scenario.data), options.arm), f"{options.target}-{options.arm}"


if __name__ == "__main__":
    sys.exit(main())
