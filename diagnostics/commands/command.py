"""What all commands share: exit codes, the argument parser, and how misuse is reported."""

from __future__ import annotations

import argparse
import io
import os
import shlex
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from diagnostics.wording.printable import printable
from probes.errors import UsageError

TRACEBACK = "DIAGNOSTICS_TRACEBACK"
MOST_SHOWN, MOST_OF_LINE = 300, 1500
EXIT_FAILED, EXIT_USAGE, EXIT_INTERRUPTED = 1, 2, 130


def parser(name: str, description: str, epilog: str, *, usage: str | None = None) -> argparse.ArgumentParser:
    """The argument parser of a command.

    Args:
        name: the command, as in ``python -m diagnostics.NAME``.
        description: one sentence for ``--help``.
        epilog: examples and exit codes, printed as they are.
        usage: the line after ``usage:``; derived from the arguments by default.
    """
    return _Parser(
        prog=f"python -m diagnostics.{name}",
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage=usage,
    )


class _Parser(argparse.ArgumentParser):
    """Reports what it cannot parse as all other misuse is reported."""

    def error(self, message: str) -> NoReturn:
        do = f"{self.prog} --help lists the options"
        print_error(UsageError(what="the command line is not understood", where=self.prog, got=message, do=do))
        raise SystemExit(EXIT_USAGE)


def print_error(error: UsageError) -> None:
    """Print misuse on standard error; of a part that is very long, its beginning."""
    lines = [line if len(line) <= MOST_OF_LINE else f"{line[:MOST_OF_LINE]}…" for line in f"error: {error}".split("\n")]
    print(printable("\n".join(lines)), file=sys.stderr)


def run(
    parser: argparse.ArgumentParser, work: Callable[[argparse.Namespace], int], arguments: Sequence[str] | None
) -> int:
    """Parse the command line and run the command.

    Args:
        parser: the command's own.
        work: the command, given its options and returning its exit code.
        arguments: what was typed after the command; that of the process when None.

    Returns:
        The command's exit code; 2 after misuse, which is printed.
    """
    options = parser.parse_args(arguments)
    return exit_code(lambda: work(options))


def read(
    parser: argparse.ArgumentParser, work: Callable[[argparse.Namespace], int], arguments: Sequence[str] | None
) -> int:
    """The same for a command that only reads results, which may be damaged in a way that nobody thought of.

    What it then meets is said as misuse is, without a traceback; `TRACEBACK` in the environment lets it through.
    """

    def careful(options: argparse.Namespace) -> int:
        try:
            return work(options)
        except (UsageError, OSError):
            raise
        except Exception as error:
            if os.environ.get(TRACEBACK):
                raise
            last = traceback.extract_tb(error.__traceback__)[-1]
            raise UsageError(
                what="these results cannot be read to their end",
                where=shlex.join([parser.prog, *(sys.argv[1:] if arguments is None else arguments)])[:MOST_SHOWN],
                got=f"{type(error).__name__}: {error!s:.{MOST_SHOWN}} ({Path(last.filename).name}:{last.lineno})",
                do=f"restore the folder, or train again; if it is whole, report this with what {TRACEBACK}=1 shows",
            ) from error

    return run(parser, careful, arguments)


def exit_code(work: Callable[[], int]) -> int:
    """Run a command; misuse, and what the file system refuses, is printed and gives exit code 2.

    Args:
        work: the command, returning its exit code.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a folder's name may be no text in this encoding
            stream.reconfigure(errors="backslashreplace")
    try:
        return work()
    except UsageError as error:
        print_error(error)
    except OSError as error:
        got = error.strerror or str(error)
        do = "name a file or folder that exists and that you may use, on a disk with space"
        print_error(UsageError(what="the file system refuses", where=f"{error.filename!s:.300}", got=got, do=do))
    return EXIT_USAGE
