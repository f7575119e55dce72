"""Any model: training is the same bit by bit, numbers agree with those by hand, and no layer goes unmentioned.

The table of ``docs/models.md`` is written by ``python -m tests.model_table`` from the same cases.
"""

from __future__ import annotations

import numpy as np
import pytest

from probes.capture import MEASURED
from tests.probes_kit.steps import rows, statuses
from tests.probes_kit.training import Trained, differing, gradient_norms, graph_optimizer, paths, train
from tests.probes_kit.zoo import MODELS, SETTINGS, Kind

EVERY = MODELS | SETTINGS


def assert_all_seen(kind: Kind, watched: Trained) -> None:
    """Every layer is measured, or stands in the layer table with the reason that the case expects."""
    (monitor,) = watched.monitors
    said = statuses(monitor)
    assert set(said) >= {path for path, _ in paths(watched.model)}  # and rows of functions inside a ``call``
    assert {path: status for path, status in said.items() if status != MEASURED} == dict(kind.unseen)


def assert_numbers(watched: Trained, bare: Trained) -> None:
    """Gradient norms as by hand; activations and their gradients where a layer is measured."""
    seen, expected = rows(watched.monitors[0].read()), gradient_norms(watched.model, bare)
    assert len(expected)
    shown = seen["gradient_norm"].dropna() if np.isfinite(list(expected.values())).all() else seen["gradient_norm"]
    for path, norm in expected.items():
        np.testing.assert_allclose(shown[path], norm, rtol=1e-4, err_msg=path)
    assert set(shown.dropna().index) <= set(expected), "not connected is missing"
    measured = [path for path, status in statuses(watched.monitors[0]).items() if status == MEASURED]
    assert np.isfinite(seen.loc[measured, "activation_mean"]).all()


@pytest.mark.parametrize("name", EVERY)
def test_a_kind_of_model_trains_the_same_and_is_seen_whole(name):
    with graph_optimizer(on=False):
        bare, watched = train(EVERY[name]), train(EVERY[name], monitors=1)
    assert np.isfinite(bare.left["loss 0"])
    assert differing(bare, watched) == []
    assert_all_seen(EVERY[name], watched)
    assert_numbers(watched, bare)
