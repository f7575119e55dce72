"""The gap between training and validation figures, and the evaluations that it is split by."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from diagnostics import Trainer
from diagnostics.figures import gap
from diagnostics.measures import measure
from diagnostics.measures.gap import gaps_of
from probes.errors import UsageError

SHARE = st.floats(0, 1)


def run(*epochs: tuple[float, float, float, float]) -> Any:
    """A run with these figures by epoch: running, again, inference, validation."""
    splits = ("train", "train_again", "train_inference", "validation")
    rows = [
        {"epoch": epoch, "step": 10 * epoch + 9, "split": split, "accuracy": value}
        for epoch, values in enumerate(epochs)
        for split, value in zip(splits, values, strict=True)
    ]
    steps = [{"epoch": 0, "step": 3, "split": "train", "accuracy": np.nan}]
    return SimpleNamespace(scalars=pd.DataFrame(steps + rows))


def test_the_gap_is_split_by_what_changes_between_two_evaluations():
    found = gaps_of(run((0.5, 0.7, 0.75, 0.72)).scalars, "accuracy")
    assert found.to_dict("records") == [
        {"epoch": 0, "lag": pytest.approx(0.2), "mode": pytest.approx(0.05), "data": pytest.approx(-0.03)}
        | {"gap": pytest.approx(0.22)}
    ]


@given(st.lists(st.tuples(SHARE, SHARE, SHARE, SHARE), min_size=1, max_size=5))
def test_the_parts_always_add_up(epochs):
    found = gaps_of(run(*epochs).scalars, "accuracy")
    np.testing.assert_allclose(found["lag"] + found["mode"] + found["data"], found["gap"], rtol=0, atol=1e-15)


def test_the_measure_takes_an_epoch_counted_from_either_end():
    told = run((0.5, 0.7, 0.75, 0.72), (0.9, 0.9, 0.9, 0.8))
    of = {part: measure("gap_part", part=part, epoch=epoch)(told) for part, epoch in (("gap", 0), ("data", -1))}
    assert of == {"gap": pytest.approx(0.22), "data": pytest.approx(-0.1)}
    assert measure("gap_part", part="lag", epoch=2)(told) != measure("gap_part", part="lag", epoch=2)(told)  # NaN
    assert measure("gap_part", part="residual", epoch=0)(told) == 0


def test_what_was_not_evaluated_is_missing_and_a_wrong_name_is_refused():
    bare = run((0.5, 0.7, 0.75, 0.72)).scalars.query("split != 'train_again'")
    assert np.isnan(gaps_of(bare, "accuracy")["lag"].to_numpy()).all()
    with pytest.raises(UsageError, match="lag"):
        measure("gap_part", part="lagg")
    with pytest.raises(UsageError, match="accuracy"):
        gaps_of(bare, "acuracy")


def test_the_figure_stacks_the_parts_and_marks_their_sum():
    table = gaps_of(run((0.5, 0.7, 0.75, 0.72), (0.9, 0.9, 0.9, 0.8)).scalars, "accuracy").assign(arm="plain", seed=0)
    figure = gap(table, "accuracy")
    (axes,) = figure.axes
    ends = [end for patch in axes.patches for end in patch.get_bbox().intervaly]
    assert max(ends) == pytest.approx(0.25) and min(ends) == pytest.approx(-0.1)
    np.testing.assert_allclose(np.asarray(axes.lines[-1].get_ydata(), float), [0.22, -0.1])


def net() -> keras.Model:
    keras.utils.set_random_seed(3)
    layers = keras.layers
    middle = [
        layers.Dense(8, "relu", name="hidden"),
        layers.BatchNormalization(name="norm"),
        layers.Dropout(0.3, name="drop"),
    ]
    return keras.Sequential([keras.Input((6,), name="inputs"), *middle, layers.Dense(3, name="logits")])


def test_evaluating_the_training_set_again_changes_no_bit(tmp_path):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(48, 6)).astype(np.float32), random.integers(0, 3, 48)
    batches = tf.data.Dataset.from_tensor_slices((x, y)).batch(16)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    trained = {}
    for name, options in {"bare": {}, "again": {"train_again": batches}}.items():
        metrics = [keras.metrics.SparseCategoricalAccuracy(name="accuracy")]
        trainer = Trainer(net(), keras.optimizers.SGD(0.1), loss, probes=(), metrics=metrics, directory=tmp_path / name)
        stored = trainer.fit(batches, validation_data=batches, epochs=3, progress=False, **options)
        trained[name] = stored, [variable.numpy() for variable in trainer.model.variables]
    for one, other in zip(trained["bare"][1], trained["again"][1], strict=True):
        np.testing.assert_array_equal(one, other)
    told = trained["again"][0].scalars
    assert (told["split"] == "train_again").sum() == (told["split"] == "train_inference").sum() == 3
    assert gaps_of(told, "accuracy")["data"].tolist() == [0, 0, 0], "both data sets are the same here"
    assert gaps_of(told, "loss")["mode"].abs().min() > 0


def fitted(*epochs: tuple[float, float]) -> Any:
    """A run with these losses by epoch: on the training examples in inference mode, and on validation examples."""
    rows = [
        {"epoch": epoch, "step": 10 * epoch + 9, "split": split, "loss": value}
        for epoch, values in enumerate(epochs)
        for split, value in zip(("train_inference", "validation"), values, strict=True)
    ]
    return SimpleNamespace(scalars=pd.DataFrame(rows))


def test_trainings_are_compared_where_they_fit_equally_well():
    at = measure("at_training_loss", level=0.5)
    assert at(fitted((1.0, 1.2), (0.4, 0.9), (0.2, 1.5))) == pytest.approx(1.2 - 0.3 * 0.5 / 0.6)
    assert at(fitted((1.0, 1.2), (0.5, 0.9), (0.2, 1.5))) == pytest.approx(0.9)
    assert at(fitted((1.0, 1.2), (0.7, 1.1), (0.9, 1.3), (0.3, 0.7))) == pytest.approx(0.9), "the first time below"
    assert np.isnan(at(fitted((0.4, 1.2), (0.2, 0.9)))), "passed within the first epoch"
    assert np.isnan(at(fitted((1.0, 1.2), (0.6, 0.9)))), "never passed"
