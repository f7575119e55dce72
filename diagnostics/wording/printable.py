"""Text from a run for a terminal: names may hold control characters, which would move its cursor or change its title."""

from __future__ import annotations

import unicodedata

KEPT = "\n\t"
HIDDEN = ("Cc", "Cf", "Co", "Cs")
"""Unicode categories that print nothing but change how what follows is shown: controls, direction marks, surrogates."""


def printable(text: str) -> str:
    r"""The text with control and direction characters as escapes.

    Examples:
        >>> print(printable("hidden\x1b[2J_1"))
        hidden\x1b[2J_1
    """
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return text
    return "".join(_shown(letter) for letter in text)


def _shown(letter: str) -> str:
    if letter in KEPT or unicodedata.category(letter) not in HIDDEN:
        return letter
    return letter.encode("unicode_escape").decode("ascii")
