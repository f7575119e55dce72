"""Histogram on whole models, in tables and in Parquet."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from tests.kit.steps import rows, watch

X = np.array([[-20, -1, -0.5, -1e-9, 0, 1e-9, 0.1, 1, 5, np.inf, -np.inf, np.nan]], np.float32)
PROBE = probes.Histogram(every=1, edges=(0.1, 1.0))


def read(**options):
    model = keras.Sequential([keras.Input((12,)), keras.layers.Identity(name="same"), keras.layers.Dense(2, name="d")])
    return watch(model, tf.constant(X), watched=[PROBE, probes.GradientNorm(every=1, layers="d")], **options).read()


@pytest.mark.parametrize("how", [{}, {"compiled": False}, {"jit_compile": True}], ids=str)
def test_bins_are_closed_below_infinity_is_in_the_outermost_and_nan_after_them(how):
    #        a < −1, −1 ≤ a < −0.1, −0.1 ≤ a < 0.1, 0.1 ≤ a < 1, a ≥ 1, NaN
    counts = rows(read(**how)).loc["same", "histogram"]
    np.testing.assert_array_equal(counts, [2, 2, 3, 1, 3, 1])


def test_a_table_with_vectors_comes_back_from_parquet(tmp_path):
    frame = read().layers
    with RunWriter(tmp_path / "run", command="test", config={}, seed=0, probes=[repr(PROBE)]) as writer:
        writer.append("layers", frame)
    run = load_run(tmp_path / "run")
    for stored, seen in zip(run.layers["histogram"], frame["histogram"], strict=True):
        np.testing.assert_array_equal(stored, seen)
    assert eval(run.probes[0], {"Histogram": probes.Histogram}).edges == PROBE.edges, "the edges stand in run.json"


def test_boundaries_are_symmetric_and_between_the_bins():
    assert PROBE.boundaries == (-1.0, -0.1, 0.1, 1.0)
    listed: Any = [1, 2]
    assert probes.Histogram(edges=listed).edges == (1, 2)


@pytest.mark.parametrize(
    "edges", [(), (0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (-1.0, 1.0), (1.0, np.nan), ("a",), 3, (1.0, np.inf)]
)
def test_edges_without_bins_are_refused(edges):
    with pytest.raises(probes.UsageError, match="edges"):
        probes.Histogram(edges=edges)
