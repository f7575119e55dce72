"""What a probe sees: one layer's tensors in one step."""

from __future__ import annotations

from probes.snapshot.snapshot import PER_CALL, Need, Snapshot

__all__ = ["PER_CALL", "Need", "Snapshot"]
