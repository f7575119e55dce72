"""A small training on one replica or on several: ``python -m tests.kit.replicated FOLDER HOW``.

Writes what the monitor of a loop by hand has read, the weights, and the run of the built-in loop.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import diagnostics
import probes
from diagnostics.training.workers import wait_for_workers

FEATURES, CLASSES, BATCH, STEPS = 6, 3, 8, 7
ODD = 3
"""Examples in the last batch, which two replicas cannot share equally."""


def watched(every: int = 2) -> list[probes.Probe]:
    alike = [probes.GradientNorm, probes.ActivationGradient, probes.UpdateRatio, probes.ActivationMoments,
             probes.ActivationSparsity, probes.NonFinite]  # fmt: skip
    return [*(probe(every=every) for probe in alike), probes.DeadUnits(window=2)]


def examples(count: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    x, y = random.normal(size=(count, FEATURES)).astype(np.float32), random.integers(0, CLASSES, count)
    # In every batch, the two halves keep different units silent.
    x[:, 0] = np.where(np.arange(count) % BATCH < BATCH // 2, 5, -5)
    return x, y


def batches(odd: int = 0) -> tf.data.Dataset:
    return tf.data.Dataset.from_tensor_slices(examples(BATCH * STEPS + odd)).batch(BATCH)


def model() -> keras.Model:
    keras.utils.set_random_seed(3)
    stack = [
        keras.layers.Dense(12, activation="relu", name="a", kernel_regularizer="l2"),
        keras.layers.Dense(8, activation="tanh", name="b"),
    ]
    net = keras.Sequential([keras.Input((FEATURES,)), *stack, keras.layers.Dense(CLASSES, name="logits")])
    kernel = net.get_layer("a").kernel
    first = kernel.numpy()
    first[0, :4], first[0, 4:8] = 0.5, -0.5
    kernel.assign(first)
    return net


def cross_entropy() -> keras.losses.Loss:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def by_hand(
    strategy: tf.distribute.Strategy, compiled: bool = True, watch: bool = True
) -> tuple[probes.Reading, keras.Model]:
    """The loop of TensorFlow's guide to custom training with ``tf.distribute``, and the three lines."""
    with strategy.scope():
        net, optimizer, loss_fn = model(), keras.optimizers.SGD(0.02, momentum=0.9), cross_entropy()
        optimizer.build(net.trainable_variables)
        monitor = probes.Monitor(net, watched(), optimizer=optimizer)

    def step(x, y):
        with tf.GradientTape() as tape, monitor.capture() if watch else contextlib.nullcontext():
            loss = loss_fn(y, net(x, training=True))
        gradients = tape.gradient(loss, net.trainable_variables)
        optimizer.apply(gradients, net.trainable_variables)
        if watch:
            monitor.update(gradients)

    def run(batch):
        strategy.run(step, args=batch)

    run = tf.function(run) if compiled else run
    for batch in strategy.experimental_distribute_dataset(batches()):
        run(batch)
    return monitor.read(), net


def built_in(strategy: tf.distribute.Strategy, folder: Path, progress: Any = False) -> None:
    """The built-in loop, whose last batch is odd."""
    with strategy.scope():
        net, optimizer = model(), keras.optimizers.SGD(0.02, momentum=0.9)
        accuracy = keras.metrics.SparseCategoricalAccuracy(name="accuracy")
        trainer = diagnostics.Trainer(
            net, optimizer, cross_entropy(), probes=watched(1), metrics=[accuracy], directory=folder, steps_per_call=2
        )
    trainer.fit(batches(ODD), validation_data=batches(ODD), epochs=2, progress=progress)


def fitted(strategy: tf.distribute.Strategy, folder: Path | None) -> keras.Model:
    """Keras' own loop, with the callback."""
    with strategy.scope():
        net = model()
        net.compile(keras.optimizers.SGD(0.02, momentum=0.9), cross_entropy(), metrics=["accuracy"])
    callbacks = [diagnostics.ProbeCallback(folder, watched(1))] if folder else []
    net.fit(batches(), validation_data=batches(), epochs=2, verbose=0, callbacks=callbacks)
    return net


def save(folder: Path, name: str, reading: probes.Reading, net: keras.Model) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    reading.layers.to_pickle(folder / f"{name}_layers.pkl")
    reading.units.to_pickle(folder / f"{name}_units.pkl")
    np.savez(folder / f"{name}_weights.npz", *net.get_weights())


def two_devices() -> tf.distribute.Strategy:
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


def dies(steps: int, numbers: Any) -> None:
    """Exit as a dying machine does, without informing the other workers."""
    os._exit(9)


def refused(strategy: tf.distribute.Strategy) -> None:
    """What several replicas do not support raises an error at the start."""
    with strategy.scope():
        net, loose = model(), keras.Sequential([keras.layers.Dense(2)])
        monitor = probes.Monitor(net, watched())
    outside = model()
    attempts = [
        ("outside of strategy.run", lambda: monitor.capture().__enter__()),
        ("not built", lambda: diagnostics.Trainer(loose, keras.optimizers.SGD(), cross_entropy())),
        ("one device only", lambda: diagnostics.Trainer(outside, keras.optimizers.SGD(), cross_entropy())),
        ("jit_compile", lambda: diagnostics.Trainer(net, keras.optimizers.SGD(), cross_entropy(), jit_compile=True)),
    ]
    for expected, attempt in attempts:
        with strategy.scope():
            try:
                attempt()
            except probes.UsageError as error:
                assert expected in str(error), error
            else:
                raise AssertionError(f"not refused: {expected}")


def main(folder: Path, how: str) -> None:
    if how == "workers":
        wait_for_workers(120)
    strategy = {
        "mirrored": two_devices,
        "workers": tf.distribute.MultiWorkerMirroredStrategy,
    }[how]()
    worker = strategy.cluster_resolver.task_id if how == "workers" else 0
    save(folder / str(worker), "loop", *by_hand(strategy))
    if how == "mirrored":
        refused(strategy)
        save(folder / str(worker), "bare", *by_hand(strategy, watch=False))
        save(folder / str(worker), "eager", *by_hand(strategy, compiled=False))
        for name, where in {"fit_watched": folder / "fit", "fit_bare": None}.items():
            np.savez(folder / str(worker) / f"{name}_weights.npz", *fitted(strategy, where).get_weights())
    built_in(strategy, folder / "run")
    if how == "workers":
        built_in(strategy, folder / "broken", progress=dies if worker == 1 else False)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
