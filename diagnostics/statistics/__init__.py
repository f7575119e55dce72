"""Statistics that several parts need: robust slopes, intervals, tests. Arrays in, numbers out."""
