"""Ways in which a run folder gets damaged, by disks, people, synchronisation and malice; each takes one file or folder of it."""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from diagnostics.runs import part_file
from diagnostics.runs.part_file import Part
from tests.kit.bad_input import WRONG
from tests.kit.stored_json import archive_of, resealed, stored_json

TEXTS = ["", "\0", "../../x", "a" * 300, "$x_y$", "<b>&", "\u202e", "\ud800", "part-00000", "=1+1", "\x1b[31m", "nan"]
LAYERS = [None, "", "\n", "$x_$", "<b>&", "../../x", "a" * 5000, "\u202e", "\0", "nan", "a/b/c", " "]
CELLS: list[list[Any]] = [[None], [1], [2.5], ["x"], [b"x"], [True], [[1.0]], [{"a": 1}], [2**62], [-(2**62)]]
CELLS += [[float("nan")], [float("inf")], [-1], [0], [1e308], [""], [[None]], [[[1]]]]

Damage = Callable[[Path, random.Random, Path], None]
"""Damages one path of a run; the last argument is a folder outside of it, for links."""


class DoesNotApplyError(Exception):
    """This damage is for files of another kind."""


def empty(path: Path, draw: random.Random, outside: Path) -> None:
    path.write_bytes(draw.choice([b"", b"\0" * 4096]))


def cut(path: Path, draw: random.Random, outside: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: draw.randrange(len(content) + 1)])


def binary(path: Path, draw: random.Random, outside: Path) -> None:
    path.write_bytes(draw.randbytes(draw.choice([1, 100, 10_000])))


def flip(path: Path, draw: random.Random, outside: Path) -> None:
    path.write_bytes(_flipped(path.read_bytes(), draw))


def flip_and_seal(path: Path, draw: random.Random, outside: Path) -> None:
    """Flipped bits under a checksum that is right again: what nobody's disk does, and a stranger may."""
    if path.suffix not in (".npz", ".keras"):
        raise DoesNotApplyError
    resealed(path, _flipped(archive_of(path), draw))


def splice(path: Path, draw: random.Random, outside: Path) -> None:
    content = path.read_bytes()
    at, start = draw.randrange(len(content) + 1), draw.randrange(len(content) + 1)
    path.write_bytes(content[:at] + content[start : start + draw.randrange(1, 400)] + content[at:])


def swap(path: Path, draw: random.Random, outside: Path) -> None:
    others = [each for each in path.parent.rglob("*") if each.is_file() and not each.is_symlink()]
    path.write_bytes(draw.choice(others or [path]).read_bytes())


def deep_json(path: Path, draw: random.Random, outside: Path) -> None:
    stored, depth = stored_json(path, draw), draw.choice([90, 150, 2_000, 100_000])
    opening, closing = draw.choice([(b"[", b"]"), (b'{"a":', b"}")])
    deep = opening * depth + b"1" + closing * depth
    stored.replace(draw.choice([deep, stored.text.rstrip().rstrip(b"}") + b', "config": ' + deep + b"}"]))


def huge_json(path: Path, draw: random.Random, outside: Path) -> None:
    stored = stored_json(path, draw)
    huge = draw.choice([b'"' + b"x" * (100 << 20) + b'"', b"[" + b"1," * (20 << 20) + b"1]", b"9" * 5000])
    stored.replace(stored.text.rstrip().rstrip(b"}") + b', "config": ' + huge + b"}")


def broken_json(path: Path, draw: random.Random, outside: Path) -> None:
    stored = stored_json(path, draw)
    at = draw.randrange(len(stored.text) + 1)
    odd = draw.choice([b"[" * 500, b'{"a":', b"NaN", b"1e999", b"null,", b'"', b"}", b"\\ud800", b"\xff"])
    stored.replace(stored.text[:at] + odd + stored.text[at:])


def wrong_type(path: Path, draw: random.Random, outside: Path) -> None:
    _changed(path, draw, lambda old: draw.choice([*WRONG, *TEXTS, f"{outside}/train.py"]))


def missing_field(path: Path, draw: random.Random, outside: Path) -> None:
    _changed(path, draw, None)


def wrong_field(path: Path, draw: random.Random, outside: Path) -> None:
    """A field of the outermost level: unknown kinds, newer and older versions, other types."""
    stored = stored_json(path, draw)
    value = stored.value
    name = draw.choice(["schema_version", "kind", "status", *value])
    odd = [99, 2**70, -1, 0, 1, "1", "film", "running", "scenario", *WRONG]
    stored.replace(json.dumps(value | {name: draw.choice(odd)}).encode())


def column(path: Path, draw: random.Random, outside: Path) -> None:
    """A part that is whole and sealed, with a column of another kind."""
    table = _table(path)
    name, content = (
        draw.choice([*table.column_names, "new", "", "\n", "model"]),
        pa.array(draw.choice(CELLS) * len(table)),
    )
    if name in table.column_names:
        table = table.set_column(table.column_names.index(name), name, content)
    else:
        table = table.append_column(name, content)
    if draw.random() < 0.2:
        table = table.append_column(draw.choice(table.column_names), content)
    _write_part(path, table, draw)


def lacking_column(path: Path, draw: random.Random, outside: Path) -> None:
    table = _table(path)
    _write_part(path, table.drop_columns([draw.choice(table.column_names)]), draw)


def cells(path: Path, draw: random.Random, outside: Path) -> None:
    """Some values of a column are missing or extreme."""
    table = _table(path)
    field = draw.choice([each for each in table.schema if not pa.types.is_dictionary(each.type)])
    odd = (
        [None, 0, -1, 2**40, 1]
        if pa.types.is_integer(field.type)
        else [None, 0.0, -1.0, 1e38, float("nan"), float("inf")]
    )
    chosen = draw.choice(odd)
    values = [chosen if draw.random() < 0.5 else each for each in table[field.name].to_pylist()]
    table = table.set_column(table.column_names.index(field.name), field, pa.array(values, field.type))
    _write_part(path, table, draw)


def layer_names(path: Path, draw: random.Random, outside: Path) -> None:
    """Null and odd texts in a text column, such as the layers' names."""
    table = _table(path)
    names = [
        field.name for field in table.schema if pa.types.is_dictionary(field.type) or pa.types.is_string(field.type)
    ]
    if not names:
        raise DoesNotApplyError
    name, odd = draw.choice(names), draw.choice(LAYERS)
    values = [odd if draw.random() < 0.5 else each for each in table[name].to_pylist()]
    table = table.set_column(table.column_names.index(name), name, pa.array(values, pa.string()))
    _write_part(path, table, draw)


def rows_twice(path: Path, draw: random.Random, outside: Path) -> None:
    table = _table(path)
    order = [*range(len(table)), *(draw.randrange(len(table)) for _ in range(len(table)))] if len(table) else []
    draw.shuffle(order)
    _write_part(path, table.take(order), draw)


def no_rows(path: Path, draw: random.Random, outside: Path) -> None:
    _write_part(path, _table(path)[:0], draw)


def arrays(path: Path, draw: random.Random, outside: Path) -> None:
    """An array of another shape, kind or size in an archive."""
    if path.suffix != ".npz":
        raise DoesNotApplyError
    from diagnostics.training.state.files import load, save  # noqa: PLC0415 - ml_dtypes

    state = load(path)
    name = draw.choice(sorted(state))
    odd = [
        np.zeros(0),
        np.zeros((3, 1)),
        np.array("x"),
        np.array(b"\0"),
        np.zeros(7, bool),
        np.full(2, np.nan, np.float16),
    ]
    odd += [np.array(2**63, np.uint64), state[name].astype(str), state[name].ravel()[:1], np.zeros((2, 0, 5), np.int8)]
    changed = {each: value for each, value in state.items() if each != name}
    if draw.random() < 0.7:
        changed[draw.choice([name, name, "x", "../x", "00000001/0000", ""])] = draw.choice(odd)
    save(path, changed)


def conflict_copy(path: Path, draw: random.Random, outside: Path) -> None:
    names = [f"{path.stem} (copy){path.suffix}", f"{path.stem}.sync-conflict-20260101{path.suffix}", f"{path.name}~"]
    names += [
        f"part-{draw.randrange(99999):05d}.parquet",
        "part-0.parquet",
        ".x",
        "step-00000001.npz",
        "step-1",
        "step-99999999",
    ]
    place = path.with_name(draw.choice(names))
    shutil.copytree(path, place) if path.is_dir() else shutil.copy(path, place)


def removed(path: Path, draw: random.Random, outside: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def other_kind(path: Path, draw: random.Random, outside: Path) -> None:
    """A folder in place of a file, a file in place of a folder."""
    was_folder = path.is_dir()
    removed(path, draw, outside)
    path.touch() if was_folder else path.mkdir()


def link(path: Path, draw: random.Random, outside: Path) -> None:
    removed(path, draw, outside)
    targets = [
        outside / "train.py",
        outside / "run",
        outside / "run" / path.name,
        outside / "figures",
        outside / "none",
        path,
    ]
    path.symlink_to(draw.choice(targets))


def same_behind_a_link(path: Path, draw: random.Random, outside: Path) -> None:
    """The very file or folder, but outside, and a link to it."""
    place = outside / f"moved-{path.name}"
    shutil.rmtree(place, ignore_errors=True)
    path.rename(place)
    path.symlink_to(place)


def pipe(path: Path, draw: random.Random, outside: Path) -> None:
    removed(path, draw, outside)
    os.mkfifo(path)


def locked_away(path: Path, draw: random.Random, outside: Path) -> None:
    path.chmod(0)


DAMAGES: tuple[Damage, ...] = (
    empty, cut, binary, flip, flip_and_seal, splice, swap, deep_json, huge_json, broken_json, wrong_type, wrong_type, wrong_field,
    missing_field, column, lacking_column, cells, layer_names, rows_twice, no_rows, arrays, conflict_copy, removed, other_kind,
    link, same_behind_a_link, pipe, locked_away,
)  # fmt: skip
CANNOT = (
    DoesNotApplyError,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    pa.ArrowException,
    OverflowError,
    NotImplementedError,
    RecursionError,
)
"""What a damage raises that does not fit a file, or comes after another."""


def damaged(folder: Path, draw: random.Random, outside: Path, most: int = 3) -> list[str]:
    """Damage a folder in one or a few ways; says which."""
    done: list[str] = []
    wanted = draw.choice([1] * 3 + [*range(1, most + 1)])
    for _ in range(200):
        paths = [path for path in [folder, *sorted(folder.rglob("*"))] if _is_plain(path)]
        paths = paths[1:] if folder.is_dir() else paths
        if len(done) == wanted or not paths:
            break
        path, damage = draw.choice(paths), draw.choice(DAMAGES)
        if path == folder and damage in (link, same_behind_a_link):  # where a path leads is up to who types it
            continue
        try:
            damage(path, draw, outside)
        except CANNOT:
            continue
        done.append(f"{damage.__name__} {path.relative_to(folder.parent)}")
    return done


def _is_plain(path: Path) -> bool:
    return (path.is_file() or path.is_dir()) and not path.is_symlink()


def _flipped(content: bytes, draw: random.Random) -> bytes:
    changed = bytearray(content or b"\0")
    for _ in range(draw.choice([1, 1, 3, 50])):
        changed[draw.randrange(len(changed))] ^= 1 << draw.randrange(8)
    return bytes(changed)


def _changed(path: Path, draw: random.Random, value: Callable[[Any], Any] | None) -> None:
    """Change, or take out, one item at any depth."""
    stored = stored_json(path, draw)
    whole = copy.deepcopy(stored.value)
    at = whole
    for _ in range(draw.randrange(6)):
        items = [
            each for each in (at.values() if isinstance(at, dict) else at) if isinstance(each, dict | list) and each
        ]
        at = draw.choice(items) if items else at
    key = draw.choice([*at]) if isinstance(at, dict) else draw.randrange(len(at))
    if value is None:
        del at[key]
    else:
        at[key] = value(at[key])
    stored.replace(json.dumps(whole).encode())


def _table(path: Path) -> pa.Table:
    if path.suffix != ".parquet":
        raise DoesNotApplyError
    return pq.read_table(path)


def _write_part(path: Path, table: pa.Table, draw: random.Random) -> None:
    first = part_file.number(path) or 0
    part_file.write(path, table.schema, [table], Part(first, first + draw.choice([1, 1, 1, 3])), 1 << 20)
