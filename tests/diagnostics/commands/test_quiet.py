from __future__ import annotations

import logging

from diagnostics.commands.quiet import without_advice_on_tracing


def test_advice_on_tracing_is_dropped_and_other_warnings_are_not(caplog):
    logger = logging.getLogger("tensorflow")
    kept = [*logger.filters]
    try:
        without_advice_on_tracing()
        without_advice_on_tracing()
        assert len(logger.filters) == len(kept) + 1
        with caplog.at_level(logging.WARNING):
            logger.addHandler(caplog.handler)
            logger.warning("5 out of the last 9 calls to %s triggered tf.function retracing.", "f")
            logger.warning("Something else.")
    finally:
        logger.removeHandler(caplog.handler)
        logger.filters[:] = kept
    assert {record.getMessage() for record in caplog.records} == {"Something else."}
