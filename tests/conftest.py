"""For every test: Hypothesis sets no deadline, because timing says nothing about correctness; rare garbage collections."""

import gc

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

# Tracing makes millions of objects that live on. Python's default thresholds would look through all of them again and again,
# which takes a tenth of a small file's time and more of a whole run's.
gc.set_threshold(100_000, 50, 100)


@pytest.fixture
def without_determinism():
    """TensorFlow refuses some operations once another test of this process has asked for determinism, as scenarios do."""
    from tensorflow.python.framework import config  # noqa: PLC0415 - for these tests only

    enabled = config.is_op_determinism_enabled()
    config.disable_op_determinism()
    yield
    if enabled:
        config.enable_op_determinism()
