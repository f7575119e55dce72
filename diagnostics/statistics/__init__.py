"""Shared statistics: robust slopes, intervals, tests. Arrays in, numbers out."""
