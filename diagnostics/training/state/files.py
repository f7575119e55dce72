"""Named arrays as one ``.npz`` file that executes nothing when it is loaded, and is whole or not there."""

from __future__ import annotations

import io
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

import ml_dtypes  # comes with TensorFlow
import numpy as np

from diagnostics.runs import confined
from diagnostics.runs.files import written_whole
from probes.errors import UsageError

KINDS = "kinds"
"""The entry that says how each array is to be read, as JSON: NumPy's format knows neither bfloat16 nor bytes of any length."""
TEXT = "bytes"
SEAL = b"crc32 %08x"
"""What stands behind the archive: the checksum of all bytes before it."""
SEALED = len(SEAL % 0)
CHUNK = 1 << 20


def save(path: Path, state: Mapping[str, np.ndarray]) -> None:
    """Write arrays, whole or not at all.

    Args:
        path: the file; its folder exists.
        state: arrays by name: numbers of any type of TensorFlow, texts, and byte strings (dtype object).

    Raises:
        OSError: the disk refuses.
    """
    entries, kinds = {}, {}
    for number, (name, array) in enumerate(state.items()):
        kinds[name], entries[f"{number:06d}"] = _packed(np.asarray(array))
    with written_whole(path) as file:
        np.savez(file, allow_pickle=False, **{KINDS: np.array(json.dumps(kinds))}, **entries)
        _seal(file)


def load(path: Path) -> dict[str, np.ndarray]:
    """Read arrays back, without executing anything.

    Raises:
        UsageError: no such file, a link, or damaged.
    """
    try:
        with np.load(io.BytesIO(_unsealed(confined.read(path))), allow_pickle=False) as archive:
            kinds = json.loads(str(archive[KINDS]))
            return {name: _unpacked(kind, archive[f"{place:06d}"]) for place, (name, kind) in enumerate(kinds.items())}
    except Exception as error:  # zipfile, NumPy and json raise ten kinds of it at bytes that are not theirs
        raise UsageError(
            what="stored arrays cannot be read",
            where=str(path),
            got=f"{type(error).__name__}: {error!s:.200}",
            do="restore the file, or record the run again",
        ) from error


def _seal(file: BinaryIO) -> None:
    file.seek(0)
    checksum = 0
    while chunk := file.read(CHUNK):
        checksum = zlib.crc32(chunk, checksum)
    file.write(SEAL % checksum)


def _unsealed(content: bytes) -> memoryview:
    whole = memoryview(content)
    archive = whole[: max(0, len(content) - SEALED)]
    if content[len(archive) :] != SEAL % zlib.crc32(archive):
        raise ValueError("its checksum does not match its content")
    return archive


def _packed(array: np.ndarray) -> tuple[object, np.ndarray]:
    if array.dtype == object:
        texts = [each if isinstance(each, bytes) else str(each).encode() for each in array.ravel()]
        ends = np.cumsum([len(each) for each in texts], dtype=np.int64)
        content = np.concatenate([ends.view(np.uint8), np.frombuffer(b"".join(texts), np.uint8)])
        return [TEXT, [*array.shape]], content
    if array.dtype.kind == "V":  # bfloat16 and its like, which NumPy would store as nameless bytes
        return [array.dtype.name, [*array.shape]], np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return None, array


def _unpacked(kind: object, stored: np.ndarray) -> np.ndarray:
    if kind is None:
        return stored
    if not isinstance(kind, list) or len(kind) != 2:
        raise ValueError(f"an array of the kind {kind!r:.50}")
    name, shape = kind
    if name != TEXT:
        return stored.view(np.dtype(getattr(ml_dtypes, str(name)))).reshape(shape)
    count = int(np.prod(shape, dtype=np.int64))
    ends, content = stored[: 8 * count].view(np.int64), stored[8 * count :].tobytes()
    starts = [0, *ends][:count]
    array = np.empty(count, object)
    array[:] = [content[start:end] for start, end in zip(starts, ends, strict=True)]
    return array.reshape(shape)
