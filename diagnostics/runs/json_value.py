"""The type of what JSON holds."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = Any
"""None, bool, int, float, str, or lists and string-keyed dictionaries of them; a checker cannot look inside."""
