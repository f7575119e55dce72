"""The Trainer takes what ``compile`` and ``fit`` take, and says before the first step, or at it, what it cannot take."""

from __future__ import annotations

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

import diagnostics
from diagnostics import Trainer
from diagnostics.training.batches import dataset_of
from probes.errors import UsageError

DRAW = np.random.default_rng(0)
X, Y = DRAW.normal(size=(20, 4)).astype(np.float32), DRAW.integers(0, 3, 20)
ONE = X[:, :1]
SPARSE = "sparse_categorical_crossentropy"
BATCHES = tf.data.Dataset.from_tensor_slices((X, Y)).batch(5)


class Batches(keras.utils.PyDataset):
    ended = 0

    def __len__(self):
        return 4

    def __getitem__(self, index):
        return X[5 * index : 5 * index + 5], Y[5 * index : 5 * index + 5]

    def on_epoch_end(self):
        self.ended += 1


def generated():
    for _ in range(4):
        yield X[:5], Y[:5]


def model() -> keras.Model:
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, "softmax")])


def trainer(net=None, optimizer="sgd", loss=SPARSE, **options):
    return Trainer(net or model(), optimizer, loss, probes=(), **options)


def weights_after(options: dict, fit: tuple, **more) -> list[np.ndarray]:
    made = trainer(**options)
    made.fit(*fit, progress=False, **({"batch_size": 5, "shuffle": False} | more))
    return [each.numpy() for each in made.model.variables]


def with_dict_inputs() -> keras.Model:
    first, second = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    return keras.Model([first, second], keras.layers.Dense(1)(first + second))


def with_two_outputs() -> keras.Model:
    inputs = keras.Input((4,))
    return keras.Model(inputs, [keras.layers.Dense(1)(inputs), keras.layers.Dense(1)(inputs)])


REFERENCE: dict[str, list[np.ndarray]] = {}
LIKE_ARRAYS = {
    "tf.data": (BATCHES,),
    "PyDataset": (Batches(),),
    "tensors": (tf.constant(X), tf.constant(Y)),
    "pandas": (pd.DataFrame(X), pd.Series(Y)),
}


@pytest.mark.parametrize("given", LIKE_ARRAYS)
def test_inputs_of_every_kind_train_alike(given):
    if not REFERENCE:
        REFERENCE["arrays"] = weights_after({}, (X, Y))
    for one, other in zip(weights_after({}, LIKE_ARRAYS[given]), REFERENCE["arrays"], strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_py_dataset_is_told_of_the_end_of_each_epoch():
    batches = Batches()
    trainer().fit(batches, epochs=2, progress=False)
    assert batches.ended == 2


def test_a_py_dataset_that_shuffles_in_place_keeps_its_last_batch():
    class Shuffled(Batches):
        def __init__(self):
            super().__init__()
            self.x = X.copy()

        def __getitem__(self, index):
            return self.x[5 * index : 5 * index + 5], Y[5 * index : 5 * index + 5]

        def on_epoch_end(self):
            self.x[:] = 0

    first, *others = dataset_of(Shuffled(), None, None, batch_size=5, shuffle=False)
    np.testing.assert_array_equal(first[0], X[:5])
    np.testing.assert_array_equal(others[-1][0], X[15:])


def test_batches_of_a_generator_that_fills_one_buffer_again_stay_what_they_were():
    def filled():
        buffer = np.empty((64, 4), np.float32)
        for number in range(8):
            buffer[:] = number
            yield buffer, np.full(64, number)

    batches = [*dataset_of(filled(), None, None, batch_size=64, shuffle=False)]
    assert [float(x[0, 0]) for x, _ in batches] == [*range(8)]


LOSSES = {
    "an object": keras.losses.SparseCategoricalCrossentropy(),
    "a function of Keras": keras.losses.sparse_categorical_crossentropy,
    "a function": lambda y, p: tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, p)),
}


@pytest.mark.parametrize("given", LOSSES)
def test_a_loss_by_name_or_object_is_the_same(given):
    if not REFERENCE:
        REFERENCE["arrays"] = weights_after({}, (X, Y))
    for one, other in zip(weights_after({"loss": LOSSES[given]}, (X, Y)), REFERENCE["arrays"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


WEIGHTS = {"sample_weight": np.linspace(0.1, 2, 20).astype(np.float32), "class_weight": {0: 1.0, 1: 3.0, 2: 0.5}}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_of_examples_and_of_classes_are_those_of_fit(name):
    net = model()
    net.compile("sgd", SPARSE)
    net.fit(X, Y, batch_size=5, shuffle=False, verbose=0, **{name: WEIGHTS[name]})
    for one, other in zip(weights_after({}, (X, Y), **{name: WEIGHTS[name]}), net.variables, strict=True):
        np.testing.assert_allclose(one, other.numpy(), rtol=1e-5, atol=1e-7)


TAKEN = {
    "a metric by name": ({"metrics": "accuracy"}, {"x": X, "y": Y}),
    "a metric as an object": ({"metrics": keras.metrics.SparseTopKCategoricalAccuracy(2)}, {"x": X, "y": Y}),
    "no metrics": ({"metrics": None}, {"x": X, "y": Y}),
    "a generator": ({}, {"x": generated}),
    "a list of inputs": ({"net": with_dict_inputs, "loss": "mse"}, {"x": [X, X], "y": ONE}),
    "a dictionary of inputs": ({"net": with_dict_inputs, "loss": "mse"}, {"x": {"a": X, "b": X}, "y": ONE}),
    "validation as a list": ({}, {"x": X, "y": Y, "validation_data": [X, Y]}),
    "arrays to test": ({}, {"x": X, "y": Y, "test_data": (X, Y), "train_again": (X, Y)}),
    "one callback": ({}, {"x": X, "y": Y, "callbacks": keras.callbacks.History()}),
    "a generator of callbacks": ({}, {"x": X, "y": Y, "callbacks": (each for each in [keras.callbacks.History()])}),
}


@pytest.mark.parametrize("case", TAKEN)
def test_what_is_taken(case):
    options, given = TAKEN[case]
    made = trainer(**{name: value() if name == "net" else value for name, value in options.items()})
    x = given["x"]() if callable(given["x"]) else given["x"]
    before = [each.numpy() for each in made.model.variables]
    made.fit(x, progress=False, **{name: value for name, value in given.items() if name != "x"})
    assert any((one != each.numpy()).any() for one, each in zip(before, made.model.variables, strict=True))


def cyclic() -> dict:
    config: dict = {}
    config["config"] = config
    return config


MADE_WRONGLY = {
    "a class of losses": {"loss": keras.losses.MeanSquaredError},
    "a list of losses": {"loss": ["mse"]},
    "losses by output": {"loss": {"a": "mse"}},
    "no loss": {"loss": None},
    "an unknown loss": {"loss": "cross_entropi"},
    "a number as loss": {"loss": 3},
    "an unknown optimizer": {"optimizer": "adaam"},
    "no optimizer": {"optimizer": 0},
    "a class of optimizers": {"optimizer": keras.optimizers.SGD},
    "an unknown metric": {"metrics": ["acuracy"]},
    "a number as metric": {"metrics": 3},
    "a class of metrics": {"metrics": [keras.metrics.AUC]},
    "no steps in a call": {"steps_per_call": 0},
    "a truth value of steps": {"steps_per_call": True},
    "half a step": {"steps_per_call": 0.5},
    "a cyclic config": {"config": cyclic()},
    "a list as config": {"config": [1]},
    "a seed of text": {"seed": "x"},
    "a negative seed": {"seed": -1},
    "half a seed": {"seed": 1.5},
    "a huge seed": {"seed": 2**32},
    "a number as recorder": {"flight_recorder": 3},
    "checkpoints without a folder": {"checkpoint_every": 3},
    "a text as model": {"net": "model"},
    "a class as model": {"net": keras.Sequential},
}


@pytest.mark.parametrize("case", MADE_WRONGLY)
def test_a_trainer_is_refused_in_four_parts(case):
    with pytest.raises(UsageError) as refused:
        Trainer(
            **{"model": MADE_WRONGLY[case].get("net") or model(), "optimizer": "sgd", "loss": SPARSE}
            | {name: value for name, value in MADE_WRONGLY[case].items() if name != "net"}
        )
    assert refused.value.what and refused.value.where and refused.value.got and refused.value.do


FITTED_WRONGLY = {
    "epochs below 0": ("invalid epochs", {"epochs": -1}),
    "half an epoch": ("invalid epochs", {"epochs": 1.5}),
    "epochs of text": ("invalid epochs", {"epochs": "3"}),
    "batches of nothing": ("invalid batch_size", {"batch_size": 0}),
    "no arrays": ("no examples", {"x": X[:0], "y": Y[:0]}),
    "an empty data set": ("no batch at all", {"x": BATCHES.take(0), "y": None}),
    "a data set found empty": ("without batches", {"x": BATCHES.filter(lambda x, y: False), "y": None}),
    "a generator of nothing": ("no batch at all", {"x": iter(()), "y": None}),
    "a data set without an end": ("without an end", {"x": BATCHES.repeat(), "y": None}),
    "labels too high": ("labels from 5 to 7, and 3 outputs", {"y": Y + 5}),
    "labels below 0": ("labels from -5 to -3", {"y": Y - 5}),
    "labels of text": ("cannot be trained on", {"y": np.array(["a"] * 20)}),
    "labels in a data set": (
        "[0, 3)",
        {"x": BATCHES.map(lambda x, y: (x, y * 0 + 6)), "y": None},
    ),  # by whichever operation comes first
    "inputs of another width": ("the first training step failed", {"x": X[:, :2]}),
    "arrays of two lengths": ("arrays of 5 and 20 examples", {"y": Y[:5]}),
    "no targets": ("None values not supported", {"y": None}),
    "nothing": ("no examples", {"x": None, "y": None}),
    "text": ("str 'abc'", {"x": "abc", "y": None}),
    "a number": ("int 3", {"x": 3, "y": None}),
    "a function": ("function", {"x": generated, "y": None}),
    "examples that are no batches": ("the first training step failed", {"x": BATCHES.unbatch(), "y": None}),
    "targets beside batches": ("y or sample_weight beside batches", {"x": BATCHES}),
    "objects": ("cannot be trained on", {"x": np.array([object()] * 20)}),
    "rows of two lengths": ("cannot be trained on", {"x": [[1, 2], [3]], "y": [0, 1]}),
    "weights of some examples": ("arrays of 5 and 20 examples", {"sample_weight": np.ones(5)}),
    "weights of classes as a list": ("no weights of classes", {"class_weight": [1, 2]}),
    "weights of classes by name": ("no weights of classes", {"class_weight": {"a": 1}}),
    "weights of no classes": ("no weights of classes", {"class_weight": {}}),
    "a number to validate": ("int 3", {"validation_data": 3}),
    "nothing to validate": ("no examples", {"validation_data": (X[:0], Y[:0])}),
    "four parts to validate": ("4 parts", {"validation_data": (X, Y, Y, Y)}),
    "validation of another width": ("the evaluation of validation data failed", {"validation_data": (X[:, :2], Y)}),
    "a number to test": ("int 3", {"test_data": 3}),
    "a number to train again": ("int 3", {"train_again": 3}),
    "text as callback": ("no callback", {"callbacks": "x"}),
    "a number as callback": ("no callback", {"callbacks": 3}),
    "a class as callback": ("no callback", {"callbacks": [keras.callbacks.History]}),
    "a number as progress": ("progress", {"progress": 3}),
    "resuming without checkpoints": ("nothing to resume from", {"resume": True}),
}


@pytest.fixture(scope="module")
def made() -> Trainer:
    return trainer()


@pytest.mark.parametrize("case", FITTED_WRONGLY)
def test_data_are_refused_in_four_parts(case, made):
    message, wrong = FITTED_WRONGLY[case]
    given = {"x": X, "y": Y, "progress": False} | wrong
    with pytest.raises(UsageError) as refused:
        made.fit(given.pop("x"), given.pop("y"), **given)
    assert message in str(refused.value)
    assert refused.value.what and refused.value.where and refused.value.got and refused.value.do


def test_a_loss_for_each_example_is_refused():
    with pytest.raises(UsageError, match="the loss is no single number"):
        trainer(loss=lambda y, p: tf.reduce_mean(tf.square(p), -1)).fit(X, ONE, progress=False)


def test_two_outputs_share_a_loss():
    made = trainer(
        with_two_outputs(),
        loss=lambda y, p: tf.add_n([tf.reduce_mean((a - b) ** 2) for a, b in zip(y, p, strict=True)]),
    )
    made.fit(X, (ONE, ONE), progress=False)


@pytest.mark.parametrize("call", [diagnostics.diagnose, lambda run: diagnostics.report(run, "page.html")])
def test_text_where_a_run_is_due(call):
    with pytest.raises(UsageError, match="load it first"):
        call("x")
