"""Damages run folders at random and opens them: ``python -m tests.benchmarks.fuzz --minutes 5``.

Each input is a stored run with one to three kinds of damage, such as flipped bits, cut or foreign files, wrong JSON, links and
folders in place of files. Whatever comes of it, `load_run`, the tables, `diagnose` and the page may raise ``UsageError`` alone,
must not write into the folder, and must come to an end. Anything else is printed with the seed that makes it again.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import random
import shutil
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

import diagnostics
from diagnostics.runs import part_file
from diagnostics.runs.part_file import Part
from diagnostics.runs.run import load_run
from probes.errors import UsageError
from tests.kit.bad_input import WRONG, stored_run

SLOW_SECONDS = 30.0
TEXTS = ["", "\0", "../../x", "a" * 300, "$x_y$", "<b>&", "\u202e", "\ud800", "part-00000", "=1+1", "\x1b[31m"]
Damage = Callable[[Path, random.Random], None]


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def flip(folder: Path, draw: random.Random) -> None:
    path = draw.choice(files(folder))
    content = bytearray(path.read_bytes() or b"\0")
    for _ in range(draw.choice([1, 1, 3, 50])):
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
    path.write_bytes(content)


def cut(folder: Path, draw: random.Random) -> None:
    path = draw.choice(files(folder))
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content) + 1)])


def splice(folder: Path, draw: random.Random) -> None:
    path, other = draw.choice(files(folder)), draw.choice(files(folder))
    content, more = path.read_bytes(), other.read_bytes()
    at, start = draw.randrange(len(content) + 1), draw.randrange(len(more) + 1)
    path.write_bytes(content[:at] + more[start : start + draw.randrange(1, 400)] + content[at:])


def swap(folder: Path, draw: random.Random) -> None:
    path, other = draw.choice(files(folder)), draw.choice(files(folder))
    path.write_bytes(other.read_bytes())


def remove(folder: Path, draw: random.Random) -> None:
    path = draw.choice([path for path in folder.rglob("*")])
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def copy(folder: Path, draw: random.Random) -> None:
    path = draw.choice(files(folder))
    name = draw.choice(
        [f"{path.stem} (copy){path.suffix}", f"part-{draw.randrange(99999):05d}.parquet", "part-0.parquet", ".x"]
    )
    shutil.copy(path, path.with_name(name))


def replace_by_other_kind(folder: Path, draw: random.Random) -> None:
    path = draw.choice([path for path in folder.rglob("*")])
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    make = draw.choice(
        [path.mkdir, path.touch, lambda: path.symlink_to("/etc/hostname"), lambda: path.symlink_to(path)]
    )
    make()


def json_field(folder: Path, draw: random.Random) -> None:
    path = folder / "run.json"
    record = json.loads(path.read_text())
    at = record
    for _ in range(draw.randrange(4)):
        inner = [
            each for each in (at.values() if isinstance(at, dict) else at) if isinstance(each, dict | list) and each
        ]
        at = draw.choice(inner) if inner else at
    key = draw.choice([*at]) if isinstance(at, dict) else draw.randrange(len(at))
    at[key] = draw.choice([*WRONG, *TEXTS])
    path.write_text(json.dumps(record))


def json_text(folder: Path, draw: random.Random) -> None:
    path = folder / "run.json"
    text = path.read_text()
    at = draw.randrange(len(text))
    path.write_text(
        text[:at] + draw.choice(["[" * 500, '{"a":', "NaN", "1e999", "null,", '"', "}", "\\ud800"]) + text[at:]
    )


def column(folder: Path, draw: random.Random) -> None:
    """A part that is whole and sealed, with a column of another kind."""
    path = draw.choice([path for path in files(folder) if path.suffix == ".parquet"])
    table = pq.read_table(path)
    values = draw.choice(
        [[None], [1], [2.5], ["x"], [b"x"], [True], [[1.0]], [{"a": 1}], [2**62], [float("nan")], TEXTS[:1]]
    )
    name = draw.choice([*table.column_names, "new", "", "\n", "seconds", "model"])
    content = pa.array(values * len(table))
    table = table.set_column(table.column_names.index(name), name, content) if name in table.column_names else (
        table.append_column(name, content)
    )  # fmt: skip
    if draw.random() < 0.3:
        table = table.append_column(draw.choice(table.column_names), content)
    part_file.write(path, table.schema, [table], Part(0, draw.choice([1, 1, 3])), 1 << 20)


DAMAGES: list[Damage] = [flip, cut, splice, swap, remove, copy, replace_by_other_kind, json_field, json_text, column]


def damaged(whole: Path, folder: Path, seed: int) -> list[str]:
    """A damaged copy of a run; returns the kinds of damage."""
    draw = random.Random(seed)
    shutil.copytree(whole, folder)
    done = []
    for _ in range(draw.choice([1, 1, 2, 3])):
        damage = draw.choice(DAMAGES)
        try:
            damage(folder, draw)
        except (OSError, ValueError, LookupError, pa.ArrowException, TypeError, AttributeError):
            continue  # what it would damage is gone already
        done.append(damage.__name__)
    return done


def opened(folder: Path) -> str:
    """How far a run opens: ``refused``, or ``opened``."""
    before = sorted(os.listdir(folder)) if folder.is_dir() else []
    try:
        run = load_run(folder)
        diagnostics.diagnose(run)
        _ = run.units, run.damage, run.training, run.architecture, run.data, repr(run), run._repr_html_()
    except UsageError:
        return "refused"
    finally:
        assert (sorted(os.listdir(folder)) if folder.is_dir() else []) == before, "the folder was written"
    return "opened"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--count", type=int, help="inputs at most")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    results, kinds, failures = collections.Counter(), collections.Counter(), {}
    with tempfile.TemporaryDirectory() as place:
        whole, until = stored_run(Path(place) / "whole"), time.monotonic() + 60 * given.minutes
        seed = given.seed
        while time.monotonic() < until and (given.count is None or seed < given.seed + given.count):
            folder, began = Path(place) / "run", time.monotonic()
            done = damaged(whole, folder, seed)
            try:
                results[opened(folder)] += 1
            except BaseException as error:
                last = traceback.extract_tb(error.__traceback__)[-1]
                about = f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}"
                if about not in failures:
                    print(f"seed {seed}, {done}: {about}: {str(error)[:200]}", flush=True)
                    traceback.print_exc()
                failures[about] = failures.get(about, 0) + 1
            if time.monotonic() - began > SLOW_SECONDS:
                failures[f"seed {seed} took {time.monotonic() - began:.0f} s"] = 1
            kinds.update(done)
            shutil.rmtree(folder, ignore_errors=True)
            seed += 1
    print(f"{seed - given.seed} inputs: {dict(results)}; damage {dict(kinds)}; failures {failures or 'none'}")
    if failures:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
