"""Inputs, targets and outputs as they are recorded, against NumPy over the same batches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import diagnostics
from diagnostics.runs.data_facts import Data
from diagnostics.runs.run import load_run
from diagnostics.training.watch.process import WatchedProcess

DRAW = np.random.default_rng(0)
SPARSE = keras.losses.SparseCategoricalCrossentropy


@dataclass
class Task:
    """Something to train."""

    x: Any
    y: Any
    loss: Any
    model: Any
    compiled: dict[str, Any] = field(default_factory=dict)
    fitted: dict[str, Any] = field(default_factory=dict)

    def data(self, path, epochs: int = 2) -> Data:
        keras.utils.set_random_seed(0)
        model = self.model()
        options = {"optimizer": keras.optimizers.SGD(0.01), "loss": self.loss} | self.compiled
        model.compile(**options)
        options = {"batch_size": 8, "shuffle": False, "verbose": 0, "epochs": epochs} | self.fitted
        model.fit(self.x, self.y, callbacks=[diagnostics.ProbeCallback(path)], **options)
        return load_run(path).data


def dense(units: int, activation: str | None = None, features: int = 5):
    return lambda: keras.Sequential([keras.Input((features,)), layers.Dense(4), layers.Dense(units, activation)])


X = DRAW.normal(3.0, 2.0, (40, 5)).astype(np.float32)
LABELS = DRAW.integers(0, 3, 40)
REAL = DRAW.gamma(2.0, 1.0, (40, 2)).astype(np.float32)


def classifier(**options) -> Task:
    return Task(X, LABELS, SPARSE(from_logits=True), dense(3), **options)


def entropy(labels) -> float:
    share = np.unique(labels, return_counts=True)[1] / len(labels)
    return float(-(share * np.log(share)).sum())


def test_inputs_are_those_of_numpy(tmp_path):
    x = X.copy()
    x[:, 1], x[3, 2], x[4, 2], x[:, 4] = 7.0, np.nan, np.inf, x[:, 4] * (x[:, 4] > 3)
    found = Task(x, LABELS, SPARSE(from_logits=True), dense(3)).data(tmp_path / "run", epochs=1)
    kept = np.where(np.isfinite(x), x, np.nan)
    (one,) = found.inputs
    assert (found.examples, found.batches, one.shape, one.features) == (40, 5, (8, 5), 5)
    assert (one.nonfinite, one.nonfinite_features, one.constant_features) == (2, 1, 1)
    assert [one.minimum, one.maximum, one.mean, one.std] == pytest.approx(
        [np.nanmin(kept), np.nanmax(kept), np.nanmean(kept), np.nanstd(kept)], rel=1e-5
    )
    by_feature = [np.abs(np.nanmean(kept, axis=0)).max(), np.nanstd(kept, axis=0).min(), np.nanstd(kept, axis=0).max()]
    assert [one.feature_mean_largest, one.feature_std_smallest, one.feature_std_largest] == pytest.approx(
        by_feature, rel=1e-5, abs=1e-6
    )
    assert one.zero_fraction == pytest.approx((x == 0).mean())


def test_a_small_spread_around_a_large_mean_keeps_its_digits(tmp_path):
    x = (2000 + np.arange(40) % 5)[:, None].astype(np.float32)
    (one,) = Task(x, LABELS, SPARSE(from_logits=True), dense(3, features=1)).data(tmp_path / "run", epochs=1).inputs
    assert (one.mean, one.std) == pytest.approx((2002.0, np.sqrt(2.0)), rel=1e-5)


def test_labels_have_classes_shares_and_entropy(tmp_path):
    found = classifier().data(tmp_path / "run", epochs=1)
    (one,) = found.targets
    assert (one.integer, one.classes, one.one_hot, one.binary) == (True, 3, False, False)
    assert one.shares == pytest.approx(np.bincount(LABELS) / 40)
    assert found.constant_loss and found.constant_loss.kind == "entropy"
    assert found.constant_loss.value == pytest.approx(entropy(LABELS))
    assert one.autocorrelation is not None and one.autocorrelation_bound is not None


def test_sorted_labels_are_seen_to_be_sorted(tmp_path):
    task = classifier()
    task.y = np.sort(LABELS)
    (one,) = task.data(tmp_path / "run", epochs=1).targets
    assert one.autocorrelation is not None and one.autocorrelation_bound is not None
    assert one.autocorrelation > 2 * one.autocorrelation_bound


def test_outputs_are_recorded_at_the_start_and_at_the_end_of_each_epoch(tmp_path):
    found = classifier().data(tmp_path / "run", epochs=3)
    assert {(4, 0), (9, 1), (14, 2)} < {(one.step, one.epoch) for one in found.outputs}
    assert min(one.step for one in found.outputs) == 0


def test_outputs_are_those_of_numpy(tmp_path):
    class Constant(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.scale = self.add_weight(shape=(), initializer="ones")

        def call(self, x):
            return self.scale * tf.nn.softmax(x[:, :3])

    found = Task(X, LABELS, SPARSE(), Constant, {"optimizer": keras.optimizers.SGD(0.0)}).data(
        tmp_path / "run", epochs=1
    )
    first, expected = found.outputs[0], np.exp(X[:8, :3]) / np.exp(X[:8, :3]).sum(axis=1, keepdims=True)
    assert first.rows_sum_to_one is True
    assert [first.minimum, first.maximum, first.mean, first.std] == pytest.approx(
        [expected.min(), expected.max(), expected.mean(), expected.std()], rel=1e-4
    )
    assert first.spread_over_batch == pytest.approx(np.sqrt(expected.var(axis=0).mean()), rel=1e-4)
    assert first.most_frequent_share == np.bincount(expected.argmax(axis=1)).max() / 8


@pytest.mark.parametrize(
    ("y", "loss", "units", "activation", "expected"),
    [
        (REAL, "mse", 2, None, REAL.var(axis=0).mean()),
        (REAL, "mae", 2, None, np.abs(REAL - np.median(REAL, axis=0)).mean()),
        (REAL[:, 0], "mse", 1, None, REAL[:, 0].var()),
        (np.eye(3)[LABELS], "categorical_crossentropy", 3, "softmax", entropy(LABELS)),
        (LABELS.astype(float), "sparse_categorical_crossentropy", 3, "softmax", entropy(LABELS)),
        (LABELS[:, None], "sparse_categorical_crossentropy", 3, "softmax", entropy(LABELS)),
        ((LABELS > 0).astype(int), "binary_crossentropy", 1, "sigmoid", entropy(LABELS > 0)),
        (LABELS > 0, "binary_crossentropy", 1, "sigmoid", entropy(LABELS > 0)),
        (REAL, keras.losses.MeanSquaredError(reduction="sum"), 2, None, REAL.var(axis=0).mean() * 8),
    ],
)
def test_the_best_constant_of_a_loss(tmp_path, y, loss, units, activation, expected):
    found = Task(X, y, loss, dense(units, activation)).data(tmp_path / "run", epochs=1)
    assert found.constant_loss and found.constant_loss.value == pytest.approx(float(expected), rel=1e-5)


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "mean_with_sample_weight", "sum"])
@pytest.mark.parametrize("loss", [keras.losses.MeanSquaredError, keras.losses.MeanAbsoluteError])
def test_the_best_constant_counts_sample_weights_as_the_loss_does(tmp_path, loss, reduction):
    weight = DRAW.random(40).astype(np.float32)
    loss = loss(reduction=reduction)
    found = Task(X, REAL[:, :1], loss, dense(1), fitted={"sample_weight": weight, "batch_size": 40}).data(
        tmp_path / "run", 1
    )
    constants = np.linspace(REAL[:, 0].min(), REAL[:, 0].max(), 300)
    lowest = min(float(loss(REAL[:, :1], np.full((40, 1), c, np.float32), weight)) for c in constants)
    assert found.constant_loss and found.constant_loss.value == pytest.approx(lowest, rel=1e-3)


def test_class_weights_are_sample_weights(tmp_path):
    task = classifier(fitted={"class_weight": {0: 1.0, 1: 2.0, 2: 4.0}})
    found = task.data(tmp_path / "run", epochs=1)
    counts = np.bincount(LABELS) * [1.0, 2.0, 4.0]
    share = counts / counts.sum()
    assert found.constant_loss
    assert found.constant_loss.value == pytest.approx(-(share * np.log(share)).sum() * counts.sum() / 40, rel=1e-5)
    assert found.targets[0].shares == pytest.approx(np.bincount(LABELS) / 40)


def test_several_outputs_add_up(tmp_path):
    def model() -> keras.Model:
        x = keras.Input((5,), name="x")
        return keras.Model(x, {"a": layers.Dense(2, name="a")(x), "b": layers.Dense(3, name="b")(x)})

    compiled = {"loss_weights": {"a": 0.5, "b": 2.0}}
    loss = {"a": "mse", "b": SPARSE(from_logits=True)}
    found = Task(X, {"a": REAL, "b": LABELS}, loss, model, compiled).data(tmp_path / "run", epochs=1)
    assert {one.name for one in found.targets} == {one.name for one in found.outputs} == {"a", "b"}
    expected = 0.5 * REAL.var(axis=0).mean() + 2 * entropy(LABELS)
    assert found.constant_loss and found.constant_loss.value == pytest.approx(expected, rel=1e-5)
    assert found.constant_loss.kind == "variance + entropy"


def test_masked_positions_do_not_count(tmp_path):
    x = DRAW.integers(1, 9, (40, 6))
    y = DRAW.integers(0, 3, (40, 6))
    x[:, 4:] = 0
    y[:, 4:] = 2

    def model() -> keras.Model:
        return keras.Sequential(
            [keras.Input((6,)), layers.Embedding(9, 4, mask_zero=True), layers.LSTM(3, return_sequences=True)]
        )

    found = Task(x, y, SPARSE(from_logits=True), model).data(tmp_path / "run", epochs=1)
    assert found.constant_loss and found.constant_loss.value == pytest.approx(entropy(y[:, :4].ravel()), rel=1e-5)


def test_images_have_channels_for_features(tmp_path):
    x = DRAW.integers(0, 256, (16, 6, 6, 3)).astype(np.uint8)

    def model() -> keras.Model:
        return keras.Sequential([keras.Input((6, 6, 3)), layers.Conv2D(2, 3), layers.Flatten(), layers.Dense(3)])

    (one,) = Task(x, LABELS[:16], SPARSE(from_logits=True), model).data(tmp_path / "run", epochs=1).inputs
    assert (one.dtype, one.features, one.maximum) == ("uint8", 3, 255.0)


@pytest.mark.parametrize("initializer", ["zeros", "ones", "glorot_uniform"])
def test_units_that_start_alike_are_seen(tmp_path, initializer):
    def model() -> keras.Model:
        hidden = layers.Dense(4, kernel_initializer=initializer, name="hidden")
        return keras.Sequential([keras.Input((5,)), hidden, layers.Dense(3, name="out")])

    found = Task(X, LABELS, SPARSE(from_logits=True), model).data(tmp_path / "run", epochs=1)
    assert found.alike_weights == {"hidden": 0.0 if initializer == "glorot_uniform" else 1.0, "out": 0.0}


MODES = [
    ("eager", {"run_eagerly": True}, {}),
    ("xla", {"jit_compile": True}, {}),
    ("several steps a call", {"steps_per_execution": 3}, {}),
    ("a data set", {}, {"dataset": True}),
    ("uneven batches", {}, {"batch_size": 7}),
]


@pytest.mark.parametrize(("mode", "compiled", "options"), MODES, ids=[mode for mode, *_ in MODES])
def test_every_way_to_run_a_step_records_the_same(tmp_path, mode, compiled, options):
    task = classifier(compiled=compiled, fitted={} if "dataset" in options else options)
    if "dataset" in options:
        task.x = tf.data.Dataset.from_tensor_slices((X, LABELS)).batch(8)
        task.y, task.fitted = None, {"batch_size": None}
    found, plain = task.data(tmp_path / "run", epochs=1), classifier().data(tmp_path / "plain", epochs=1)
    assert found.examples == 40
    assert found.constant_loss and plain.constant_loss
    assert found.constant_loss.value == pytest.approx(plain.constant_loss.value)
    assert (found.inputs[0].mean, found.inputs[0].std) == pytest.approx(
        (plain.inputs[0].mean, plain.inputs[0].std), rel=1e-6
    )
    if options.get("batch_size") is None:  # the first step has the same examples
        assert found.outputs[0].std == pytest.approx(plain.outputs[0].std, rel=1e-5)


def test_mixed_precision_reads_the_inputs_as_they_come(tmp_path):
    keras.mixed_precision.set_dtype_policy("mixed_float16")
    try:
        task = classifier()
        task.x = 1e5 * X
        found = task.data(tmp_path / "run", epochs=1)
    finally:
        keras.mixed_precision.set_dtype_policy("float32")
    assert found.inputs[0].maximum == pytest.approx(1e5 * X.max(), rel=1e-6) and found.inputs[0].nonfinite == 0
    assert found.outputs[0].nonfinite, "half precision ends at 65,504"


def train(loss, y, path, **options) -> Data:
    keras.utils.set_random_seed(0)
    trainer = diagnostics.Trainer(dense(3)(), keras.optimizers.SGD(0.01), loss, directory=path, **options)
    run = trainer.fit(tf.data.Dataset.from_tensor_slices((X, y)).batch(8), epochs=2, progress=False)
    assert run is not None
    return run.data


@pytest.mark.parametrize("options", [{}, {"jit_compile": True}], ids=["compiled", "xla"])
def test_a_trainer_records_the_same(tmp_path, options):
    found = train(SPARSE(from_logits=True), LABELS, tmp_path / "run", **options)
    assert (found.examples, found.batches) == (80, 10)
    assert found.constant_loss and found.constant_loss.value == pytest.approx(entropy(LABELS))
    assert {4, 9} < {one.step for one in found.outputs}


def test_a_loss_that_is_a_function_of_the_users_has_targets_and_no_best_constant(tmp_path):
    def loss(y_true, y_pred):
        return tf.reduce_mean(tf.square(tf.one_hot(y_true, 3) - y_pred))

    found = train(loss, LABELS, tmp_path / "run")
    assert found.targets[0].classes == 3 and found.constant_loss is None


@pytest.mark.parametrize("kind", ["compiled", "eager", "arrays"])
def test_a_watched_loop_records_the_same(tmp_path, kind):
    model, optimizer, loss_fn = dense(3)(), keras.optimizers.SGD(0.1), SPARSE(from_logits=True)

    def step(x, y):
        with tf.GradientTape() as tape:
            loss = loss_fn(y, model(x, training=True))
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)

    step = tf.function(step) if kind == "compiled" else step
    batches = tf.data.Dataset.from_tensor_slices((X, LABELS)).batch(8)
    watched = WatchedProcess(lambda: tmp_path / "run", "test")
    with watched.installed():
        for x, y in batches.as_numpy_iterator() if kind == "arrays" else batches:
            step(x, y)
    watched.end("finished")
    run = load_run(tmp_path / "run")
    assert run.training.loss and run.training.loss.from_logits is True
    assert (run.data.examples, run.data.targets[0].classes) == (40, 3)
    assert run.data.constant_loss and run.data.constant_loss.value == pytest.approx(entropy(LABELS))


def test_batches_of_consecutive_steps_are_told_apart(tmp_path):
    assert (found := classifier().data(tmp_path / "moves")).distinct_batches == 5 and found.compared_batches == 10
    stuck = tf.data.Dataset.from_tensors((X[:8], LABELS[:8])).repeat(5)
    found = Task(stuck, None, SPARSE(from_logits=True), dense(3), fitted={"batch_size": None}).data(tmp_path / "stuck")
    assert (found.compared_batches, found.distinct_batches) == (10, 1)


IN_LOOPS = {
    "a function of Keras": lambda y, p: keras.losses.sparse_categorical_crossentropy(y, p, from_logits=True),
    "a function of TensorFlow": lambda y, p: tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=p),
    "one-hot": lambda y, p: tf.nn.softmax_cross_entropy_with_logits(tf.one_hot(y, 3), p),
}


@pytest.mark.parametrize("name", IN_LOOPS)
def test_losses_that_a_loop_calls_as_functions_are_heard(name, tmp_path):
    model, optimizer = dense(3)(), keras.optimizers.SGD(0.01)

    @tf.function
    def step(x, y):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(IN_LOOPS[name](y, model(x, training=True)))
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)

    watched = WatchedProcess(lambda: tmp_path / "run", "test")
    with watched.installed():
        for x, y in tf.data.Dataset.from_tensor_slices((X, LABELS)).batch(8):
            step(x, y)
    watched.end("finished")
    run = load_run(tmp_path / "run")
    assert run.training.loss and run.training.loss.class_name.endswith("CategoricalCrossentropy")
    assert run.training.loss.from_logits is True
    assert run.data.constant_loss and run.data.constant_loss.value == pytest.approx(entropy(LABELS))


class Adversarial(keras.Model):
    """Two models, three losses: no prediction is compared with the batch's targets."""

    def __init__(self) -> None:
        super().__init__()
        self.generator, self.critic = layers.Dense(5, name="generator"), layers.Dense(1, name="critic")
        self.loss_fn = keras.losses.BinaryCrossentropy(from_logits=True)

    def train_step(self, data):
        ones, zeros = tf.ones((8, 1)), tf.zeros((8, 1))
        with tf.GradientTape() as tape:
            fake = self.generator(data)
            loss = self.loss_fn(ones, self.critic(data)) + self.loss_fn(zeros, self.critic(fake))
        self.optimizer.apply(tape.gradient(loss, self.critic.trainable_variables), self.critic.trainable_variables)
        return {"loss": loss}


def test_a_step_with_several_losses_has_inputs_only(tmp_path):
    model = Adversarial()
    model.build((None, 5))
    model.compile(optimizer="sgd")
    model.fit(X, batch_size=8, verbose=0, callbacks=[diagnostics.ProbeCallback(tmp_path / "run")])
    found = load_run(tmp_path / "run").data
    assert [one.features for one in found.inputs] == [5]
    assert (found.targets, found.outputs, found.constant_loss) == ((), (), None)


def test_text_and_unknown_shapes_are_left_out(tmp_path):
    words = tf.constant(["a b", "c"] * 20)

    def model() -> keras.Model:
        text = keras.Input((), dtype="string")
        x = layers.TextVectorization(output_mode="count", vocabulary=["a", "b", "c"])(text)
        return keras.Model(text, layers.Dense(3)(x))

    found = Task(words, LABELS, SPARSE(from_logits=True), model).data(tmp_path / "run", epochs=1)
    assert found.inputs == () and found.targets[0].classes == 3
