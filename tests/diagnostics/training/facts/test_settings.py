"""Loss, optimizer and input pipeline as they are recorded, whatever way they were given."""

from __future__ import annotations

import functools
import subprocess
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from diagnostics.runs.facts import Component
from diagnostics.training.facts.losses import compiled_loss, keras_losses, loss_facts
from diagnostics.training.facts.optimizers import optimizer_facts
from diagnostics.training.facts.pipeline import pipeline_of_dataset, pipeline_of_fit
from diagnostics.training.facts.script import script_at
from diagnostics.training.facts.settings import batch_size_of
from probes.seams import compiled, datasets
from probes.seams.datasets import Feed


def my_loss(y_true, y_pred):
    return tf.reduce_mean(tf.abs(y_true - y_pred))


class MyLoss(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return my_loss(y_true, y_pred)


SPARSE = keras.losses.SparseCategoricalCrossentropy


@pytest.mark.parametrize(
    ("loss", "name", "from_logits", "reduction"),
    [
        ("mse", "MeanSquaredError", None, None),
        (keras.losses.mean_squared_error, "MeanSquaredError", None, None),
        (keras.losses.MeanSquaredError(reduction="sum"), "MeanSquaredError", None, "sum"),
        ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy", False, None),
        (SPARSE(from_logits=True), "SparseCategoricalCrossentropy", True, "sum_over_batch_size"),
        (functools.partial(keras.losses.binary_crossentropy, from_logits=True), "BinaryCrossentropy", True, None),
        (my_loss, "my_loss", None, None),
        (lambda y_true, y_pred: 0.0, "<lambda>", None, None),
        (MyLoss(), "MyLoss", None, "sum_over_batch_size"),
        (keras.losses.CTC(), "CTC", None, "sum_over_batch_size"),
    ],
)
def test_a_loss_has_one_name_however_it_is_given(loss, name, from_logits, reduction):
    found = loss_facts(loss)
    assert (found.class_name, found.from_logits, found.reduction) == (name, from_logits, reduction)


def test_settings_of_a_loss_include_what_keras_assumes():
    assert loss_facts(keras.losses.Huber(delta=2.0)).settings == {"delta": 2.0}
    assert loss_facts("huber").settings == {"delta": 1.0}


def test_every_loss_of_keras_is_known_by_its_function():
    kinds = {kind.__name__ for kind in vars(keras.losses).values() if isinstance(kind, type)} - {"Loss"}
    assert set(keras_losses().values()) == kinds


def two_headed() -> keras.Model:
    x = keras.Input((3,))
    return keras.Model(x, {"a": keras.layers.Dense(1)(x), "b": keras.layers.Dense(2)(x)})


@pytest.mark.parametrize("trained", [False, True])
def test_several_outputs_have_a_loss_each(trained):
    model = two_headed()
    model.compile("sgd", {"a": "mse", "b": my_loss}, loss_weights={"a": 1.0, "b": 0.5}, metrics={"a": ["mae"]})
    if trained:
        model.train_on_batch(np.zeros((2, 3)), {"a": np.zeros((2, 1)), "b": np.zeros((2, 2))})
    found = compiled_loss(model)
    assert found is not None
    assert [(each.output, each.class_name, each.weight) for each in found.outputs] == [
        ("a", "MeanSquaredError", 1.0),
        ("b", "my_loss", 0.5),
    ]
    assert compiled.compiled_metrics(model)[0] == "mae"


@pytest.mark.parametrize("built", [True, False])
def test_without_keras_private_names_the_arguments_of_compile_are_recorded(monkeypatch, built):
    model = two_headed()
    model.compile("sgd", {"a": "mse", "b": "mae"})
    if built:
        monkeypatch.setattr(compiled, "COMPILE_LOSS", "_gone")
    found = compiled_loss(model)
    assert found is not None
    assert [(each.output, each.class_name) for each in found.outputs] == [
        ("a", "MeanSquaredError"),
        ("b", "MeanAbsoluteError"),
    ]
    assert {each.reduction for each in found.outputs} == {"sum_over_batch_size"}


def test_one_loss_stands_for_all_outputs():
    model = two_headed()
    model.compile("sgd", "mse")
    found = compiled_loss(model)
    assert found is not None
    assert [each.class_name for each in found.outputs] == ["MeanSquaredError"] * 2
    assert len({each.output for each in found.outputs}) == 2


def test_a_model_without_loss_has_none():
    model = two_headed()
    model.compile("sgd")
    assert compiled_loss(model) is None


def test_an_optimizer_has_rate_schedule_and_clips():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 100)
    found = optimizer_facts(keras.optimizers.SGD(schedule, momentum=0.9, clipnorm=1.0))
    assert (found.class_name, found.learning_rate, found.clips) == ("SGD", 0.1, {"clipnorm": 1.0})
    assert found.schedule and (found.schedule.class_name, found.schedule.settings["decay_steps"]) == (
        "CosineDecay",
        100,
    )
    assert found.settings["momentum"] == 0.9
    plain = optimizer_facts(keras.optimizers.Adam(1e-4))
    assert (plain.learning_rate, plain.schedule, plain.clips) == (1e-4, None, None)


def test_a_loss_scaling_optimizer_is_the_one_inside():
    found = optimizer_facts(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01), initial_scale=8.0))
    assert (found.class_name, found.learning_rate) == ("Adam", 0.01)
    assert found.settings["loss_scale"]["initial_scale"] == 8.0


class Bare:
    """An optimizer that says nothing."""


@pytest.mark.parametrize("optimizer", [Bare(), SimpleNamespace(learning_rate=0.5), keras.optimizers.SGD(lambda: 0.25)])
def test_any_optimizer_is_described(optimizer):
    found = optimizer_facts(optimizer)
    assert found.class_name == type(optimizer).__name__
    assert found.learning_rate == {"SimpleNamespace": 0.5, "SGD": 0.25}.get(found.class_name)


def test_a_callable_rate_is_a_schedule():
    assert optimizer_facts(keras.optimizers.SGD(lambda: 0.25)).schedule == Component("<lambda>")


def data() -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices((np.zeros((8, 2), np.float32), np.zeros(8, np.float32)))


def generated() -> tf.data.Dataset:
    return tf.data.Dataset.from_generator(lambda: iter([1.0]), output_signature=tf.TensorSpec((), tf.float32))


@pytest.mark.parametrize(
    ("dataset", "shuffled", "size"),
    [
        (lambda: data().shuffle(4).batch(3).prefetch(1), True, 3),
        (lambda: data().batch(3), False, 3),
        (lambda: data().map(lambda x, y: (x, y)).repeat().batch(4, drop_remainder=True), False, 4),
        (lambda: generated().batch(2), None, 2),
        (lambda: tf.data.Dataset.sample_from_datasets([data(), data()]).batch(2), None, 2),
        (lambda: tf.data.Dataset.zip((data().shuffle(2), data())).batch(2), True, 2),
    ],
)
def test_a_pipeline_is_read_from_its_source_on(dataset, shuffled, size):
    found = pipeline_of_dataset(dataset())
    assert (found.kind, found.shuffled, batch_size_of(dataset())) == ("tf.data", shuffled, size)


def test_stages_are_named_with_their_sizes():
    assert pipeline_of_dataset(data().shuffle(4).batch(3)).text == "TensorSlice -> Shuffle(4) -> Batch(3)"


def test_without_tensorflows_inputs_the_order_is_unknown(monkeypatch):
    monkeypatch.setattr(datasets, "INPUTS", "_gone")
    assert pipeline_of_dataset(data().shuffle(4).batch(3)).shuffled is None


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return np.zeros((2, 2)), np.zeros(2)


@pytest.mark.parametrize(
    ("feed", "kind", "shuffled"),
    [
        (Feed(np.zeros((4, 2)), True), "arrays", True),
        (Feed(np.zeros((4, 2)), False), "arrays", False),
        (Feed([np.zeros((4, 2)), np.zeros((4, 1))], "batch"), "arrays", False),
        (Feed({"a": tf.zeros((4, 2))}, True), "arrays", True),
        (Feed(Batches(), True), "PyDataset", None),
        (Feed(iter([]), True), "generator", None),
        (Feed(), "unknown", None),
    ],
)
def test_what_feeds_a_fit_is_told_apart(feed, kind, shuffled):
    found = pipeline_of_fit(feed)
    assert (found.kind, found.shuffled) == (kind, shuffled)


def git(folder, *arguments: str) -> None:
    own = ["-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *own, *arguments], check=True, capture_output=True)


def test_a_script_has_the_commit_around_it(tmp_path):
    script = tmp_path / "train.py"
    script.write_text("pass\n")
    assert script_at(script).git_commit is None
    script_at.cache_clear()
    git(tmp_path, "init")
    git(tmp_path, "add", "train.py")
    git(tmp_path, "commit", "-m", "one")
    clean = script_at(script)
    assert clean.git_commit is not None and len(clean.git_commit) == 40 and clean.git_dirty is False
    script_at.cache_clear()
    script.write_text("1\n")
    assert script_at(script).git_dirty is True
