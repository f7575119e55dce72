"""``ProbeCallback``: training does not change, readings are right, and everything is restored afterwards."""

from __future__ import annotations

import contextlib
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from diagnostics import ProbeCallback, load_run
from diagnostics.training.fit.train_function import ObservedFunction

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(48, 6)).astype(np.float32)
Y = RANDOM.integers(0, 3, 48)


class OwnStep(keras.Model):
    """A model with a training step of its own, as one writes it."""

    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(8, activation="relu", name="hidden")
        self.logits = keras.layers.Dense(3, name="logits")

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
    "several steps a call": {"compile": {"steps_per_execution": 3}, "fit": {"x": data_set, "y": None}},
    "eager": {"compile": {"run_eagerly": True}},
    "generator": {"fit": {"x": generator, "y": None, "steps_per_epoch": 4}},
    "class weight": {"fit": {"class_weight": {0: 1.0, 1: 2.0, 2: 0.5}, "validation_data": (X[:10], Y[:10])}},
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
    if name != "several steps a call":  # of which only the last one's is seen
        losses = train.loc[train["epoch"] == 1, "loss"]
        sizes = [10] * 4 if name == "generator" else [10] * 4 + [len(X) - 40]
        if name == "own step":  # its logs hold the result of Keras' own tracker, which it never updates
            assert expected["loss"] == [0, 0] and losses.gt(0).all()
        else:
            assert np.average(losses, weights=sizes) == pytest.approx(expected["loss"][-1], rel=1e-5)
    assert run.layers["gradient_norm"].gt(0).any() and run.layers["activation_gradient_rms"].gt(0).any()


def by_layer(run, step: int) -> dict[str, Any]:
    rows = run.layers[run.layers["step"] == step]
    return rows.assign(layer=rows["layer"].astype(str)).set_index("layer").to_dict("index")


@pytest.mark.parametrize("name", ["own step", "mixed precision", "class weight", "compiled by XLA"])
def test_the_first_step_is_measured_right(name, tmp_path):
    xla = {"model": OwnStep, "compile": {"jit_compile": True}, "fit": {"x": X[:20], "y": Y[:20]}}
    case = CASES.get(name, xla)  # no dropout there: XLA draws other numbers
    model = compiled(case)
    fit(model, [ProbeCallback(tmp_path / "run", probes.default(every=1))], epochs=1, **case.get("fit", {}))
    twin = compiled(case)
    twin(X[:10])
    weights = tf.constant([1.0, 2.0, 0.5]).numpy()[Y[:10]] if name == "class weight" else None
    with tf.GradientTape() as tape:
        hidden = twin.layers[0](X[:10])
        tape.watch(hidden)
        after = hidden if case.get("model") is OwnStep else twin.layers[1](hidden, training=True)
        loss = twin.loss(Y[:10], twin.layers[-1](after), sample_weight=weights)
    kernels = [*twin.layers[0].trainable_variables, *twin.layers[-1].trainable_variables]
    gradients = [tf.cast(g, tf.float32).numpy() for g in tape.gradient(loss, [*kernels, hidden])]
    layers = by_layer(load_run(tmp_path / "run"), 0)
    first, last = layers["hidden"], layers["logits"]
    rtol = 2e-2 if name == "mixed precision" else 2e-5  # half precision has three digits
    own = [np.sqrt(sum((g**2).sum() for g in pair)) for pair in (gradients[:2], gradients[2:4])]
    np.testing.assert_allclose([first["gradient_norm"], last["gradient_norm"]], own, rtol)
    np.testing.assert_allclose(first["activation_gradient_rms"], 10 * np.sqrt((gradients[4] ** 2).mean()), rtol)
    np.testing.assert_allclose(first["activation_mean"], tf.cast(hidden, tf.float32).numpy().mean(), rtol)


def test_the_learning_rate_is_that_of_each_step(tmp_path):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, decay_steps=1, decay_rate=0.5)
    model = stack()
    model.compile(keras.optimizers.SGD(schedule), "sparse_categorical_crossentropy")
    history = fit(model, [ProbeCallback(tmp_path / "run")], validation_data=(X, Y)).history
    assert set(history) == {"loss", "val_loss"}
    run = load_run(tmp_path / "run")
    train, validation = (run.scalars[run.scalars["split"] == split] for split in ("train", "validation"))
    np.testing.assert_allclose(train["learning_rate"], 0.1 * 0.5 ** np.arange(10), rtol=1e-5)
    assert validation["step"].tolist() == [4, 9] and validation["epoch"].tolist() == [0, 1]
    np.testing.assert_allclose(validation["loss"], history["val_loss"], rtol=1e-6)


def test_each_fit_is_a_run_and_what_was_compiled_is_kept(tmp_path):
    model, callback = compiled({}), ProbeCallback(tmp_path / "run", [probes.GradientNorm(every=1)])
    fit(model, epochs=1)
    before = model.train_function
    for _ in range(3):
        fit(model, [callback], epochs=1)
    assert model.train_function is before and "train_step" not in vars(model)
    runs = [load_run(tmp_path / name) for name in ("run", "run-2", "run-3")]
    assert [sorted(set(run.layers["step"])) for run in runs] == [list(range(5))] * 3
    assert [run.status for run in runs] == ["finished"] * 3


class Raising(keras.callbacks.Callback):
    """A foreign callback that ends training."""

    def on_epoch_end(self, epoch, logs=None):
        raise RuntimeError("no more")


class RaisingStep(OwnStep):
    """A step that raises, eagerly or while it is traced, after the forward pass of the second step."""

    error: BaseException = RuntimeError("no more")
    steps = 0

    def call(self, inputs):
        if self.built and not isinstance(inputs, keras.KerasTensor):
            self.steps += 1
        if self.steps > 2:
            raise self.error
        return super().call(inputs)


KERAS_PARTS = (keras.Operation.__call__, keras.optimizers.Optimizer.apply, keras.optimizers.LossScaleOptimizer.apply)


def assert_put_back(model: Any) -> None:
    parts = (keras.Operation.__call__, keras.optimizers.Optimizer.apply, keras.optimizers.LossScaleOptimizer.apply)
    assert parts == KERAS_PARTS and "train_step" not in vars(model)
    assert not isinstance(model.train_function, ObservedFunction)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("no more")], ids=["interrupted", "failed"])
def test_a_step_that_raises_ends_the_run_and_is_raised(error, tmp_path):
    model: Any = compiled({"model": RaisingStep, "compile": {"run_eagerly": True}})
    model.error = error
    with pytest.raises(type(error)):
        fit(model, [ProbeCallback(tmp_path / "run", [probes.GradientNorm(every=1)])])
    assert_put_back(model)
    run = load_run(tmp_path / "run")
    assert run.status == ("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
    assert type(error).__name__ in run.metadata["error"]
    assert sorted(set(run.layers["step"])) == [0]


def test_a_fit_that_another_callback_ends_leaves_no_probe(tmp_path):
    model = compiled({})
    with pytest.raises(
        RuntimeError, match="no more"
    ) as kept:  # its traceback keeps fit's variables, as a notebook does
        fit(model, [ProbeCallback(tmp_path / "run"), Raising()])
    fit(model, epochs=1)
    assert_put_back(model)
    run = load_run(tmp_path / "run")
    assert run.status == "failed" and "no more" in run.metadata["error"]
    assert len(run.scalars) == 5 and kept.value


def test_a_forgotten_failure_ends_the_run(tmp_path):
    model = compiled({})
    with contextlib.suppress(RuntimeError):
        fit(model, [ProbeCallback(tmp_path / "run"), Raising()])
    assert_put_back(model)
    assert load_run(tmp_path / "run").status == "failed"
