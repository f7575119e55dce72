"""Online learning as a scenario does it, against a loop in NumPy; and the version of a scenario's files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest

from scenarios.data import Data, load
from scenarios.shared.layers import classifier, dense
from scenarios.shared.source import source_of
from scenarios.shared.stream import SOON, learn_at_best_rate, learn_online

RATE, SLOPE = 0.05, 0.1


@pytest.fixture(scope="module")
def few() -> Data:
    data = load("digits", 2).first(60)
    return replace(data, x_test=data.x_test[:100], y_test=data.y_test[:100])


def network(data: Data) -> keras.Model:
    return classifier(
        data, dense(data, "hidden_1", 7, None, "he_normal"), dense(data, "hidden_2", 5, None, "he_normal")
    )


def by_hand(data: Data, weights: list[np.ndarray]) -> dict[str, float]:
    """The same, layer by layer, with the chain rule written out."""
    weights = [weight.astype(np.float64) for weight in weights]

    def forward(x):
        inputs, values = [x], []
        for kernel, bias in zip(weights[:-2:2], weights[1:-2:2], strict=True):
            values.append(inputs[-1] @ kernel + bias)
            inputs.append(np.where(values[-1] > 0, values[-1], SLOPE * values[-1]))
        return inputs, values, inputs[-1] @ weights[-2] + weights[-1]

    def accuracy():
        early = data.y_test < 5
        return float(np.mean(np.argmax(forward(data.x_test[early])[2], axis=1) == data.y_test[early]))

    losses, accuracies, soon = [], [], []
    for part in (data.y_train < 5, data.y_train >= 5):
        for number, (x, y) in enumerate(zip(data.x_train[part], data.y_train[part], strict=True)):
            if number in SOON and accuracies:
                soon.append(accuracy())
            inputs, values, logits = forward(x[None])
            shares = np.exp(logits - logits.max())
            shares /= shares.sum()
            losses.append(-np.log(shares[0, y]))
            back = shares - np.eye(10)[y]
            for layer in reversed(range(len(inputs))):
                kernel, bias = weights[2 * layer], weights[2 * layer + 1]
                below = back @ kernel.T
                weights[2 * layer], weights[2 * layer + 1] = (
                    kernel - RATE * inputs[layer].T @ back,
                    bias - RATE * back[0],
                )
                back = below * np.where(values[layer - 1] > 0, 1, SLOPE) if layer else below
        accuracies.append(accuracy())
    assert len(soon) == 2, "of the 60 examples about 30 are of the second half"
    retained = float(np.mean(soon))
    return {"regret": float(np.mean(losses)), "forgetting": accuracies[0] - retained, "retained": retained}


def test_every_example_is_predicted_before_it_is_learned_and_old_classes_are_tested_again(few):
    model = network(few)
    before = model.get_weights()
    found = learn_online(few, model, "leaky", SLOPE, RATE)
    assert found == pytest.approx(by_hand(few, before), rel=1e-3)
    assert all((old == new).all() for old, new in zip(before, model.get_weights(), strict=True))


def test_the_rate_is_chosen_on_the_validation_part(few):
    model, rates = network(few), (0.001, RATE)
    tried = replace(few, x_train=few.x_validation, y_train=few.y_validation)
    regrets = [learn_online(tried, model, "relu", 0.0, rate)["regret"] for rate in rates]
    best = rates[int(np.argmin(regrets))]
    assert learn_at_best_rate(few, model, "relu", 0.0, rates) == learn_online(few, model, "relu", 0.0, best)


def test_photographs_are_as_many_patches_of_each_and_drawn_anew_for_each_replicate():
    one, other = load("photographs", 0), load("photographs", 1)
    assert one.classes == 2 and one.x_train.shape == (1080, 64)
    assert np.bincount(one.y_test).tolist() == [180, 180]
    assert (one.y_test != other.y_test).any()
    whole = np.concatenate([one.x_train, one.x_validation, one.x_test])
    assert len(np.unique(whole, axis=0)) > 1700, "patches differ, but for a few that are all sky"


def test_a_version_changes_with_the_file_and_with_what_it_imports_however_deep(tmp_path: Path):
    (tmp_path / "shared").mkdir()
    scenario, near, far = tmp_path / "one.py", tmp_path / "shared" / "near.py", tmp_path / "shared" / "far.py"
    scenario.write_text("import scenarios.shared.near as near\n")
    near.write_text("from scenarios.shared.far import value\nfrom scenarios.shared.near import itself\n")
    far.write_text("value = 1\n")
    seen = {source_of(scenario, tmp_path)}
    for file in (scenario, near, far):
        file.write_text(file.read_text() + "# changed\n")
        seen.add(source_of(scenario, tmp_path))
    (tmp_path / "shared" / "other.py").write_text("value = 2\n")
    assert len(seen) == 4 and source_of(scenario, tmp_path) in seen
