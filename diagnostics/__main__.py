"""``python -m diagnostics`` lists the commands."""

from __future__ import annotations

COMMANDS = {
    "run NAME": "test a claim about training (--list shows the scenarios, all runs them)",
    "watch SCRIPT": "run an unmodified script and record every training in it",
    "diagnose RUN": "say what is wrong with a stored run, and what to try",
    "report RUN": "judge a stored run or scenario and write its report",
    "compare A B ...": "show runs side by side",
    "export RUN": "export a run as CSV or to TensorBoard",
}


def main() -> None:
    """Print each command with what it does."""
    width = max(map(len, COMMANDS))
    for command, does in COMMANDS.items():
        print(f"python -m diagnostics.{command:<{width}}  {does}")
    print("\nEach has --help.")


if __name__ == "__main__":
    main()
