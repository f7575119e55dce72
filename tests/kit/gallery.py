"""Trains ten small models, healthy and not, and writes their reports: ``python -m tests.kit.gallery site/gallery`` (minutes)."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
from sklearn.datasets import load_digits

import diagnostics
import probes

CLASSES = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def digits() -> tuple[np.ndarray, np.ndarray]:
    x, y = load_digits(return_X_y=True)
    return (x / 8 - 1).astype("float32"), y


def dense(activation: str, depth: int, **options) -> keras.Model:
    hidden = [keras.layers.Dense(32, activation, name=f"hidden_{n}", **options) for n in range(1, depth + 1)]
    return keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10, name="logits")])


def fitted(model: keras.Model, place: Path, rate: object = 1e-3, x=None, *, epochs: int = 8, adam: bool = True) -> None:
    own, y = digits()
    optimizer = keras.optimizers.Adam(rate) if adam else keras.optimizers.SGD(rate)
    model.compile(optimizer, CLASSES, metrics=["accuracy"])
    counted = [probes.Histogram(), probes.GradientHistogram(), probes.WeightHistogram()]
    chosen = [*probes.default(), *counted, probes.DeadUnits(every=5, reference=(own if x is None else x)[:128])]
    callback = diagnostics.ProbeCallback(place, chosen, seed=0, verbose=0)
    data = own if x is None else x
    model.fit(data, y, validation_split=0.2, epochs=epochs, batch_size=50, verbose=0, callbacks=[callback])


def healthy(place: Path) -> None:
    fitted(dense("relu", 4, kernel_initializer="he_normal"), place)


def vanishing(place: Path) -> None:
    fitted(dense("sigmoid", 12), place, 0.1, adam=False)


def exploding(place: Path) -> None:
    fitted(dense("relu", 10, kernel_initializer=keras.initializers.RandomNormal(stddev=0.6)), place, 0.5, adam=False)


def dead_layer(place: Path) -> None:
    model = dense("relu", 5)
    model.get_layer("hidden_3").bias.assign(np.full(32, -9.0, "float32"))
    fitted(model, place)


def deep_resnet(place: Path) -> None:
    y = inputs = keras.Input((8, 8, 1))
    y = keras.layers.Conv2D(8, 3, padding="same", name="stem")(y)
    for stage in range(3):
        for block in range(13):
            kept = y
            for part in (1, 2):
                name = f"stage_{stage}_block_{block}_conv_{part}"
                y = keras.layers.Conv2D(8, 3, padding="same", use_bias=False, name=name)(y)
                y = keras.layers.BatchNormalization(name=f"{name}_norm")(y)
                y = keras.layers.ReLU(name=f"{name}_relu")(y) if part == 1 else y
            y = keras.layers.Add(name=f"stage_{stage}_block_{block}_add")([kept, y])
    y = keras.layers.Dense(10, name="logits")(keras.layers.GlobalAveragePooling2D()(y))
    fitted(keras.Model(inputs, y), place, x=digits()[0].reshape(-1, 8, 8, 1), epochs=1)


def transformer(place: Path) -> None:
    y = inputs = keras.Input((8, 8))
    y = keras.layers.Dense(32, name="embed")(y)
    for block in range(4):
        seen = keras.layers.MultiHeadAttention(4, 8, name=f"block_{block}_attention")(y, y)
        y = keras.layers.LayerNormalization(name=f"block_{block}_norm_1")(y + seen)
        wide = keras.layers.Dense(64, "gelu", name=f"block_{block}_wide")(y)
        y = keras.layers.LayerNormalization(name=f"block_{block}_norm_2")(
            y + keras.layers.Dense(32, name=f"block_{block}_narrow")(wide)
        )
    y = keras.layers.Dense(10, name="logits")(keras.layers.GlobalAveragePooling1D()(y))
    fitted(keras.Model(inputs, y), place, x=digits()[0].reshape(-1, 8, 8), epochs=4)


def lstm(place: Path) -> None:
    layers = [keras.layers.LSTM(24, return_sequences=True, name="lower"), keras.layers.LSTM(24, name="upper")]
    model = keras.Sequential([keras.Input((8, 8)), *layers, keras.layers.Dense(10, name="logits")])
    fitted(model, place, x=digits()[0].reshape(-1, 8, 8), epochs=4)


def lora(place: Path) -> None:
    model = dense("relu", 4)
    for layer in model.layers[:-1]:
        layer.enable_lora(rank=4)
    fitted(model, place)


def mixed_precision(place: Path) -> None:
    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        fitted(dense("relu", 6, kernel_initializer="he_normal"), place)
    finally:
        keras.mixed_precision.set_global_policy("float32")


class Gan(keras.Model):
    """A generator of digits against a discriminator, each with an optimizer of its own."""

    def __init__(self) -> None:
        super().__init__()
        sizes = {"generator": (16, 64), "discriminator": (64, 1)}
        self.nets = {
            name: keras.Sequential(
                [
                    keras.Input((first,)),
                    *(keras.layers.Dense(48, "relu", name=f"{name}_{n}") for n in (1, 2)),
                    keras.layers.Dense(last, name=f"{name}_out"),
                ],
                name=name,
            )
            for name, (first, last) in sizes.items()
        }
        self.generator, self.discriminator = self.nets["generator"], self.nets["discriminator"]
        self.other = keras.optimizers.Adam(1e-3)
        self.judged = keras.losses.BinaryCrossentropy(from_logits=True)

    def train_step(self, data):
        import tensorflow as tf  # noqa: PLC0415

        real = data[0] if isinstance(data, tuple) else data
        noise = keras.random.normal((tf.shape(real)[0], 16))
        with tf.GradientTape() as tape:
            told = self.discriminator(tf.concat([real, self.generator(noise)], 0), training=True)
            truth = tf.concat([tf.ones((tf.shape(real)[0], 1)), tf.zeros((tf.shape(real)[0], 1))], 0)
            loss = self.judged(truth, told)
        weights = self.discriminator.trainable_variables
        self.optimizer.apply(tape.gradient(loss, weights), weights)
        with tf.GradientTape() as tape:
            fooled = self.judged(
                tf.ones_like(truth[: tf.shape(real)[0]]), self.discriminator(self.generator(noise, training=True))
            )
        weights = self.generator.trainable_variables
        self.other.apply(tape.gradient(fooled, weights), weights)
        return {"loss": loss, "generator_loss": fooled}


def gan(place: Path) -> None:
    model = Gan()
    model.compile(keras.optimizers.Adam(1e-3))
    callback = diagnostics.ProbeCallback(place, seed=0, verbose=0)
    model.fit(digits()[0], epochs=8, batch_size=50, verbose=0, callbacks=[callback])


KINDS: dict[str, Callable[[Path], None]] = {
    each.__name__: each
    for each in (healthy, vanishing, exploding, dead_layer, deep_resnet, transformer, gan, lstm, lora, mixed_precision)
}


def write(folder: Path, names: list[str]) -> None:
    """Train and report."""
    for name in names or list(KINDS):
        keras.utils.set_random_seed(0)
        KINDS[name](folder / name)
        print(diagnostics.report(diagnostics.load_run(folder / name), folder / name / "report.html"), flush=True)


if __name__ == "__main__":
    write(Path(sys.argv[1]), sys.argv[2:])
