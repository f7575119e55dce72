"""Every cause of a value that is not finite is recorded, repeated bit by bit, and named."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import tensorflow as tf

import diagnostics
from diagnostics.runs.flight import records
from diagnostics.training.flight.explain import Explained, explain
from diagnostics.training.flight.options import FlightRecorder
from diagnostics.training.flight.program import Program
from diagnostics.training.flight.record import Record
from diagnostics.training.named import loss_of
from probes.errors import UsageError
from tests.kit.blow_ups import BATCH, BLOW_UPS, BlowUp


@pytest.fixture(autouse=True)
def _without_layers_that_get_no_gradient():
    """Layers without weights right after the input get a gradient only if the input asks for it, which is no fault here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def trained(case: BlowUp, folder: Path, **options: object) -> Record:
    model, optimizer, loss = case.program()
    x, y = case.data()
    recorder = FlightRecorder(every=2, scale_skips=0)
    trainer = diagnostics.Trainer(
        model, optimizer, loss, probes=(), directory=folder, flight_recorder=recorder, steps_per_call=3, **options
    )
    try:
        trainer.fit(x, y, batch_size=BATCH, shuffle=False, epochs=2, progress=False)
    except UsageError as error:  # what the first call of the compiled function raises is told in four parts
        assert isinstance(error.__cause__, tf.errors.OpError) and case.name == "an embedding out of range"
    return Record(records(folder)[0])


def fitted(case: BlowUp, folder: Path) -> Record:
    model = case.compiled()
    x, y = case.data()
    callback = diagnostics.ProbeCallback(folder, (), flight_recorder=FlightRecorder(every=2, scale_skips=0), verbose=0)
    try:
        model.fit(x, y, batch_size=BATCH, shuffle=False, epochs=2, verbose=0, callbacks=[callback])
    except tf.errors.OpError:
        assert case.name == "an embedding out of range"
    return Record(records(folder)[0])


def check(case: BlowUp, found: Explained) -> None:
    origin = found.origin
    assert origin is not None
    assert origin.phase == case.phase, origin
    assert case.place in origin.place, origin
    assert case.operation in origin.operation, origin
    assert all(each.is_equal for each in found.repeated if each.step != found.step or found.target.error is None)
    if case.example is not None:
        shown = [example for values in (*origin.inputs, *origin.outputs) for example in values.examples]
        assert case.example in shown, origin


@pytest.mark.parametrize("case", BLOW_UPS, ids=lambda case: case.name)
def test_trainer(case, tmp_path):
    record = trained(case, tmp_path / "run")
    model, optimizer, loss = case.program()
    check(case, explain(record, Program(model, optimizer, loss_of(loss))))


@pytest.mark.parametrize("case", BLOW_UPS[::4], ids=lambda case: case.name)
def test_fit(case, tmp_path):
    record = fitted(case, tmp_path / "run")
    model = case.compiled()
    check(case, explain(record, Program(model, model.optimizer)))
