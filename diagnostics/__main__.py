"""``python -m diagnostics`` names the commands."""

from __future__ import annotations

COMMANDS = {
    "run NAME": "put a statement about training to the test (--list names them, all runs them)",
    "watch SCRIPT": "run a script as it is, and record every training that it does",
    "report RUN": "judge a stored run or scenario, and write its page",
    "compare A B ...": "show runs side by side",
    "export RUN": "hand a run on, as CSV or to TensorBoard",
}


def main() -> None:
    """Print each command with what it does."""
    width = max(map(len, COMMANDS))
    for command, does in COMMANDS.items():
        print(f"python -m diagnostics.{command:<{width}}  {does}")
    print("\nEach has --help.")


if __name__ == "__main__":
    main()
