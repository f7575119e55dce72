"""Reads and replaces the JSON that a run folder holds: in files of its own, and inside archives and pages."""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from diagnostics.runs.embedded import KIND
from diagnostics.training.state.files import SEAL, SEALED

BLOCK = re.compile(rf'(<script type="{re.escape(KIND)}"[^>]*>)(.*?)(</script>)'.encode(), re.DOTALL)
LOCK = ".writer.lock"


@dataclass(frozen=True)
class StoredJson:
    """One JSON text in a file.

    Attributes:
        text: the text.
        replace: writes another one in its place, with all checksums around it made right again.
    """

    text: bytes
    replace: Callable[[bytes], object]

    @property
    def value(self) -> Any:
        return json.loads(self.text)


def stored_json(path: Path, draw: random.Random) -> StoredJson:
    """One of the JSON texts in a file.

    Raises:
        ValueError: it holds none.
    """
    if path.suffix == ".json" or path.name == LOCK:
        return StoredJson(path.read_bytes(), path.write_bytes)
    if path.suffix in (".npz", ".keras"):
        return _in_archive(path, draw)
    if path.suffix == ".html":
        page = path.read_bytes()
        found = BLOCK.search(page)
        if found is not None:
            before, after = page[: found.start(2)], page[found.end(2) :]
            return StoredJson(found[2], lambda text: path.write_bytes(before + text.replace(b"<", b"\\u003c") + after))
    raise ValueError(f"no JSON in {path.name}")


def resealed(path: Path, content: bytes) -> None:
    """Write an archive with the checksum of its new content behind it."""
    path.write_bytes(content + (SEAL % zlib.crc32(content) if path.suffix == ".npz" else b""))


def archive_of(path: Path) -> bytes:
    """The content of an archive without the checksum behind it."""
    content = path.read_bytes()
    return content[:-SEALED] if path.suffix == ".npz" else content


def _in_archive(path: Path, draw: random.Random) -> StoredJson:
    with zipfile.ZipFile(io.BytesIO(archive_of(path))) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    texts = {name: _text(name, content) for name, content in entries.items()}
    names = [name for name, text in texts.items() if text is not None]
    name = draw.choice(sorted(names))

    def replace(text: bytes) -> None:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            for each, old in entries.items():
                archive.writestr(each, old if each != name else _stored(each, text))
        resealed(path, content.getvalue())

    return StoredJson(texts[name] or b"", replace)


def _text(name: str, content: bytes) -> bytes | None:
    if name.endswith(".json"):
        return content
    if name.endswith(".npy") and b"'<U" in content[:128]:
        text = str(np.load(io.BytesIO(content), allow_pickle=False))
        return text.encode() if text[:1] in "[{" else None
    return None


def _stored(name: str, text: bytes) -> bytes:
    if not name.endswith(".npy"):
        return text
    file = io.BytesIO()
    np.save(file, np.array(text.decode(errors="replace")))
    return file.getvalue()
