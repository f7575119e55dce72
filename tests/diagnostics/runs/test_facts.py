"""Settings, architecture and data of a run: read as typed records, also from runs that lack them."""

from __future__ import annotations

import json
import math
from dataclasses import fields, is_dataclass

import pytest

from diagnostics.runs.data_facts import ConstantLoss, Data, Input, Output, Target
from diagnostics.runs.facts import Component, InputPipeline, Layer, Loss, Optimizer, Script, Training
from diagnostics.runs.files import json_text
from diagnostics.runs.run import Run, load_run
from diagnostics.runs.typed import from_record, to_record
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError

TRAINING = Training(
    loss=Loss("Sum", {}, outputs=(Loss("MeanSquaredError", {"dtype": None}, "mse", output="a", weight=0.5),)),
    optimizer=Optimizer("Adam", {"learning_rate": 0.01}, Component("CosineDecay", {"alpha": 0.0}), {"clipnorm": 1.0}),
    metrics=("accuracy",),
    precision="mixed_float16",
    batch_size=32,
    epochs=3,
    input_pipeline=InputPipeline("tf.data", True, "<_BatchDataset>"),
    script=Script("train.py", "abc", False),
)
LAYER = Layer(
    "Dense",
    {"units": 3},
    path="head/dense",
    activation="relu",
    input_shape=(None, 4),
    initializers={"kernel": Component("GlorotUniform", {"seed": None})},
    inbound=("head/a",),
    is_output=True,
)
DATA = Data(
    examples=64,
    batches=2,
    inputs=(Input("x", "float32", (None, 4), 0.0, 1.0, 0.5, math.inf, 3, features=4, constant_features=1),),
    targets=(Target("y", integer=True, classes=2, shares=(0.25, 0.75), autocorrelation=0.1),),
    outputs=(Output("y", step=3, epoch=1, mean=math.inf, rows_sum_to_one=True),),
    constant_loss=ConstantLoss(0.56, "entropy"),
    alike_weights={"head/dense": 1.0},
)


def run_with(path, **metadata) -> Run:
    RunWriter(path, command="", config={}, seed=None).finish(**metadata)
    return load_run(path)


def test_what_was_written_is_read_back(tmp_path):
    run = run_with(
        tmp_path / "run", training=to_record(TRAINING), architecture=to_record([LAYER]), data=to_record(DATA)
    )
    assert (run.training, run.architecture, run.data) == (TRAINING, (LAYER,), DATA)
    assert run.training.optimizer and run.training.optimizer.learning_rate == 0.01
    assert run.training is run.training, "read once"


def test_keywords_of_python_are_keys_of_the_file():
    record = json.loads(json_text(to_record(TRAINING)))
    assert record["optimizer"]["class"] == "Adam" and record["input_pipeline"]["repr"] == "<_BatchDataset>"


def test_a_run_that_recorded_nothing_reads_as_unknown(tmp_path):
    run = run_with(tmp_path / "run")
    assert (run.training, run.architecture, run.data) == (Training(), (), Data())


@pytest.mark.parametrize("missing", ["training", "architecture", "data"])
def test_null_reads_as_unknown(tmp_path, missing):
    run = run_with(tmp_path / "run", **{missing: None})
    assert not getattr(run, missing) or getattr(run, missing) in (Training(), Data())


@pytest.mark.parametrize("known", [TRAINING, LAYER, DATA])
def test_each_missing_key_has_a_default(known):
    record = to_record(known)
    for key in record:
        from_record(type(known), {name: value for name, value in record.items() if name != key}, "run.json")


@pytest.mark.parametrize("known", [TRAINING, LAYER, DATA])
def test_keys_of_a_newer_version_are_ignored(known):
    assert from_record(type(known), to_record(known) | {"newer": [1]}, "run.json") == known


@pytest.mark.parametrize(
    ("metadata", "part", "named"),
    [
        ({"training": {"batch_size": "32"}}, "training", "run.json: training: batch_size"),
        ({"training": [1]}, "training", "run.json: training"),
        ({"architecture": [{"class": 3}]}, "architecture", r"architecture: layers\[0\]: class"),
        ({"data": {"inputs": [{"mean": "small"}]}}, "data", r"data: inputs\[0\]: mean"),
    ],
)
def test_damage_is_named(tmp_path, metadata, part, named):
    with pytest.raises(UsageError, match=named):
        getattr(run_with(tmp_path / "run", **metadata), part)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_floats_that_are_not_finite_survive_json(value):
    record = json.loads(json_text(to_record(Input(mean=value))))
    assert repr(from_record(Input, record, "run.json").mean) == repr(value)


def test_a_learning_rate_that_is_no_number_is_unknown():
    assert Optimizer("Mine", {"learning_rate": "<function>"}).learning_rate is None


def test_records_hold_no_dataclass():
    def flat(value):
        if isinstance(value, dict):
            return [each for item in value.values() for each in flat(item)]
        return [each for item in value for each in flat(item)] if isinstance(value, list) else [value]

    assert not any(is_dataclass(each) for each in flat(to_record([TRAINING, LAYER, DATA])))
    assert len(to_record(DATA)) == len(fields(DATA))
