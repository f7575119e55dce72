"""Verdicts: an effect with its interval, judged against a threshold, and the claims that rest on several of them."""

from __future__ import annotations

from diagnostics.verdict.verdict import EXPECTATIONS, Verdict, Word, combine, judge, paired_effects

__all__ = ["EXPECTATIONS", "Verdict", "Word", "combine", "judge", "paired_effects"]
