"""``ProbeCallback``: training stays as it is, what is measured is right, and everything is put back."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from diagnostics import ProbeCallback, load_run

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(48, 6)).astype(np.float32)
Y = RANDOM.integers(0, 3, 48)


class OwnStep(keras.Model):
    """A model with a training step of its own, as one writes it."""

    def __init__(self):
        super().__init__()
        self.hidden, self.logits = keras.layers.Dense(8, activation="relu"), keras.layers.Dense(3)

    def call(self, inputs):
        return self.logits(self.hidden(inputs))

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            predicted = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=predicted)
        self.optimizer.apply_gradients(
            zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
        )
        self(x, training=False)  # after the update: none of the step's business
        return {"loss": loss, **self.compute_metrics(x, y, predicted)}


def stack(**options) -> keras.Model:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu", name="hidden", **options),
            layers.Dropout(0.3, name="dropout"),
            layers.Dense(3, dtype="float32", name="logits"),
        ]
    )


def data_set() -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(10)


def generator():
    for start in range(0, 200, 8):
        yield X[start % 48 :][:8], Y[start % 48 :][:8]


CASES: dict[str, dict[str, Any]] = {
    "plain": {},
    "own step": {"model": OwnStep},
    "several steps a call": {"compile": {"steps_per_execution": 3}},
    "eager": {"compile": {"run_eagerly": True}},
    "data set": {"fit": {"x": data_set, "y": None}},
    "generator": {"fit": {"x": generator, "y": None, "steps_per_epoch": 4}},
    "validation": {"fit": {"validation_data": (X[:10], Y[:10])}},
    "class weight": {"fit": {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}}},
    "accumulation": {"optimizer": {"gradient_accumulation_steps": 2}},
    "mixed precision": {"model": lambda: stack(dtype="mixed_float16"), "scaled": True},
}


def compiled(case: dict[str, Any]) -> keras.Model:
    keras.utils.set_random_seed(5)
    model = case.get("model", stack)()
    optimizer: Any = keras.optimizers.Adam(0.01, **case.get("optimizer", {}))
    optimizer = keras.optimizers.LossScaleOptimizer(optimizer, initial_scale=1024.0) if "scaled" in case else optimizer
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, **{"metrics": ["accuracy"], "jit_compile": False, **case.get("compile", {})})
    return model


def fit(model: keras.Model, callbacks=(), **options) -> Any:
    known = {"x": X, "y": Y, "batch_size": 10, "epochs": 2, "verbose": 0, "shuffle": False, **options}
    known = {name: value() if callable(value) else value for name, value in known.items()}
    known = known if known["y"] is not None else {k: v for k, v in known.items() if k not in ("y", "batch_size")}
    return model.fit(**known, callbacks=list(callbacks))


def left_behind(model: Any) -> list[np.ndarray]:
    return [variable.numpy() for variable in (*model.variables, *model.optimizer.variables)]


@pytest.mark.parametrize("name", CASES)
def test_training_is_the_same_bit_by_bit(name, tmp_path):
    case = CASES[name]
    bare = compiled(case)
    expected = fit(bare, **case.get("fit", {})).history
    watched = compiled(case)
    history = fit(watched, [ProbeCallback(tmp_path / "run", probes.default(every=1))], **case.get("fit", {})).history
    assert history == expected
    for one, other in zip(left_behind(watched), left_behind(bare), strict=True):
        np.testing.assert_array_equal(one, other)
    run = load_run(tmp_path / "run")
    assert run.status == "finished"
    steps = 2 * (4 if name == "generator" else 5)
    train = run.scalars[run.scalars["split"] == "train"]
    by_call = [2, 4, 7, 9] if name == "several steps a call" else list(range(steps))
    assert train["step"].tolist() == by_call
    assert sorted(set(run.layers["step"])) == list(range(steps))
    assert train["loss"].iloc[-1] == pytest.approx(expected["loss"][-1], rel=1e-6)
    assert run.layers["gradient_norm"].gt(0).any() and run.layers["activation_gradient_rms"].gt(0).any()
