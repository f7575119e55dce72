"""``python -m diagnostics`` lists the commands."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from diagnostics.commands import command
from probes.errors import unknown_name

COMMANDS = {
    "run NAME": "test a claim about training (--list shows the scenarios, all runs them)",
    "watch SCRIPT": "run an unmodified script and record every training in it",
    "diagnose RUN": "say what is wrong with a stored run, and what to try",
    "remedy FILE:FUNCTION": "retrain with what the findings suggest, over seeds, and say what helps",
    "replay RUN": "repeat a recorded step and say where its NaN or infinity comes from",
    "report RUN": "judge a stored run or scenario and write its report",
    "compare A B ...": "show runs side by side",
    "export RUN": "export a run as CSV or to TensorBoard",
}
HELP = ("-h", "--help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print each command with what it does. Returns the exit code: 0 done, 2 when something else was asked for."""
    return command.exit_code(lambda: _list(sys.argv[1:] if arguments is None else arguments))


def _list(typed: Sequence[str]) -> int:
    unknown = [word for word in typed if word not in HELP]
    if unknown:
        names = [f"diagnostics.{name.split()[0]}" for name in COMMANDS]
        raise unknown_name("command", f"diagnostics {unknown[0]}", names, where="python -m diagnostics")
    width = max(map(len, COMMANDS))
    for name, does in COMMANDS.items():
        print(f"python -m diagnostics.{name:<{width}}  {does}")
    print("\nEach has --help.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
