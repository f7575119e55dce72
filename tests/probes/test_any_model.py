"""Any model: training is bit-equal, statistics agree with independent computations, and every layer is accounted for.

The table of ``docs/models.md`` is written by ``python -m tests.kit.model_table`` from the same cases.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import probes
from probes.capture.capture import MEASURED
from tests.kit.steps import make_step, rows, statuses
from tests.kit.training import (
    STEPS,
    Trained,
    differing,
    gradient_norms,
    graph_optimizer,
    largest_difference,
    loss,
    paths,
    train,
)
from tests.kit.zoo import MODELS, SETTINGS, Kind

EVERY = MODELS | SETTINGS


def convolves_channels_first() -> bool:
    """Whether this machine supports it: on CPUs, TensorFlow has the kernel only with oneDNN."""
    try:
        tf.nn.conv2d(tf.zeros([1, 1, 2, 2]), tf.zeros([1, 1, 1, 1]), 1, "VALID", data_format="NCHW")
    except tf.errors.UnimplementedError:
        return False
    return True


def case(name: str):
    missing = name == "channels_first" and not convolves_channels_first()
    return pytest.param(name, marks=pytest.mark.skipif(missing, reason="this CPU has no channels-first convolution"))


def assert_all_seen(kind: Kind, watched: Trained) -> None:
    """Every layer is measured, or the layer table gives the reason that the case expects."""
    (monitor,) = watched.monitors
    said = statuses(monitor)
    assert set(said) >= {path for path, _ in paths(watched.model)}  # and rows of functions inside a ``call``
    assert {path: status for path, status in said.items() if status != MEASURED} == dict(kind.unseen)


def assert_numbers(watched: Trained, bare: Trained) -> None:
    """Gradient norms equal the reference; activations and their gradients exist wherever a layer is measured."""
    seen, expected = rows(watched.monitors[0].read()), gradient_norms(watched.model, bare)
    assert len(expected) and np.isfinite(list(expected.values())).all()
    shown = seen["gradient_norm"].dropna()
    for path, norm in expected.items():
        np.testing.assert_allclose(shown[path], norm, rtol=1e-4, err_msg=path)
    assert set(shown.index) <= set(expected), "not connected is missing"
    measured = [path for path, status in statuses(watched.monitors[0]).items() if status == MEASURED]
    assert np.isfinite(seen.loc[measured, "activation_mean"]).all()


@pytest.mark.parametrize("name", map(case, EVERY))
def test_a_kind_of_model_trains_the_same_and_is_seen_whole(name):
    with graph_optimizer(on=False):
        bare, watched = train(EVERY[name]), train(EVERY[name], monitors=1)
    assert np.isfinite(bare.left["loss 0"])
    assert differing(bare, watched) == []
    assert_all_seen(EVERY[name], watched)
    assert_numbers(watched, bare)


def test_the_case_of_loss_scaling_has_steps_that_overflow_and_steps_that_do_not():
    kind = EVERY["mixed_float16, loss scaling"]
    trained = train(kind)
    scale = next(value for name, value in trained.left.items() if "dynamic_scale" in name)
    assert scale < trained.scale * 2**STEPS, "none was skipped"
    assert np.isfinite(np.asarray(trained.gradients[0])).all()


def test_two_monitors_on_one_model_change_nothing_and_read_the_same():
    with graph_optimizer(on=False):
        bare, watched = train(EVERY["subclassed"]), train(EVERY["subclassed"], monitors=2)
    assert differing(bare, watched) == []
    first, second = (monitor.read().layers for monitor in watched.monitors)
    keys = ["step", "layer", "depth", "kind"]
    assert len(first) and first[keys].equals(second[keys])
    # One finds the update in the optimizer's tensor, the other in weights after minus before.
    np.testing.assert_allclose(first.drop(columns=keys), second.drop(columns=keys), rtol=1e-4)


def in_one_call(kind: Kind, watched: bool, **options) -> tuple[list[bytes], list[probes.Monitor]]:
    """Weights and optimizer after several steps in a TensorFlow loop."""
    keras.utils.set_random_seed(7)
    model, optimizer = kind.make(), kind.optimizer()
    model(kind.x)
    optimizer.build(model.trainable_variables)
    monitors = [probes.Monitor(model, probes.default(2), optimizer=optimizer)] if watched else []
    step = make_step(model, monitors, loss=loss, optimizer=optimizer, compiled=False)

    @tf.function(**options)
    def steps():
        for _ in tf.range(5):
            step(kind.x, 0.0)

    steps()
    return [np.asarray(variable).tobytes() for variable in [*model.variables, *optimizer.variables]], monitors


@pytest.mark.parametrize(
    "name", ["Sequential, Dense", "BatchNormalization", "Dropout and its kin", "Embedding", "LSTM"]
)
def test_steps_inside_a_loop_of_tensorflow_are_the_same_bit_by_bit(name):
    with graph_optimizer(on=False):
        bare, (watched, monitors) = in_one_call(EVERY[name], False)[0], in_one_call(EVERY[name], True)
    assert bare == watched
    assert sorted(set(monitors[0].read().layers["step"])) == [0, 2, 4]


def test_trainings_in_threads_are_the_same_bit_by_bit():
    """Each thread has its own model and monitor; one has no monitor; one more training runs alone as the reference."""
    kind = EVERY["Functional, shared layer, residual"]
    models = [kind.make() for _ in range(3)]
    for model in models[1:]:
        model.set_weights(models[0].get_weights())

    def run(model, watched: bool) -> list[bytes]:
        monitors = [probes.Monitor(model, probes.default(2))] if watched else []
        optimizer = keras.optimizers.SGD(0.1)
        step = make_step(model, monitors, loss=loss, optimizer=optimizer)
        for _ in range(4):
            step(kind.x, 0.0)
        assert all(len(monitor.read().layers) for monitor in monitors)
        return [weight.tobytes() for weight in model.get_weights()]

    with graph_optimizer(on=False), ThreadPoolExecutor(3) as threads:
        results = list(threads.map(run, models, [True, False, True]))
    assert results[0] == results[1] == results[2]


XLA = ["Sequential, Dense", "Conv2D, pooling", "LSTM", "MultiHeadAttention", "Embedding", "mixed_bfloat16",
       "Adam, clipnorm", "Adam, gradient_accumulation_steps"]  # fmt: skip


@pytest.mark.usefixtures("without_determinism")
@pytest.mark.parametrize("name", XLA)
def test_under_xla_training_is_the_same_to_rounding_and_is_seen_whole(name):
    bare, watched = (train(EVERY[name], monitors, jit_compile=True) for monitors in (0, 1))
    assert largest_difference(bare, watched) < (1e-2 if "bfloat16" in name else 1e-5)
    assert_all_seen(EVERY[name], watched)
    assert_numbers(watched, bare)


def test_the_page_lists_every_kind():
    page = (Path(__file__).parents[2] / "docs" / "models.md").read_text()
    listed = {line.split(" | ")[0].removeprefix("| ") for line in page.splitlines() if line.startswith("| ")}
    assert set(EVERY) <= listed, "write it anew: python -m tests.kit.model_table docs/models.md"
