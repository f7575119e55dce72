"""Several trainings in one process: each is what it would be alone."""

from dataclasses import dataclass

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from diagnostics.commands.options import parse_seeds
from diagnostics.runs.experiment import load_experiment
from diagnostics.training.runner import Runner
from scenarios.data import Data, load
from scenarios.vanishing_gradient import VanishingGradient


class KernelNoise(keras.layers.Layer):
    """Draws from a kernel of TensorFlow, which keeps its state."""

    def call(self, x):
        return x + tf.random.normal(tf.shape(x))


@dataclass(frozen=True, kw_only=True)
class Small(VanishingGradient):
    """One arm on few examples, with a dropout layer or with noise from a kernel."""

    kernel_noise: bool = False
    epochs: int = 1

    def arms(self):
        return super().arms()[:1]

    def model(self, arm, data):
        noise = KernelNoise(name="noise") if self.kernel_noise else keras.layers.Dropout(0.5, name="noise")
        layers = [keras.Input(data.x_train.shape[1:], name="inputs"), keras.layers.Dense(10, name="hidden_1"), noise]
        return keras.Sequential([*layers, keras.layers.Dense(data.classes, name="logits")], name="small")

    def prepare(self, arm, data: Data) -> Data:
        return data


def runs(directory, seeds, **knobs):
    scenario = Small(**knobs)
    Runner(scenario, load("digits"), directory).run(scenario.arms(), seeds)
    return load_experiment(directory)


def test_training_does_not_depend_on_earlier_runs(tmp_path):
    alone = runs(tmp_path / "alone", [1])
    keras.utils.set_random_seed(99)  # whatever the process did before
    second = runs(tmp_path / "second", [0, 1])
    (arm,) = alone.runs
    left, right = alone.runs[arm][1], second.runs[arm][1]
    pd.testing.assert_frame_equal(left.layers, right.layers, check_exact=True)
    pd.testing.assert_series_equal(left.scalars["loss"], right.scalars["loss"], check_exact=True)
    other = second.runs[arm][0].scalars["loss"].to_numpy()
    assert not np.array_equal(other, right.scalars["loss"].to_numpy())


def test_a_model_that_no_seed_reaches_is_refused_at_the_second_seed(tmp_path):
    found = runs(tmp_path / "run", [0, 1], kernel_noise=True)
    (refused,) = found.incomplete
    assert refused.seed == 1 and refused.status == "failed"
    assert "RandomStandardNormal" in refused.reason and "SeedGenerator" in refused.reason


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_every_seed_that_the_command_line_takes_can_be_set(seed, tmp_path):
    assert parse_seeds(f"{seed},3") == (seed, 3)
    assert not runs(tmp_path / "run", [seed]).incomplete
