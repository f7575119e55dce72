"""The version of a scenario: a hash of the files that its results depend on."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

HERE = Path(__file__).parents[1]
"""The folder of the package ``scenarios``."""
IMPORTED = re.compile(r"^(?:from|import) (scenarios\.(?:shared\.\w+|data))", re.MULTILINE)


def source_of(file: Path, package: Path = HERE) -> str:
    """Twelve hexadecimal digits that change with a scenario's file, the data sets, or anything shared that it imports.

    Args:
        file: the scenario's file, which may lie anywhere.
        package: the folder of the package ``scenarios``.
    """
    texts: dict[Path, str] = {}
    waiting = [file]
    while waiting:
        each = waiting.pop()
        if each not in texts:
            texts[each] = each.read_text(encoding="utf-8")
            waiting += [
                package.joinpath(*name.split(".")[1:]).with_suffix(".py") for name in IMPORTED.findall(texts[each])
            ]
    whole = "".join(texts[each] for each in sorted(texts, key=lambda each: each.name))
    return hashlib.sha256(whole.encode()).hexdigest()[:12]
