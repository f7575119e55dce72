"""A stored experiment: every declared run is either there or accounted for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from diagnostics.runs import manifest
from diagnostics.runs.experiment import load_experiment, run_directory
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError


def layers(names: str) -> pd.DataFrame:
    return pd.DataFrame({"step": 0, "layer": list(names), "depth": range(len(names)), "gradient_norm": np.float32(1)})


def record(path, arm: str, seed: int, names: str = "ab", error: BaseException | None = None) -> None:
    try:
        with RunWriter(run_directory(path, arm, seed), command="", config={}, seed=seed) as run:
            run.append("layers", layers(names))
            if error:
                raise error
    except type(error or Warning()):
        pass


@pytest.fixture
def folder(tmp_path):
    held, _ = manifest.create(tmp_path, "scenario", {"arms": ["relu", "elu"], "seeds": [0, 10, 2]})
    with held:
        yield tmp_path


def test_runs_are_ordered_as_declared_and_by_seed(folder):
    for arm in ("elu", "relu"):
        for seed in (10, 2, 0):
            record(folder, arm, seed)
    experiment = load_experiment(folder)
    assert list(experiment.runs) == ["relu", "elu"]
    assert list(experiment.runs["elu"]) == [0, 2, 10]
    assert experiment.runs["elu"][10].seed == 10
    assert experiment.incomplete == ()
    assert experiment.metadata["kind"] == "scenario"


def test_runs_that_cannot_be_judged_are_listed_with_the_reason(folder):
    record(folder, "relu", 0)
    record(folder, "relu", 2, error=ValueError("loss is NaN"))
    record(folder, "relu", 10, error=KeyboardInterrupt())
    live = RunWriter(run_directory(folder, "elu", 0), command="", config={}, seed=0)
    run_directory(folder, "elu", 2).mkdir()
    experiment = load_experiment(folder)
    live.finish()
    assert {arm: list(runs) for arm, runs in experiment.runs.items()} == {"relu": [0], "elu": []}
    found = {(item.arm, item.seed): item.status for item in experiment.incomplete}
    assert found == {
        ("relu", 2): "failed",
        ("relu", 10): "interrupted",
        ("elu", 0): "running",
        ("elu", 2): "unreadable",
        ("elu", 10): "missing",
    }
    failed = next(item for item in experiment.incomplete if item.status == "failed")
    assert failed.reason == "ValueError: loss is NaN"
    assert failed.run is not None
    assert len(failed.run.layers) == 2
    assert "1 failed" in repr(experiment)
    assert "loss is NaN" in experiment._repr_html_()


def test_undeclared_runs_are_taken_as_found(folder):
    record(folder, "extra", 7)
    (folder / "arms" / "extra" / "seed-x").mkdir()
    assert list(load_experiment(folder).runs["extra"]) == [7]


def test_a_table_joins_arms_and_seeds(folder):
    record(folder, "relu", 0, names="ab")
    record(folder, "elu", 0, names="bc")
    table = load_experiment(folder).table("layers")
    assert list(table.columns[:3]) == ["arm", "seed", "step"]
    assert list(table["arm"]) == ["relu", "relu", "elu", "elu"]
    assert list(table["layer"]) == ["a", "b", "b", "c"]
    assert list(table["layer"].cat.categories) == ["a", "b", "c"]
    assert list(table["arm"].cat.categories) == ["relu", "elu"]
    assert table["gradient_norm"].dtype == np.float32


def test_tables_without_rows_join(folder):
    record(folder, "relu", 0)
    record(folder, "elu", 0)
    table = load_experiment(folder).table("units")
    assert table.empty
    assert list(table.columns) == ["arm", "seed", "step", "layer", "unit", "event"]


def test_misuse_is_told(folder):
    with pytest.raises(UsageError, match="use 'layers'"):
        load_experiment(folder).table("layer")
    with pytest.raises(UsageError, match="no run has finished"):
        load_experiment(folder).table("layers")
    with pytest.raises(UsageError, match="load_experiment"):
        load_run(folder)
    record(folder, "relu", 0)
    with pytest.raises(UsageError, match="load_run"):
        load_experiment(run_directory(folder, "relu", 0))
    with pytest.raises(UsageError, match="nothing there"):
        load_experiment(folder / "none" / "such")
