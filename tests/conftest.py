"""For every test: Hypothesis sets no deadline, because timing says nothing about correctness."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
