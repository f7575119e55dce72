"""Conformance of every scenario; scenarios are found by walking the package."""

from __future__ import annotations

import dataclasses
import fnmatch
import importlib
import json
import re
import string

import keras
import numpy as np
import pytest

from diagnostics import figures
from diagnostics.commands import catalogue
from diagnostics.measures import measure
from diagnostics.statistics.looks import LOOKS
from diagnostics.training.runner import structure
from diagnostics.verdict.sentences import PART_WORDS
from probes.probe import Probe
from scenarios.data import Data, load, load_raw, load_whole, standardised
from scenarios.scenario import Arm, Scenario

PLACEHOLDERS = {"supported", "refuted", "open", "low", "high", "seeds"}


@pytest.fixture(params=catalogue.names())
def scenario(request) -> Scenario:
    module = importlib.import_module(f"scenarios.{request.param}")
    return getattr(module, catalogue.class_name(request.param))()


@pytest.fixture(scope="session")
def digits() -> Data:
    return load("digits")


def test_its_file_is_its_name_and_asks_in_its_first_line(scenario):
    assert scenario.name in catalogue.names()
    assert catalogue.about(scenario.name) == scenario.about.strip()
    assert scenario.about.splitlines()[0].endswith("?") and scenario.question.endswith("?")
    assert "References:" in scenario.about or "Reference:" in scenario.about


def test_its_settings_are_fields_of_a_frozen_dataclass(scenario):
    assert dataclasses.is_dataclass(scenario)
    with pytest.raises(dataclasses.FrozenInstanceError):
        scenario.epochs = 3
    args = type(scenario).__doc__ or ""
    own = {field.name for field in dataclasses.fields(scenario)} - {
        field.name for field in dataclasses.fields(Scenario)
    }
    assert all(f"{name}:" in args for name in own), "every knob is explained in the class's docstring"


def test_arms_have_names_for_folders_and_labels_for_people(scenario):
    names = [arm.name for arm in scenario.arms()]
    assert len(set(names)) == len(names) and len({arm.label for arm in scenario.arms()}) == len(names)
    assert all(set(name) <= set(string.ascii_lowercase + string.digits + ".-_") for name in names)


def test_claims_name_arms_and_measures_that_exist(scenario):
    arms = {arm.name for arm in scenario.arms()}
    for claim in scenario.claims():
        for part in claim.parts:
            for name in (part.treated, part.control, *part.beside):
                assert name is None or fnmatch.filter(arms, name), f"{claim.name}: no arm fits {name}"
            measure(part.measure, **part.parameters)
            assert (part.margin is not None) == (part.expects == "equal")
        assert "" in claim.outcomes
        assert claim.requires in {"", *(other.name for other in scenario.claims())}
        for outcome in claim.outcomes.values():
            assert {field for _, field, _, _ in string.Formatter().parse(outcome) if field} <= PLACEHOLDERS


def test_what_a_thorough_run_adds_names_arms_that_exist(scenario):
    test_claims_name_arms_and_measures_that_exist(scenario.thorough())
    test_arms_have_names_for_folders_and_labels_for_people(scenario.thorough())


def test_no_two_parts_of_a_claim_are_the_same_comparison(scenario):
    for claim in scenario.thorough().claims():
        parts = [json.dumps({**dataclasses.asdict(part), "label": ""}, sort_keys=True) for part in claim.parts]
        assert len(set(parts)) == len(parts), f"{claim.name} counts a comparison twice"


def test_claims_arms_and_figures_are_data(scenario):
    for item in (*scenario.claims(), *scenario.arms(), *scenario.figures()):
        json.dumps(dataclasses.asdict(item))
    assert all(hasattr(figures, figure.kind) and len(figure.caption) > 40 for figure in scenario.figures())


def test_what_it_answers_follows_from_verdicts(scenario):
    """No sentence appears regardless of the verdicts: it would be a result that nobody measured."""
    names = {claim.name for claim in scenario.claims()}
    assert scenario.answers()
    for answer in scenario.answers():
        assert answer.when and set(answer.when) <= names
        for words in answer.when.values():
            assert set(words.split("|")) < {"supported", "refuted", "mixed", "open"}


def test_its_answers_name_facts_that_there_are(scenario):
    parts = {claim.name: len(claim.parts) for claim in scenario.claims()}
    for answer in scenario.answers():
        for name, fact in re.findall(r"{([^{}.]*)\.?([^{}]*)}", answer.text):
            kind, number = re.fullmatch(r"(supported|refuted|open|size|points|percent)(\d*)", fact).groups()
            assert name in parts and int(number or 1) <= parts[name] and (not number or kind not in PART_WORDS)


def test_it_states_what_was_varied_and_its_limitations(scenario):
    assert len(scenario.objection) > 80 and scenario.objection.endswith(".")
    assert "Varied:" in scenario.scope or ("Varied" in scenario.scope and scenario.scope.endswith("."))
    assert "replicate" in scenario.scope


def test_it_is_judged_at_a_look_and_a_thorough_run_goes_to_the_last(scenario):
    assert scenario.seeds in LOOKS and scenario.thorough().seeds == LOOKS[-1]


def test_arms_of_a_replicate_share_first_weights_layer_by_layer(scenario):
    """Also where one arm has a layer more: dropout and normalisation must not shift the random numbers of what follows."""
    data = load(scenario.data, 3)
    first: dict[tuple, np.ndarray] = {}
    for arm in distinct(scenario):
        for layer in scenario.model(arm, scenario.prepare(arm, data)).layers:
            if isinstance(layer, keras.layers.Dense) and "killed" not in arm.name and "weights" not in arm.name:
                kind = type(layer.kernel_initializer).__name__
                kernel = np.asarray(layer.kernel)
                known = first.setdefault((layer.name, kernel.shape, kind), kernel)
                np.testing.assert_array_equal(kernel, known, err_msg=f"{arm.name}: {layer.name}")


def test_replicates_differ_in_weights(scenario):
    arm = scenario.arms()[0]
    one, other = (
        scenario.model(arm, scenario.prepare(arm, load(scenario.data, replicate))).get_weights() for replicate in (0, 1)
    )
    assert [weight.shape for weight in one] == [weight.shape for weight in other]
    assert any((weight != its).any() for weight, its in zip(one, other, strict=True))


def test_replicates_of_an_arm_share_one_compiled_step(scenario):
    """Otherwise every training is compiled anew, which costs more than a short training, and the memory is never given back."""
    data = [load(scenario.data, replicate) for replicate in (0, 1)]
    for arm in distinct(scenario.thorough()):
        keys = {structure(scenario.model(arm, scenario.prepare(arm, each)), scenario.optimizer(arm)) for each in data}
        assert len(keys) == 1, arm.name


def distinct(scenario: Scenario) -> list[Arm]:
    """One arm of each sweep: arms that differ only in their learning rate build the same model."""
    kinds = {}
    for arm in scenario.arms():
        settings = {key: value for key, value in arm.settings.items() if "rate" not in key or key == "rate"}
        kinds.setdefault(json.dumps(settings, sort_keys=True), arm)
    return list(kinds.values())


def test_every_arm_builds_a_model_that_takes_the_data(scenario):
    for arm in distinct(scenario):
        data = scenario.prepare(arm, load(scenario.data))
        model = scenario.model(arm, data)
        assert model(data.x_train[:2]).shape == (2, data.outputs)
        assert isinstance(scenario.optimizer(arm), keras.optimizers.Optimizer)
    assert all(isinstance(probe, Probe) for probe in scenario.probes())


def test_quick_is_less_of_the_same(scenario):
    quick = scenario.quick()
    assert type(quick) is type(scenario)
    assert quick.seeds * quick.epochs < scenario.seeds * scenario.epochs


def test_a_split_is_its_replicates_own_and_scaled_by_its_training_part(digits):
    np.testing.assert_array_equal(digits.x_train, load("digits").x_train)
    other = digits.redrawn(1)
    assert other.replicate == 1 and (other.y_test != digits.y_test).any()
    assert digits.x_train.mean() == pytest.approx(0, abs=1e-5) and digits.x_train.std() == pytest.approx(1, abs=1e-5)
    assert digits.second_moment == pytest.approx(1, abs=1e-5)
    assert len(digits.x_train) + len(digits.x_validation) + len(digits.x_test) == 1797 and digits.classes == 10


def test_splits_are_stratified_and_disjoint():
    whole = load_whole("digits")[0]
    raw = load_raw("digits", 5)
    parts = np.concatenate([raw.x_train, raw.x_validation, raw.x_test])
    np.testing.assert_array_equal(np.sort(parts.sum(axis=1)), np.sort(whole.sum(axis=1)))
    shares = [np.bincount(y, minlength=10) / len(y) for y in (raw.y_train, raw.y_validation, raw.y_test)]
    assert np.ptp(shares, axis=0).max() < 0.01
    means = [load_raw("diabetes", replicate).y_test.mean() for replicate in range(8)]
    random = [np.random.default_rng(r).permutation(load_whole("diabetes")[1])[:89].mean() for r in range(8)]
    assert np.std(means) < 0.5 * np.std(random), "values are spread evenly over the parts"


def test_regression_predicts_one_value_and_is_scaled_feature_by_feature():
    data = load("diabetes")
    assert (data.classes, data.outputs) == (0, 1)
    assert len(data.x_train) + len(data.x_validation) + len(data.x_test) == 442
    assert data.y_train.shape == (264, 1) and data.y_train.dtype == np.float32
    for values in (data.x_train, data.y_train):
        np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-5)
        np.testing.assert_allclose(values.std(axis=0), 1, atol=1e-5)


def test_raw_data_are_the_same_examples_in_their_own_units(digits):
    raw = load_raw("digits")
    assert raw.x_train.min() == 0 and raw.x_train.max() == 16
    scaled = (raw.x_train - raw.x_train.mean(dtype=float)) / raw.x_train.std(dtype=float)
    np.testing.assert_allclose(digits.x_train, scaled, atol=1e-5)


def test_what_does_not_vary_is_only_shifted():
    train, test = standardised(np.full((4, 1), 3.0), np.array([[3.0], [5.0]]), axis=0)
    assert (train == 0).all() and test.ravel().tolist() == [0, 2]
