"""How severe a finding is."""

from __future__ import annotations

from typing import Literal

Severity = Literal["error", "warning", "info", "not_evaluated", "clean"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info", "not_evaluated", "clean")  # most severe first
LOUD: tuple[Severity, ...] = ("error", "warning")
"""The severities that ask for something to be done."""
