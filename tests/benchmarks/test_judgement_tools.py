"""The restated tools keep quiet where their rules say so, and each of their rules can fire."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from diagnostics.runs.data_facts import Data, Input, Target
from diagnostics.runs.facts import Layer, Loss, Training
from tests.benchmarks.judgement.causes import CAUSES
from tests.benchmarks.judgement.tools import judges
from tests.benchmarks.judgement.tools.recorded import by_layer, epochs, unchanged
from tests.kit.runs import layers_table, run_of, scalars_table

STEPS, EPOCHS, MEASURED = 300, 10, np.arange(0, 300, 10)
TOOLS = {judge.name: judge for judge in judges()}
RNG = np.random.default_rng(0)
FALLING = 2.3 * np.exp(-np.arange(STEPS) / 80)
RISING = np.linspace(0.3, 0.93, EPOCHS)
COLUMNS = {
    "activation_mean": 0.4,
    "activation_std": 0.8,
    "activation_gradient_rms": 0.1,
    "gradient_norm": 0.3,
    "gradient_rms": 0.01,
    "gradient_to_weight": 0.03,
    "weight_norm": 6.0,
    "update_ratio": 2e-3,
    "zero_fraction": 0.5,
    "dead_fraction": 0.0,
    "saturated_fraction": 0.0,
}
SOFTMAX = Layer("Dense", path="hidden_3", activation="softmax", is_output=True)


def made(
    losses=FALLING, accuracy=RISING, validation=None, rate=1e-3, data=None, layers=(), loss=None, **columns: Any
) -> Any:
    """A run of 300 steps in 10 epochs that learns, with what is wrong as an argument."""
    train = scalars_table(losses, rate, accuracy=np.nan)
    train["epoch"] = np.arange(STEPS) * EPOCHS // STEPS
    ends = np.arange(1, EPOCHS + 1) * STEPS // EPOCHS - 1
    train.loc[ends, "accuracy"] = accuracy
    means = train.groupby("epoch")["loss"].mean().to_numpy()
    held_out = scalars_table(means if validation is None else validation, np.nan, steps=ends, split="validation")
    held_out = held_out.assign(epoch=np.arange(EPOCHS), accuracy=np.asarray(accuracy) - 0.01)
    values = {
        name: columns.get(name, value * RNG.uniform(0.9, 1.1, (len(MEASURED), 3))) for name, value in COLUMNS.items()
    }
    sizes = [{"layer": f"hidden_{place}", "parameters": 500} for place in (1, 2, 3)]
    run = run_of(layers_table(values, MEASURED), pd.concat([train, held_out]), layer_table=sizes)
    run.training = Training(loss=Loss("SparseCategoricalCrossentropy", from_logits=False) if loss is None else loss)
    run.data = data or Data(
        inputs=(Input(dtype="float32", minimum=0.0, maximum=1.0, mean=0.3, std=0.4, shape=(None, 64)),)
    )
    hidden = [Layer("Dense", path=f"hidden_{place}", activation="relu") for place in (1, 2)]
    run.architecture = tuple(layers) or (*hidden, SOFTMAX)
    return run


def said(tool: str, run: Any) -> list[str]:
    return [complaint.says for complaint in TOOLS[tool].judge(run)]


def everywhere(value: float) -> np.ndarray:
    return np.full((len(MEASURED), 3), value)


def test_six_tools_are_found():
    assert sorted(TOOLS) == [
        "AutoTrainer",
        "DeepDiagnosis",
        "DeepLocalize",
        "SageMaker Debugger",
        "TheDeepChecker",
        "UMLAUT",
    ]


@pytest.mark.parametrize("tool", TOOLS)
def test_a_training_without_fault_is_let_pass(tool):
    assert said(tool, made()) == []


@pytest.mark.parametrize("tool", TOOLS)
def test_a_loss_of_nan_is_named_by_every_tool(tool):
    losses = np.where(np.arange(STEPS) < 100, FALLING, np.nan)
    found = TOOLS[tool].judge(made(losses, validation=[1.0, 0.9, 0.8, *[np.nan] * 7]))
    assert any("non_finite" in complaint.names for complaint in found)


@pytest.mark.parametrize("tool", TOOLS)
def test_causes_are_known_names(tool):
    faulty = made(
        np.full(STEPS, 2.3), np.full(EPOCHS, 0.1), rate=0.5, gradient_norm=everywhere(0.0), gradient_rms=everywhere(0.0)
    )
    found = TOOLS[tool].judge(faulty)
    assert found
    assert all(complaint.names <= set(CAUSES) for complaint in found)


LOST = np.tile([1e-6, 1e-3, 0.3], (len(MEASURED), 1))
TINY = np.tile([1e-9, 0.01, 0.01], (len(MEASURED), 1))
CASES = {
    "AutoTrainer": [
        ("vanish", made(accuracy=np.full(EPOCHS, 0.11), gradient_norm=LOST)),
        ("explode", made(accuracy=np.full(EPOCHS, 0.11), gradient_norm=LOST[:, ::-1])),
        ("dying relu", made(accuracy=np.full(EPOCHS, 0.11), dead_fraction=everywhere(0.8))),
        ("slow convergence", made(accuracy=np.linspace(0.11, 0.12, EPOCHS))),
        ("oscillating loss", made(accuracy=np.tile([0.9, 0.75], EPOCHS // 2))),
    ],
    "UMLAUT": [
        ("learning rate is high", made(rate=0.1)),
        ("learning rate is low", made(rate=1e-8)),
        ("possible overfitting", made(validation=np.linspace(0.5, 2, EPOCHS))),
        ("input exceeds limits", made(data=Data(inputs=(Input(dtype="float32", minimum=0.0, maximum=255.0),)))),
        (
            "missing activation",
            made(
                layers=[
                    Layer("Dense", path="a", activation="linear"),
                    Layer("Dense", activation="softmax", is_output=True),
                ]
            ),
        ),
        ("missing softmax", made(layers=[Layer("Dense", path="a", activation="linear", is_output=True)])),
        (
            "high dropout rate",
            made(layers=[Layer("Dropout", path="a", rate=0.8), SOFTMAX]),
        ),
    ],
    "DeepLocalize": [
        ("forward: zero", made(activation_mean=everywhere(0.0))),
        ("weights: unchanged", made(weight_norm=everywhere(3.0))),
        ("delta weights: zero", made(gradient_norm=everywhere(0.0))),
        ("model does not learn", made(np.repeat(FALLING[::5], 5))),
    ],
    "DeepDiagnosis": [
        ("dead node: layers", made(zero_fraction=everywhere(0.9))),
        ("saturated activation: layers", made(saturated_fraction=everywhere(0.9))),
        ("vanishing gradient: layers", made(gradient_rms=TINY)),
        ("unchanged tensor: optimizer", made(weight_norm=everywhere(3.0))),
        ("numerical error in forward: activation", made(activation_mean=everywhere(0.0))),
        ("out of range: activation", made(layers=[Layer("Dense", path="a", activation="relu", is_output=True)])),
    ],
    "TheDeepChecker": [
        ("features unnormalised", made(data=Data(inputs=(Input(minimum=0.0, maximum=255.0, mean=70.0, std=80.0),)))),
        ("labels unbalanced", made(data=Data(targets=(Target(classes=2, shares=(0.99, 0.01)),)))),
        ("unstable activations", made(activation_std=everywhere(9.0))),
        ("vanishing gradient", made(gradient_rms=TINY)),
        ("fast updates", made(update_ratio=everywhere(0.5))),
        ("slow updates", made(update_ratio=everywhere(1e-6))),
        ("stagnating loss", made(np.full(STEPS, 2.3))),
    ],
    "SageMaker Debugger": [
        ("DeadRelu", made(dead_fraction=everywhere(0.6))),
        ("PoorWeightInitialization", made(activation_std=np.tile([9.0, 0.5, 0.5], (len(MEASURED), 1)))),
        ("VanishingGradient", made(gradient_rms=TINY)),
        ("WeightUpdateRatio", made(update_ratio=everywhere(20.0))),
        ("LossNotDecreasing", made(np.full(STEPS, 2.3))),
        ("Overfit", made(validation=np.linspace(3, 4, EPOCHS))),
        ("CheckInputImages", made(data=Data(inputs=(Input(shape=(None, 8, 8, 1), mean=0.5),)))),
    ],
}


@pytest.mark.parametrize(("tool", "name", "run"), [(tool, *case) for tool, cases in CASES.items() for case in cases])
def test_a_rule_fires(tool, name, run):
    assert name in said(tool, run)


def test_epochs_hold_the_mean_loss_and_the_last_accuracy():
    table = epochs(made())
    assert len(table) == EPOCHS
    assert table["loss"].iloc[0] == pytest.approx(FALLING[:30].mean())
    assert table["accuracy"].iloc[-1] == pytest.approx(0.93)
    assert table["val_accuracy"].iloc[-1] == pytest.approx(0.92)


def test_layers_go_from_input_to_output():
    assert list(by_layer(made(), "gradient_norm")) == ["hidden_1", "hidden_2", "hidden_3"]
    assert by_layer(made(), "no_such_statistic").empty


def test_unchanged_counts_whole_groups_from_the_start():
    assert unchanged(np.array([1.0, 1.0, 1.0, 2.0]), 3)
    assert not unchanged(np.array([0.0, 1.0, 1.0, 1.0]), 3)
    assert not unchanged(np.array([1.0, 1.0]), 3)
