"""Which parts of a model are chains of their own, from the wiring alone and from steps that ran."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from diagnostics import ProbeCallback, diagnose, load_run
from probes.capture.nets import Part, nets_of

layers = keras.layers
X = np.random.default_rng(0).normal(size=(32, 6)).astype(np.float32)
Y = X[:, :1]


def chain(name: str, *units: int, inputs: int = 6, activation: str = "tanh") -> keras.Sequential:
    return keras.Sequential([keras.Input((inputs,)), *(layers.Dense(each, activation) for each in units)], name=name)


def named(links: dict[str, str], updates: dict[str, int | None], models: str) -> dict[str, str]:
    """The nets of parts with one-letter names; ``links`` says what each takes, ``models`` which of them are models."""
    made = {name: chain(name, 2) if name in models else layers.Dense(2, name=name) for name in updates}
    for each in made.values():
        each.build((None, 6))
    parts = [Part(made[name], name, update) for name, update in updates.items()]
    return nets_of(
        "whole", parts, {id(made[name]): {id(made[other]) for other in links.get(name, "")} for name in made}
    )


@pytest.mark.parametrize(
    ("links", "updates", "models", "nets"),
    [
        ({"d": "g"}, {"g": 1, "d": 0}, "gd", {"g": "g", "d": "d"}),
        ({"d": "e"}, {"e": 0, "d": 0}, "ed", {}),
        ({}, {"s": 0, "t": None}, "st", {"s": "s", "t": "t"}),
        ({"h": "b"}, {"b": None, "h": 0}, "b", {}),
        ({"h": "ab"}, {"a": 0, "b": 0, "h": 0}, "ab", {"a": "a", "b": "b", "h": "whole"}),
        ({"b": "a", "c": "ab", "h": "c"}, {"a": 0, "b": 0, "c": 0, "h": 0}, "abc", {}),
        ({"h": "e", "p": "e"}, {"e": 0, "h": 0, "p": 1}, "ehp", {"e": "e + h", "h": "e + h", "p": "p"}),
        ({"h": "b"}, {"b": 0, "h": 0, "t": None}, "bt", {"b": "b + h", "h": "b + h", "t": "t"}),
        ({"b": "a"}, {"a": 0, "b": 0}, "", {}),
    ],
    ids=[
        "generator and discriminator",
        "encoder and decoder",
        "student and teacher",
        "frozen backbone and head",
        "two towers and what joins them",
        "blocks with shortcuts",
        "encoder, projection, probe on it",
        "student of two parts, teacher",
        "no models inside",
    ],
)
def test_parts_are_nets_by_wiring_and_update(links, updates, models, nets):
    assert named(links, updates, models) == nets


class Towers(keras.Model):
    """Two models side by side; their outputs are compared."""

    def __init__(self) -> None:
        super().__init__(name="pair")
        self.left, self.right = chain("left", 5, 4, 3), chain("right", 5, 3)

    def call(self, x):
        return tf.reduce_sum(self.left(x) * self.right(x), axis=-1, keepdims=True)


def measured(model: keras.Model, compiled: bool) -> probes.Reading:
    optimizer = keras.optimizers.SGD(0.1)
    monitor = probes.Monitor(model, [probes.GradientNorm(every=1), probes.ActivationMoments(every=2)])

    def step():
        with tf.GradientTape() as tape, monitor.capture():
            loss = tf.reduce_mean((model(X, training=True) - Y) ** 2)
        gradients = tape.gradient(loss, model.trainable_variables)
        optimizer.apply(gradients, model.trainable_variables)
        monitor.update(gradients)

    step = tf.function(step) if compiled else step
    for _ in range(3):
        step()
    return monitor.read()


def test_depth_begins_anew_in_each_tower_and_rows_stay_together():
    table = measured(Towers(), compiled=True).layers
    for _, rows in table.groupby("step"):
        assert rows["model"].tolist() == ["left"] * 3 + ["right"] * 2
        assert rows["depth"].tolist() == [1, 2, 3, 1, 2]


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "eager"])
def test_blocks_in_a_row_are_one_chain(compiled):
    class Blocks(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.blocks = [chain(f"block_{number}", 6, 6) for number in range(3)]
            self.head = layers.Dense(1)

        def call(self, x):
            for block in self.blocks:
                x = x + block(x)
            return self.head(x)

    table = measured(Blocks(), compiled).layers
    assert "model" not in table and table.loc[table["step"] == 0, "depth"].tolist() == [*range(1, 8)]


class Distiller(keras.Model):
    """A student that learns the answers of a frozen teacher."""

    def __init__(self) -> None:
        super().__init__(name="distiller")
        self.teacher, self.student = chain("teacher", 8, 8, 1), chain("student", 5, 5, 5, 5, 1, activation="sigmoid")
        self.teacher.trainable = False

    def call(self, x):
        return self.student(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return tf.reduce_mean((self.teacher(x, training=False) - y_pred) ** 2)


def test_rules_name_the_net_and_a_stored_run_keeps_it(tmp_path):
    keras.utils.set_random_seed(2)
    model = Distiller()
    model.compile("sgd")
    callback = ProbeCallback(tmp_path / "run", probes.default(every=1), verbose=0)
    model.fit(X, Y, batch_size=8, epochs=2, verbose=0, callbacks=[callback])
    run = load_run(tmp_path / "run")
    first = run.layers[run.layers["step"] == 0]
    assert first["model"].tolist() == ["student"] * 5 + ["teacher"] * 3
    assert {entry["model"] for entry in run.layer_table} == {"student", "teacher"}
    (finding,) = (each for each in diagnose(run) if each.rule == "vanishing_gradient")
    assert finding.what.startswith("student: ") and "From the last of 4 layers back to the first" in finding.what
