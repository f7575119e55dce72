"""Merge laws of every probe: the same numbers however the examples are split into steps, parts and replicas."""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays_of

import probes
from probes.measuring.packing import Layout, Part, pack
from probes.merging import KINDS, Merge, merge
from probes.snapshot.snapshot import PER_CALL
from tests.kit.arrays import WEIGHTS, Arrays, assert_columns, measured, merged, random_arrays, summarized, twin

PROBES = [getattr(probes, name)(every=1) for name in probes.probe_names()]
BY_EXAMPLE = [probe for probe in PROBES if probe.needs <= PER_CALL]
every_probe = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: type(probe).__name__)
by_example = pytest.mark.parametrize("probe", BY_EXAMPLE, ids=lambda probe: type(probe).__name__)
few = settings(max_examples=12, derandomize=True)

# Zeros, and sizes whose squares float32 holds: what happens beyond is another test's matter.
entries = st.one_of(st.just(0.0), st.floats(0.015625, 100, width=32), st.floats(-100, -0.015625, width=32))


def filled(shape: tuple[int, ...]):
    return arrays_of.arrays(np.float32, shape, elements=entries, fill=st.just(0.0))


@st.composite
def steps(draw, count: int, examples: int | None = None) -> list[Arrays]:
    """Steps of one layer with batches of several sizes, and weights that are not all zero."""
    units, positions = draw(st.integers(1, 4)), draw(st.sampled_from([(), (2,)]))
    drawn = []
    for _ in range(count):
        batch = examples or draw(st.integers(1, 4))
        activation, gradient, given = (draw(filled((batch, *positions, units))) for _ in range(3))
        state = (("moving_mean", draw(filled((units,)))), ("moving_variance", np.abs(draw(filled((units,))))))
        own = [tuple(draw(filled(shape)) for shape in WEIGHTS) for _ in range(3)]
        own[1][0][0, 0] = 1.0
        drawn.append(Arrays(activation, gradient, *own, examples=float(batch), input=given, state=state))
    return drawn


def close(probe, one, other) -> None:
    assert_columns(summarized(probe, one), summarized(probe, other), rtol=1e-4, atol=1e-5)


@every_probe
@few
@given(eight=steps(8))
def test_one_window_of_eight_steps_is_eight_windows_of_one_merged(probe, eight):
    readings = [measured(probe, step) for step in eight]
    at_once = merged(probe, readings)
    one_by_one = reduce(lambda so_far, reading: merged(probe, [so_far, reading]), readings)
    in_halves = merged(probe, [merged(probe, readings[:4]), merged(probe, readings[4:])])
    close(probe, one_by_one, at_once)
    close(probe, in_halves, at_once)
    assert_columns(summarized(probe, at_once), twin(probe).columns(eight), rtol=1e-4, atol=1e-5)


@every_probe
@few
@given(four=steps(4), order=st.permutations(range(4)))
def test_the_order_of_merging_does_not_matter(probe, four, order):
    readings = [measured(probe, step) for step in four]
    close(probe, merged(probe, [readings[place] for place in order]), merged(probe, readings))


@every_probe
@few
@given(one=steps(1))
def test_a_reading_alone_merges_to_itself(probe, one):
    reading = measured(probe, one[0])
    for name, value in merged(probe, [reading]).items():
        np.testing.assert_array_equal(value, reading[name])


@by_example
@few
@given(one=steps(1, examples=6), cut=st.integers(1, 5))
def test_a_batch_is_its_parts_merged(probe, one, cut):
    whole = one[0]
    parts = [measured(probe, whole.part(part)) for part in (slice(cut), slice(cut, None))]
    close(probe, merged(probe, parts), measured(probe, whole))


def test_some_probes_are_tested_by_parts():
    assert len(BY_EXAMPLE) >= 3


@every_probe
def test_merging_what_is_packed_merges_each_statistic(probe):
    """The window's merge of whole vectors is that of each probe's own statistics."""
    drawn = [random_arrays(seed) for seed in range(3)]
    raw = [probe.measure(step.snapshot(probe=probe)) for step in drawn]
    packed = [pack((probe,), {0: statistics}) for statistics in raw]
    parts = [Part((("row", each.places),), each.values) for each in packed]
    layout = Layout((probe,), parts[:1])
    vectors = tf.stack([layout.arrange([part]) for part in parts])
    unpacked = layout.statistic(layout.merge(vectors).numpy(), 0, "row")
    expected = merged(probe, [measured(probe, step) for step in drawn])
    assert set(unpacked) == set(expected)
    for name, value in unpacked.items():
        np.testing.assert_allclose(value, expected[name], rtol=1e-6)


def test_moments_keep_a_spread_that_is_tiny_beside_the_mean():
    rng = np.random.default_rng(0)
    values = (10_000 + rng.normal(size=(64, 32)) / 10).astype(np.float32)
    wide = values.astype(np.float64)
    parts = tf.constant([[32, part.mean(), ((part - part.mean()) ** 2).sum()] for part in wide], tf.float32)
    count, mean, squares = merge("moments", parts).numpy()
    assert count == wide.size
    assert mean == pytest.approx(wide.mean(), rel=1e-7)
    assert np.sqrt(squares / count) == pytest.approx(wide.std(), rel=1e-2)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_moments_of_a_part_that_is_not_finite_stay_so_in_any_order(bad, place):
    parts = np.array([[2, 1, 1], [3, 2, 0], [1, 5, 0]], np.float32)
    parts[place, 1:] = bad, np.nan
    _, mean, squares = merge("moments", tf.constant(parts)).numpy()
    assert not np.isfinite(mean) and not np.isfinite(squares)


def test_every_kind_of_merge_is_that_of_numpy():
    parts = np.array([[1, 5, 2], [4, 0, 2]], np.float32)
    expected: dict[Merge, np.ndarray] = {"sum": parts.sum(0), "max": parts.max(0), "same": parts[0]}
    assert {*expected, "moments"} == set(KINDS)
    for kind, value in expected.items():
        np.testing.assert_array_equal(merge(kind, tf.constant(parts)), value)
