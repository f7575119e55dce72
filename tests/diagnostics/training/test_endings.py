"""However a training is ended from outside, its record says so, and handlers of signals are as they were before."""

from __future__ import annotations

import importlib
import os
import signal

import keras
import numpy as np
import pytest

import probes
from diagnostics import ProbeCallback, Trainer, load_run
from diagnostics.runs.endings import TerminatedError

tensorflow_trainer = importlib.import_module("keras.src.backend.tensorflow.trainer")
EPOCHS = tensorflow_trainer.TFEpochIterator
X = np.random.default_rng(0).normal(size=(40, 3)).astype(np.float32)
Y = X[:, :1]
SIGNALS = (signal.SIGINT, signal.SIGTERM)
RAISED = {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: SystemExit}


class Does(keras.callbacks.Callback):
    """Does something after the third step."""

    def __init__(self, what) -> None:
        super().__init__()
        self.what = what

    def on_train_batch_end(self, batch, logs=None):
        if batch == 2:
            self.what()


def model() -> keras.Model:
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])


def by_fit(folder, callback):
    net = model()
    net.compile("sgd", "mse")
    net.fit(
        X,
        Y,
        batch_size=8,
        verbose=0,
        callbacks=[ProbeCallback(folder, [probes.GradientNorm(every=1)], verbose=0), callback],
    )


def by_trainer(folder, callback):
    trainer = Trainer(model(), "sgd", "mse", probes=[probes.GradientNorm(every=1)], directory=folder, steps_per_call=1)
    trainer.fit(X, Y, batch_size=8, progress=False, callbacks=[callback])


@pytest.fixture(autouse=True)
def handlers_are_put_back():
    before = {number: signal.getsignal(number) for number in SIGNALS}
    yield
    for number in SIGNALS:
        signal.signal(number, before[number])


def current() -> list[object]:
    return [signal.getsignal(number) for number in SIGNALS]


@pytest.fixture(autouse=True)
def interruptible():
    """Ctrl-C interrupts, as it does in a terminal: a shell that starts tests in the background has it ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("train", [by_fit, by_trainer])
def test_a_signal_that_is_caught_around_training_leaves_an_interrupted_run(train, number, tmp_path):
    before = current()
    with pytest.raises(RAISED[number]):
        train(tmp_path / "run", Does(lambda: os.kill(os.getpid(), number)))
    run = load_run(tmp_path / "run")
    assert run.status == "interrupted" and run.metadata["error"]
    assert run.scalars["step"].tolist() == [0, 1, 2] and set(run.layers["step"]) == {0, 1, 2}
    assert current() == before


def test_a_signal_between_two_steps_ends_the_run_though_the_exception_is_kept(tmp_path, monkeypatch):
    class Iterator(EPOCHS):
        def __next__(self):
            begin, end, batches = super().__next__()
            if begin == 3:
                os.kill(os.getpid(), signal.SIGINT)
            return begin, end, batches

    monkeypatch.setattr(tensorflow_trainer, "TFEpochIterator", Iterator)
    with pytest.raises(KeyboardInterrupt) as kept:
        by_fit(tmp_path / "run", Does(lambda: None))
    assert load_run(tmp_path / "run").status == "interrupted" and kept.value


@pytest.mark.parametrize("train", [by_fit, by_trainer])
def test_a_handler_of_the_users_own_still_decides(train, tmp_path):
    heard = []
    for number in SIGNALS:
        signal.signal(number, lambda number, frame: heard.append(number))

    def both():
        for number in SIGNALS:
            os.kill(os.getpid(), number)

    before = current()
    train(tmp_path / "run", Does(both))
    assert current() == before
    assert heard == [*SIGNALS] and load_run(tmp_path / "run").status == "finished"


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TerminatedError(), RuntimeError("no more")], ids=repr)
@pytest.mark.parametrize("train", [by_fit, by_trainer])
def test_what_another_callback_raises_ends_the_run(train, error, tmp_path):
    def stop():
        raise error

    with pytest.raises(type(error)) as kept:  # its traceback keeps the variables of fit
        train(tmp_path / "run", Does(stop))
    run = load_run(tmp_path / "run")
    assert run.status == ("failed" if isinstance(error, RuntimeError) else "interrupted") and kept.value is error
    assert str(error) in run.metadata["error"]
