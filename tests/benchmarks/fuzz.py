"""Damages folders of results at random and reads them: ``python -m tests.benchmarks.fuzz --minutes 10``.

Each input is a whole folder of some kind (a run of `Trainer`, of ``fit``, of a writer alone, an experiment, a page with its
data) with one to three kinds of damage, and one command that reads it, in a process of its own. Whatever comes of it, there is
no traceback, no long wait, no huge memory, no crash, nothing outside the folder is read or written, and nothing in it is
replaced but pages. Anything else is printed with the seed that makes it again.
"""

from __future__ import annotations

import argparse
import collections
import io
import json
import os
import random
import resource
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import diagnostics.compare
import diagnostics.export
import diagnostics.report  # all is loaded before the fork  # noqa: F401
from tests.kit import good_runs, readers
from tests.kit.bad_input import stored_run
from tests.kit.damage import damaged
from tests.kit.guarded import SECONDS, Guarded, guarded, without_privileges

MOST_MEMORY = 6 << 30
"""Bytes of addresses that a command may take beyond those of the process that it begins in."""


class Place:
    """The folders of one fuzzing: whole ones, and the one that is damaged.

    Args:
        home: where they go.
        heavy: whether TensorFlow takes part.
    """

    def __init__(self, home: Path, heavy: bool) -> None:
        self.home, self.heavy = home, heavy
        self.outside, self.good = home / "outside", home / "good"
        (self.outside / "figures").mkdir(parents=True)
        (self.outside / "train.py").write_text("the user's own")
        stored_run(self.outside / "run")
        stored_run(self.good)
        kinds = good_runs.HEAVY if heavy else good_runs.LIGHT
        self.whole = {kind: home / f"whole-{kind}{good_runs.SUFFIX.get(kind, '')}" for kind in kinds}
        for kind, path in self.whole.items():
            _apart(lambda make=kinds[kind], path=path: make(path))

    def prepared(self, draw: random.Random) -> tuple[Path, str, list[str], str]:
        """A damaged copy: where it is, its kind, its damage, and the reader to try."""
        kind = draw.choice(sorted(self.whole))
        folder = self.home / f"run{good_runs.SUFFIX.get(kind, '')}"
        whole = self.whole[kind]
        shutil.copytree(whole, folder) if whole.is_dir() else shutil.copy(whole, folder)
        done = damaged(folder, draw, self.outside)
        names = readers.SCENARIO if kind == "scenario" else readers.LIGHT
        if self.heavy:
            names = tuple(name for name in readers.HEAVY if name != "resume" or kind == "trainer")
        return folder, kind, done, draw.choice(names)

    def clean(self) -> None:
        for each in self.home.iterdir():
            if each.name.split(".")[0] in ("run", "out"):
                each.chmod(0o700) if not each.is_symlink() else None
                shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
        for each in self.outside.glob("moved-*"):
            each.chmod(0o700)
            shutil.rmtree(each) if each.is_dir() else each.unlink()


def _apart(work) -> None:
    child = os.fork()
    if child == 0:
        try:
            sys.stdout = sys.stderr = io.StringIO()
            work()
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def read_apart(place: Place, name: str, folder: Path) -> Guarded:
    """Run a reader in a process of its own."""
    out = place.home / "out"
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reader)
        result = Guarded(faults=["it ended its process"])
        try:
            _limited()
            main, arguments = readers.reader(name, folder, place.good, out)
            result = guarded(main, arguments, folder, place.outside, changes=name == "resume")
        except BaseException as error:
            result = Guarded(faults=[f"{type(error).__name__}: {error}"])
        finally:
            os.write(
                writer,
                json.dumps(vars(result) | {"out": "", "err": result.err[-2000:]}, default=repr).encode()[:60_000],
            )
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        text = _heard(said, child)
    ended = os.waitpid(child, 0)[1]
    if not text:
        return Guarded(
            faults=[f"the process ended with {ended}, signal {os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else None}"]
        )
    return Guarded(**json.loads(text))


def _limited() -> None:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + MOST_MEMORY,) * 2)
    sys.stdin = io.StringIO()
    without_privileges()


def _heard(said, child: int) -> str:
    def kill(*_: object) -> None:
        os.kill(child, signal.SIGKILL)

    signal.signal(signal.SIGALRM, kill)
    signal.alarm(3 * SECONDS)
    try:
        return said.read()
    finally:
        signal.alarm(0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, help="inputs at most")
    parser.add_argument("--heavy", action="store_true", help="runs, and readers, that need TensorFlow")
    parser.add_argument("--only", help="this reader")
    parser.add_argument("--kind", help="this kind of folder")
    parser.add_argument("--damage", help="this damage")
    parser.add_argument("--show", action="store_true", help="print each input, and what the command said")
    given = parser.parse_args()
    if given.heavy:
        import tensorflow  # noqa: F401, PLC0415

        import diagnostics.training.flight.explain  # noqa: F401, PLC0415
    results, kinds, failures = collections.Counter(), collections.Counter(), {}
    with tempfile.TemporaryDirectory() as home:
        os.chmod(home, 0o755)
        place, until, seed = Place(Path(home), given.heavy), time.monotonic() + 60 * given.minutes, given.seed
        while time.monotonic() < until and (given.count is None or seed < given.seed + given.count):
            folder, kind, done, name = place.prepared(random.Random(seed))
            name = given.only or name
            if (given.kind and kind != given.kind) or (given.damage and not any(given.damage in each for each in done)):
                place.clean()
                seed += 1
                continue
            result = read_apart(place, name, folder)
            results[{0: "read", 3: "read", 2: "refused"}.get(result.code, "failed")] += 1
            kinds.update(each.partition(" ")[0] for each in done)
            if given.show:
                print(f"seed {seed}, {kind}, {name}, {done}: {result.code} {result.err[-300:]}", flush=True)
            for fault in result.faults:
                about = fault.splitlines()[0][:90]
                if about not in failures:
                    print(f"seed {seed}, {kind}, {name}, {done}: {fault}", flush=True)
                failures[about] = failures.get(about, 0) + 1
            place.clean()
            seed += 1
    print(f"{seed - given.seed} inputs: {dict(results)}; damage {dict(kinds)}; failures {failures or 'none'}")
    if failures:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
