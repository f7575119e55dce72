"""A comparison names the settings that differ, and matches layers that Keras has numbered differently."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from diagnostics.pages import differences
from diagnostics.pages.alignment import aligned
from diagnostics.pages.comparison import page_of
from diagnostics.runs.facts import Component, InputPipeline, Layer, Loss, Optimizer, Training
from diagnostics.runs.run import Run, load_run
from diagnostics.runs.typed import to_record
from diagnostics.runs.writer import RunWriter
from tests.kit.runs import layers_table, scalars_table

ADAM = Optimizer("Adam", {"learning_rate": 0.01, "beta_1": 0.9})
TRAINING = Training(
    Loss("MeanSquaredError", name="mse"), ADAM, batch_size=32, input_pipeline=InputPipeline("arrays", True)
)


def stored(path, names, layers=None, training: Training | None = TRAINING, model="sequential", value=1.0) -> Run:
    """A run with one step; ``names`` are those of its Dense layers."""
    table = layers_table({"gradient_norm": np.full((1, len(names)), value)}, names=list(names))
    layers = layers or [Layer("Dense", path=name, activation="relu") for name in names]
    known = {"layer_table": [{"layer": name, "kind": "Dense", "units": 3} for name in names]}
    if training:
        known |= {"training": to_record(training), "architecture": to_record(layers)}
    with RunWriter(path, command="", config={"model": model, "optimizer": "Adam"}, seed=0) as writer:
        writer.append("layers", table)
        writer.append("scalars", scalars_table([value]))
        writer.describe(**known)
    return load_run(path)


def rows(**runs: Run) -> dict[str, list]:
    return {str(name): values for name, *values in differences.settings(aligned(runs)).itertuples()}


def test_what_differs_is_named_and_not_how_keras_has_counted(tmp_path):
    other = replace(TRAINING, optimizer=replace(ADAM, settings={**ADAM.settings, "learning_rate": 0.1}), batch_size=64)
    layers = [Layer("Dense", path="dense_7", activation="tanh"), Layer("Dense", path="dense_8", activation="relu")]
    one = stored(tmp_path / "a", ["dense", "dense_1"], model="sequential_4")
    two = stored(tmp_path / "b", ["dense_7", "dense_8"], layers, other, model="sequential_5")
    assert rows(a=one, b=two) == {
        "optimizer.learning_rate": [0.01, 0.1],
        "batch_size": [32, 64],
        "activation of dense": ["relu", "tanh"],
    }


def test_objects_are_compared_by_class_and_settings(tmp_path):
    schedule = replace(ADAM, schedule=Component("CosineDecay", {"decay_steps": 100}))
    longer = replace(ADAM, schedule=Component("CosineDecay", {"decay_steps": 200}))
    one = stored(tmp_path / "a", ["x"], training=replace(TRAINING, optimizer=schedule))
    two = stored(tmp_path / "b", ["x"], training=replace(TRAINING, optimizer=longer))
    assert rows(a=one, b=two) == {"optimizer.schedule.decay_steps": [100, 200]}
    other = stored(tmp_path / "c", ["x"], training=replace(TRAINING, loss=Loss("Huber", {"delta": 1.0}, name="huber")))
    assert rows(a=one, c=other)["loss"] == ["MeanSquaredError", "Huber"]


def test_losses_of_several_outputs_are_named_by_output(tmp_path):
    def of(weight: float) -> Training:
        outputs = (Loss("MeanSquaredError", output="a", weight=1.0), Loss("Hinge", output="b", weight=weight))
        return replace(TRAINING, loss=Loss("sum over outputs", outputs=outputs))

    found = rows(a=stored(tmp_path / "a", ["x"], training=of(1.0)), b=stored(tmp_path / "b", ["x"], training=of(0.5)))
    assert found == {"loss.outputs.b.weight": [1.0, 0.5]}


def test_layers_that_differ_alike_are_one_row(tmp_path):
    names = [f"hidden_{number}" for number in range(20)]
    tanh = [Layer("Dense", path=name, activation="tanh") for name in names]
    found = rows(a=stored(tmp_path / "a", names), b=stored(tmp_path / "b", names, tanh))
    assert found == {"activation of hidden_0, hidden_1 and 18 more layers": ["relu", "tanh"]}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"initializers": {"kernel": Component("Zeros")}}, {"initializers.kernel of x": [differences.ABSENT, "Zeros"]}),
        ({"rate": 0.5}, {"rate of x": [None, 0.5]}),
        ({"settings": {"use_bias": False}}, {"use_bias of x": [None, False]}),
        ({"inbound": ("y",)}, {"inbound of x": [[], ["y"]]}),
        ({"class_name": "Conv2D"}, {"class of x": ["Dense", "Conv2D"]}),
        ({"trainable": False}, {"trainable of x": [True, False]}),
        ({"parameters": 3}, {}),
    ],
)
def test_facts_of_a_layer(tmp_path, changed, expected):
    layer = replace(Layer("Dense", path="x", activation="relu"), **changed)
    found = rows(a=stored(tmp_path / "a", ["x"]), b=stored(tmp_path / "b", ["x"], [layer]))
    absent = {
        name: [None if value == differences.ABSENT else value for value in pair] for name, pair in expected.items()
    }
    assert found == absent


def test_a_run_that_recorded_no_settings_is_compared_by_its_config(tmp_path):
    one = stored(tmp_path / "a", ["x"], model="one")
    old = stored(tmp_path / "b", ["x"], training=None, model="two")
    assert rows(a=one, b=old) == {"model": ["one", "two"]}


def test_statistics_of_layers_with_other_numbers_are_compared(tmp_path):
    one = stored(tmp_path / "a", ["dense", "out"])
    two = stored(tmp_path / "b", ["dense_3", "out"], value=10.0)
    found = differences.by_layer(aligned({"a": one, "b": two}), "gradient_norm", ratio=True)
    assert dict(zip(found["layer"], found["difference"], strict=True)) == pytest.approx({"dense": 1.0, "out": 1.0})
    assert "at dense" in page_of([one, two]).answer
    assert two.layers["layer"].tolist() == ["dense_3", "out"], "the run itself stays as it is"


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (["dense", "dense_1"], ["dense_1", "dense_2"], ["dense", "dense_1"]),
        (["hidden_1", "hidden_2"], ["hidden_2", "hidden_1"], ["hidden_2", "hidden_1"]),
        (["dense"], ["dense_4", "dense_5"], ["dense", "dense_5"]),
        (["dense", "dense_5"], ["dense_5"], ["dense"]),
        (["a"], ["dense"], ["dense"]),
    ],
)
def test_layers_are_matched(tmp_path, first, second, expected):
    runs = {"a": stored(tmp_path / "a", first), "b": stored(tmp_path / "b", second)}
    assert aligned(runs)["b"].layers["layer"].tolist() == expected


def test_a_layer_without_counterpart_does_not_take_the_name_of_another(tmp_path):
    runs = {"a": stored(tmp_path / "a", ["dense_1"]), "b": stored(tmp_path / "b", ["dense", "dense_1"])}
    assert aligned(runs)["b"].layers["layer"].tolist() == ["dense_1", "dense_1 (own)"]
