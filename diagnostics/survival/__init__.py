"""Survival analysis of dead units: dead fraction over time, spells, and the time to revival."""

from diagnostics.survival.history import dead_for_good, dead_over_time, first_spells, spells
from diagnostics.survival.revival import LogRank, RevivalCurve, compare_revival, time_to_revival

__all__ = [
    "LogRank",
    "RevivalCurve",
    "compare_revival",
    "dead_for_good",
    "dead_over_time",
    "first_spells",
    "spells",
    "time_to_revival",
]
