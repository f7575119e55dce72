"""Private modules of TensorFlow, which another version may not have."""

from __future__ import annotations

import importlib
from typing import Any


def module_with(module: str, *names: str) -> Any:
    """The module, or ``None`` where it, or one of these ``names`` in it, is missing."""
    try:
        found = importlib.import_module(module)
    except ImportError:
        return None
    return found if all(hasattr(found, name) for name in names) else None
