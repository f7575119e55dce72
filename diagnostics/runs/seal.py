"""A checksum of a whole Parquet file, kept in the file: page checksums protect the values, but not names, types and counts."""

from __future__ import annotations

import re
import zlib
from typing import BinaryIO

KEY = b"diagnostics.crc32"
BLANK = b"00000000"
"""What stands in the checksum's place while it is computed."""

METADATA = {KEY: BLANK}
"""Goes into the schema's metadata when a file is written that will be sealed."""

CHUNK = 1 << 20
_PLACE = re.compile(re.escape(KEY) + rb".{1,4}?([0-9a-f]{8})", re.DOTALL)  # between them Thrift's type and length


def seal(file: BinaryIO) -> None:
    """Put the checksum into a file that was written with `METADATA`.

    Args:
        file: open for reading and writing; whole.
    """
    size = file.seek(0, 2)
    tail = _read(file, size - 8, 8)
    footer = max(0, size - 8 - int.from_bytes(tail[:4], "little"))
    place = _place(_read(file, footer, size - footer))
    assert place is not None, "the file was written without a place for its checksum"
    file.seek(0)
    checksum = 0
    while chunk := file.read(CHUNK):
        checksum = zlib.crc32(chunk, checksum)
    file.seek(footer + place)
    file.write(b"%08x" % checksum)
    file.seek(0, 2)


def is_sealed(content: bytes) -> bool:
    """Whether a Parquet file's content has a checksum."""
    return _find(content) is not None


def is_intact(content: bytes) -> bool:
    """Whether the content is what was sealed: false after the flip of any bit, and without a checksum."""
    place = _find(content)
    if place is None:
        return False
    whole = memoryview(content)
    checksum = zlib.crc32(whole[place + len(BLANK) :], zlib.crc32(BLANK, zlib.crc32(whole[:place])))
    return content[place : place + len(BLANK)] == b"%08x" % checksum


def _find(content: bytes) -> int | None:
    footer = max(0, len(content) - 8 - int.from_bytes(content[-8:-4], "little"))
    place = _place(content[footer:])
    return None if place is None else footer + place


def _place(footer: bytes) -> int | None:
    found = [match.start(1) for match in _PLACE.finditer(footer)]
    return found[-1] if found else None


def _read(file: BinaryIO, start: int, length: int) -> bytes:
    file.seek(start)
    return file.read(length)
