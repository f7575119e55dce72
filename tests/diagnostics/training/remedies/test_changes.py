"""Each change of a program does what its name says, and says so where it cannot."""

from __future__ import annotations

import inspect
import re

import keras
import numpy as np
import pytest
from keras import layers

from diagnostics.rules import rules
from diagnostics.training.remedies.changes import CHANGES
from diagnostics.training.remedies.rebuilding import NotTriedError
from diagnostics.training.remedies.task import skill_of, task_of
from diagnostics.training.remedies.training import Training

RNG = np.random.default_rng(0)
X = RNG.normal(50, 20, (40, 6)).astype(np.float32)
Y = np.arange(40) % 3
SPARSE = "sparse_categorical_crossentropy"


def sequential():
    return keras.Sequential(
        [keras.Input((6,)), layers.Dense(8, "tanh", kernel_initializer="zeros"), layers.Dense(3, "softmax")]
    )


def functional():
    inputs = keras.Input((6,))
    hidden = layers.BatchNormalization()(layers.Dense(8, "tanh")(inputs))
    return keras.Model(inputs, layers.Dense(3, "softmax")(layers.Dropout(0.9)(hidden)))


def program(model=None, y: np.ndarray = Y, loss=SPARSE, optimizer="adam", x=X, **options):
    model = sequential() if model is None else model
    model.compile(optimizer=optimizer, loss=loss)
    return Training(model, x, y, x[:8], y[:8], task_of(model, y), 2, 8, options)


def changed(training: Training, name: str, **settings: object) -> Training:
    return CHANGES[name](training, settings)


def test_every_remedy_of_a_rule_is_known():
    sources = [inspect.getsource(inspect.getmodule(rule) or rule) for rule in rules().values()]
    named = {name for source in sources for name in re.findall(r'Remedy\("(\w+)"', source)}
    assert len(named) > 10
    assert named <= set(CHANGES)


def test_a_weaker_penalty():
    held = keras.Sequential([keras.Input((6,)), layers.Dense(8, kernel_regularizer="l2"), layers.Dense(3, "softmax")])
    before = float(sum(held.losses))
    after = changed(program(held), "penalty", factor=0.01)
    assert float(sum(after.model.losses)) == pytest.approx(0.01 * before)
    with pytest.raises(NotTriedError, match="no penalty"):
        changed(program(), "penalty", factor=0.01)
    own = keras.Sequential([keras.Input((6,)), layers.Dense(3, "softmax", kernel_regularizer=keras.ops.sum)])
    with pytest.raises(NotTriedError, match="your own"):
        changed(program(own), "penalty", factor=0.01)


def test_changes_of_the_optimizer():
    assert float(changed(program(), "learning_rate", factor=0.1).model.optimizer.learning_rate) == pytest.approx(1e-4)
    assert changed(program(), "clipping", clipnorm=1.0).model.optimizer.clipnorm == 1.0
    assert changed(program(), "epsilon", value=1e-3).model.optimizer.epsilon == 1e-3
    decayed = changed(program(optimizer=keras.optimizers.AdamW(weight_decay=5.0)), "penalty", factor=0.01)
    assert decayed.model.optimizer.weight_decay == pytest.approx(0.05)
    assert type(changed(program(optimizer="sgd"), "optimizer", **{"class": "Adam"}).model.optimizer).__name__ == "Adam"
    schedule = keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 10))  # pyright: ignore[reportArgumentType]
    with pytest.raises(NotTriedError, match="schedule"):
        changed(program(optimizer=schedule), "learning_rate", factor=0.1)


@pytest.mark.parametrize("build", [sequential, functional])
def test_batch_normalisation_before_each_hidden_activation(build):
    model = changed(program(build()), "normalization").model
    kinds = [type(layer).__name__ for layer in model.layers if type(layer).__name__ != "InputLayer"]
    assert kinds[:3] == ["Dense", "BatchNormalization", "Activation"] and kinds[-1] == "Dense"
    assert model.layers[-1].activation.__name__ == "softmax" and model.optimizer is not None
    assert model(X[:2]).shape == (2, 3)


def test_other_changes_of_the_model():
    model = changed(program(), "initialization").model
    assert np.std(model.layers[0].get_weights()[0]) > 0
    model = changed(program(), "activation", activation="relu").model
    assert model.layers[0].activation.__name__ == "relu" and model.layers[-1].activation.__name__ == "softmax"
    norm, *_ = [each for each in functional().layers if isinstance(each, layers.BatchNormalization)]
    assert norm.momentum == 0.99
    model = changed(program(functional()), "normalization", momentum=0.9).model
    assert [each.momentum for each in model.layers if isinstance(each, layers.BatchNormalization)] == [0.9]
    assert [
        each.rate for each in changed(program(functional()), "dropout", rate=0.3).model.layers if hasattr(each, "rate")
    ] == [0.3]
    with pytest.raises(NotTriedError, match="no dropout"):
        changed(program(), "dropout", rate=0.3)


@pytest.mark.parametrize(
    ("y", "units", "activation", "loss"),
    [
        (Y, 3, "softmax", SPARSE),
        (np.eye(3)[Y], 3, "softmax", "categorical_crossentropy"),
        (RNG.normal(size=40), 1, "linear", "mse"),
        (RNG.integers(0, 2, (40, 4)), 4, "sigmoid", "binary_crossentropy"),
    ],
)
def test_output_and_loss_that_suit_the_task(y, units, activation, loss):
    model = keras.Sequential([keras.Input((6,)), layers.Dense(4, "relu"), layers.Dense(7, "tanh")])
    training = changed(program(model, y, loss=SPARSE if y is Y else "mse"), "output_and_loss")
    last = training.model.layers[-1]
    assert (last.units, last.activation.__name__, training.model.loss) == (units, activation, loss)


def test_changes_of_the_data():
    scaled = changed(program(), "scale_inputs").x
    assert np.abs(scaled.mean(axis=0)).max() < 1e-5 and scaled.std() == pytest.approx(1)
    holes = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
    assert np.isfinite(changed(program(x=holes), "inputs").x).all()
    training = changed(program(y=Y / 255), "labels")
    assert (training.y == Y).all() and (training.held_y == Y[:8]).all()
    assert (changed(program(y=Y + 1), "labels").y == Y).all()
    with pytest.raises(NotTriedError, match="only you"):
        changed(program(), "labels")
    assert changed(program(), "batch_size", size=32).batch_size == 32
    assert changed(program(class_weight={0: 1}), "sample_weight").options["class_weight"] is None
    shuffled = changed(program(shuffle=False), "shuffle")
    assert shuffled.options["shuffle"] and sorted(shuffled.y) == sorted(Y) and (shuffled.y != Y).any()
    with pytest.raises(NotTriedError, match="same budget"):
        changed(program(), "epochs", factor=4.0)


def test_skill_does_not_depend_on_how_a_prediction_is_made():
    truth = np.array([0, 1, 1, 0, 1])
    logits, chances = np.array([-3.0, 2, 4, -1, 3]), np.array([0.1, 0.9, 0.8, 0.2, 0.7])
    assert skill_of("binary", truth, logits) == skill_of("binary", truth, chances) == 1.0
    assert skill_of("binary", truth + 1, chances) == 1.0
    assert skill_of("classes", truth, np.eye(2)[truth]) == 1.0
    assert skill_of("classes", np.eye(2)[truth], np.eye(2)[1 - truth]) == -1.0
    assert skill_of("real", truth * 100.0, np.full(5, 60.0)) == pytest.approx(0.0)
    assert skill_of("real", truth, np.full(5, np.nan)) == -1.0
    assert skill_of("classes", np.zeros(5), np.eye(2)[truth]) == 0.0  # nothing to tell apart
