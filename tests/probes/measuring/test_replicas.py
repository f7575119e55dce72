"""Several replicas report what one replica with the whole batch reports: two devices, and two workers on loopback."""

from __future__ import annotations

import functools
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from diagnostics import Run, load_run
from tests.kit.replicated import BATCH, built_in, by_hand, examples, fitted, model

ROOT = Path(__file__).parents[3]
PATIENCE = 300
"""Seconds until a cluster is taken not to form; on an idle machine it takes 15."""

NEAR_ZERO = {"activation_mean": 1e-6, "population_sparseness": 1e-6, "lifetime_sparseness": 1e-5}
"""Differences of nearly equal sums: float32 keeps their absolute error small, not the relative one."""


def start(folder: Path, how: str, **environment: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "tests.kit.replicated", str(folder), how]
    return subprocess.Popen(
        command, cwd=ROOT, env=os.environ | environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def start_workers(folder: Path, how: str) -> list[subprocess.Popen]:
    """Two processes that train together."""
    sockets = [socket.socket() for _ in range(2)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    workers = [f"127.0.0.1:{each.getsockname()[1]}" for each in sockets]
    for each in sockets:
        each.close()
    tasks = [{"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}} for index in range(2)]
    return [start(folder, how, TF_CONFIG=json.dumps(task)) for task in tasks]


def finish(processes: list[subprocess.Popen]) -> list[int]:
    """The exit statuses of the processes; if they do not end, fail with their output."""
    try:
        printed = [process.communicate(timeout=PATIENCE)[0] for process in processes]
    except subprocess.TimeoutExpired:
        for process in processes:
            process.kill()
        pytest.fail("the cluster never formed, or hangs:\n" + "".join(p.communicate()[0][-2000:] for p in processes))
    print(*printed)
    return [process.returncode for process in processes]


def assert_same(one: pd.DataFrame, other: pd.DataFrame, rtol: float = 1e-5) -> None:
    keys = ["step", "layer", "depth", "kind"]
    assert one[keys].astype(str).equals(other[keys].astype(str))
    assert len(one) and set(one) == set(other)
    for column in set(one) - {*keys}:
        atol = NEAR_ZERO.get(column, 0)
        np.testing.assert_allclose(other[column], one[column], rtol=rtol, atol=atol, err_msg=column)


@functools.cache
def reference() -> tuple[pd.DataFrame, pd.DataFrame]:
    reading, _ = by_hand(tf.distribute.get_strategy())
    return reading.layers, reading.units


def assert_as_one(folder: Path, name: str) -> None:
    layers, units = reference()
    assert_same(layers, pd.read_pickle(folder / f"{name}_layers.pkl"))
    assert units.equals(pd.read_pickle(folder / f"{name}_units.pkl"))


def assert_same_run(one: Run, other: Run, without: tuple[str, ...] = ()) -> None:
    """Over a whole training, the rounding of other sums adds up; ``without`` these scalars."""
    assert other.status == "finished"
    assert_same(one.layers, other.layers, rtol=1e-4)
    assert one.units.astype(str).equals(other.units.astype(str))
    numbers = one.scalars.drop(columns=["split", "seconds", *without])
    np.testing.assert_allclose(other.scalars[numbers.columns], numbers, rtol=1e-5)
    # Keras numbers unnamed models by process, so their names are left out.
    other_table, table = ([entry | {"model": None} for entry in each.layer_table] for each in (other, one))
    assert other_table == table and other.probes == one.probes


def assert_same_weights(folder: Path, watched: str, bare: str) -> None:
    """Bit by bit."""
    one, other = (np.load(folder / f"{name}_weights.npz") for name in (watched, bare))
    assert len(bare) and list(one) == list(other)
    for name in one:
        np.testing.assert_array_equal(one[name], other[name])


def test_the_data_have_units_that_are_silent_on_one_replica_only():
    x, _ = examples(BATCH)
    active = model().get_layer("a")(x).numpy() != 0
    half, whole = active[: BATCH // 2].any(axis=0), active.any(axis=0)
    assert (whole & ~half).any() and (whole & half).any()


@pytest.fixture(scope="module")
def one_replica(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("one") / "run"
    built_in(tf.distribute.get_strategy(), folder)
    return load_run(folder)


@pytest.fixture(scope="module")
def fit_on_one_replica(tmp_path_factory) -> Run:
    folder = tmp_path_factory.mktemp("fit") / "run"
    fitted(tf.distribute.get_strategy(), folder)
    return load_run(folder)


def test_two_devices_report_what_one_reports(tmp_path, one_replica, fit_on_one_replica):
    assert finish([start(tmp_path, "mirrored")]) == [0]
    for name in ("loop", "eager"):
        assert_as_one(tmp_path / "0", name)
    assert_same_run(one_replica, load_run(tmp_path / "run"))
    assert_same_weights(tmp_path / "0", "loop", "bare")
    assert_same_run(fit_on_one_replica, load_run(tmp_path / "fit"), without=("loss",))  # which is a running mean there
    assert_same_weights(tmp_path / "0", "fit_watched", "fit_bare")


def test_two_workers_report_what_one_reports_and_when_one_dies_the_chief_keeps_what_was_measured(tmp_path, one_replica):
    assert finish(start_workers(tmp_path, "workers")) == [1, 9]
    for worker in "01":
        assert_as_one(tmp_path / worker, "loop")
    assert_same_run(one_replica, load_run(tmp_path / "run"))
    broken = load_run(tmp_path / "broken")
    assert broken.status == "failed" and "Error" in broken.metadata["error"]
    steps = broken.layers["step"].unique().tolist()
    assert steps and steps == broken.scalars["step"].tolist() == list(range(len(steps)))
    assert_same(one_replica.layers[one_replica.layers["step"] < len(steps)], broken.layers)
