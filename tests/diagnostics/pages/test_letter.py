from __future__ import annotations

import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from diagnostics.pages.advice import WRITERS, advice_on
from diagnostics.pages.headline import answer
from diagnostics.pages.letter import bound_of, letter_of, measured_of, missing_of, noted_of, others_of, unjudged_of
from diagnostics.rules import Evidence, Finding, Remedy
from diagnostics.rules.finding import UNJUDGED
from diagnostics.runs.run import Run
from tests.kit import figure_frames as frames
from tests.kit.runs import layers_table

LAYERS = frames.network(12)
NAMES = tuple(LAYERS["layer"].drop_duplicates())
SGD = {"class": "SGD", "settings": {"learning_rate": 0.1, "momentum": 0.9, "nesterov": False}}
DENSE = {"path": NAMES[3], "class": "Dense", "units": 64, "activation": "relu", "parameters": 9}


def run_of(training=None, architecture=()) -> Run:
    metadata = {"training": training or {}, "architecture": list(architecture)}
    return Run(Path("runs/mine"), metadata, {"layers": LAYERS, "scalars": pd.DataFrame()})


def finding(**fields) -> Finding:
    return Finding(**{"rule": "update_ratio", "severity": "warning", "what": "Too fast."} | fields)


def code(remedy: Remedy, run: Run) -> str:
    (advice,) = advice_on(run, NAMES[3:4], (remedy,))
    return advice.code


@pytest.mark.parametrize("change", WRITERS)
@pytest.mark.parametrize("recorded", [False, True])
def test_what_is_to_be_pasted_is_python(change, recorded):
    run = run_of({"optimizer": SGD, "epochs": 3}, [DENSE]) if recorded else run_of()
    text = code(Remedy(change), run)
    ast.parse(f"f({text}\n)" if "=" in text and text.startswith("activation=") else text)


def test_code_is_written_for_the_runs_own_optimizer():
    run = run_of({"optimizer": SGD})
    assert (
        code(Remedy("learning_rate", {"factor": 0.1}), run)
        == "optimizer = keras.optimizers.SGD(\n    learning_rate=0.01,\n    momentum=0.9,\n)"
    )
    assert code(Remedy("clipping", {"clipnorm": 1.0}), run).endswith(
        "SGD(\n    learning_rate=0.1,\n    momentum=0.9,\n    clipnorm=1.0,\n)"
    )


def test_without_a_record_the_code_fits_any_optimizer():
    assert "model.optimizer.learning_rate.assign(0.1 *" in code(Remedy("learning_rate", {"factor": 0.1}), run_of())


def test_code_for_a_layer_matches_its_activation():
    run = run_of(architecture=[DENSE | {"activation": "selu"}])
    written = code(Remedy("initialization"), run)
    assert "".join(written.split()).endswith('Dense(64,activation="selu",kernel_initializer="lecun_normal",)')


def test_advice_names_what_is_to_be_replaced():
    (advice,) = advice_on(
        run_of(architecture=[DENSE]), (DENSE["path"],), (Remedy("activation", {"activation": "selu"}),)
    )
    assert advice.text.startswith("Use selu instead of relu as the activation")


def test_a_new_activation_brings_its_initialisation_along():
    both = (Remedy("initialization"), Remedy("activation", {"activation": "relu"}))
    assert len(list(advice_on(run_of(architecture=[DENSE]), (DENSE["path"],), both))) == 1


def test_a_layers_name_cannot_leave_its_comment():
    run = run_of(architecture=[DENSE | {"path": "a\nimport os"}])
    (advice,) = advice_on(run, ("a\nimport os",), (Remedy("initialization"),))
    comment, *rest = advice.code.splitlines()
    assert comment.startswith("# a import os") and "import" not in "".join(rest)


def test_biases_of_one_layer_are_mended_there_alone():
    biases = Remedy("initialization", {"bias": "zeros", "layer": DENSE["path"]})
    written = code(biases, run_of(architecture=[DENSE])).splitlines()
    assert written[0] == f"# {DENSE['path']}" and written[-2:] == ['    bias_initializer="zeros",', ")"]
    assert code(biases, run_of()) == ""


def test_a_remedy_of_many_rows_is_said_once():
    lacks = [f"Not evaluated: needs {what}." for what in ("a", "b", "c", "d")]
    dos = ["Again.", "Again.", "Again.", "Once."]
    table = missing_of(
        [finding(severity="not_evaluated", what=what, do=do) for what, do in zip(lacks, dos, strict=True)]
    )
    assert [row[2] for row in table.rows] == ["", "", "", "Once."] and table.caption.endswith("is empty: Again.")


def test_changes_that_no_code_makes_are_left_to_the_sentences():
    assert not list(advice_on(run_of(), (), (Remedy("labels"), Remedy("unheard_of"))))


def test_the_letter_says_where_since_when_and_how_sure():
    one = finding(layers=(*NAMES[:4], NAMES[6]), steps=(100, 400), confidence=0.8, value=0.5, threshold=0.1)
    letter = letter_of(run_of(), one, {"update_ratio"})
    assert [place.text for place in letter.where] == [f"{NAMES[0]} to {NAMES[3]} (4 layers)", NAMES[6]]
    assert list(letter.facts.values()) == [
        "step 100, to the end",
        "likely a fault (80 %)",
        "0.5 of the weights' norm per step in the fastest layer (should be below 0.1)",
    ]


def test_a_layer_without_readings_is_named_all_the_same():
    letter = letter_of(run_of(), finding(layers=("elsewhere",)), set())
    assert [place.text for place in letter.where] == ["elsewhere"]


@pytest.mark.parametrize(("value", "drawn"), [(5e-4, True), (8.8, False)])
def test_the_threshold_is_drawn_where_it_is_a_value_of_the_series(value, drawn):
    one = finding(evidence=(Evidence("update_ratio"),), value=value, threshold=1e-5)
    figure = letter_of(run_of(), one, set()).evidence.draw()
    labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert ("bound 1 × 10⁻⁵" in labels) is drawn


def test_evidence_that_was_not_recorded_leaves_the_letter_without_a_figure():
    assert letter_of(run_of(), finding(evidence=(Evidence("loss", "scalars"),)), set()).evidence is None


def test_only_findings_on_the_page_are_referred_to():
    one = finding(explains=("stuck_loss", "no_learning"), explained_by="saturation")
    assert (
        letter_of(run_of(), one, {"no_learning"}).note
        == "Follows from saturated activations. More: docs/findings/update_ratio.md."
    )


def test_checks_say_how_far_the_run_is_from_the_bound():
    near, odd = finding(severity="clean", value=0.02, threshold=0.001), finding(rule="dead_units", severity="info")
    passed = finding(rule="non_finite", severity="clean", what="All is finite.", value=None)
    table = measured_of([near, passed, odd])
    assert [row[:2] for row in table.rows] == [
        (
            "steps of an unusual size",
            "0.02 of the weights' norm per step in the slowest layer (should be at least 0.001)",
        )
    ]
    assert noted_of([near, passed, odd]).rows == (("dead units", odd.what, "–", "–"),)
    assert noted_of([near, passed]) is None
    assert others_of([near, passed, odd]).rows == (("NaN or infinite values", "All is finite."),)
    assert measured_of([passed]) is None and others_of([odd]) is None


def test_what_was_gained_instead_of_lost_is_called_so():
    lost = finding(rule="vanishing_gradient", severity="clean", value=-0.35, threshold=2.0)
    assert bound_of(lost) == "the gradient grows 2.2-fold (a fault: it shrinks 100-fold)"
    assert bound_of(replace(lost, value=0.35)) == "the gradient shrinks 2.2-fold (should be less than 100-fold)"


def test_checks_without_data_are_grouped_by_what_would_enable_them():
    lacks = "Not evaluated: needs dead_fraction; the run has gradient_norm, update_ratio."
    missing = [
        finding(rule=rule, severity="not_evaluated", what=lacks, do="Add it.") for rule in ("dead_units", "other")
    ]
    assert missing_of(missing).rows == (("dead units, other", "dead_fraction", "Add it."),)


def test_checks_that_lack_different_things_have_a_row_each():
    lacks = ("Not evaluated: needs a.", "Not evaluated: needs b.")
    rows = missing_of([finding(severity="not_evaluated", what=what, do="Add it.") for what in lacks]).rows
    assert [row[1] for row in rows] == ["a", "b"]


@pytest.mark.parametrize(("value", "threshold", "text"), [(None, 1.0, ""), (float("nan"), 1.0, "")])
def test_a_check_without_a_number_has_no_bound(value, threshold, text):
    assert bound_of(finding(value=value, threshold=threshold)) == text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"severity": "clean", "value": 2.0, "threshold": 3.0}, "2 (should be below 3)"),
        ({"severity": "clean", "value": 3.0, "threshold": 2.0}, "3 (should be at least 2)"),
        ({"severity": "warning", "value": 3.0, "threshold": 2.0}, "3 (should be below 2)"),
        ({"severity": "info", "value": 1.0, "threshold": 2.0}, "1 (noted below 2)"),
    ],
)
def test_a_rule_of_ones_own_shows_the_good_side_of_its_bound(fields, text):
    assert bound_of(finding(rule="somebody_elses", **fields)) == text


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (
            {"rule": "weights_do_not_move", "value": 0.2, "threshold": 0.25},
            "20 % of the layers stand still (a warning from 25 %)",
        ),
        (
            {"rule": "no_learning", "value": -2.4, "threshold": 0.05, "numbers": {"fall": -2.4}},
            "the loss rose by 240 % (noted unless it fell by 5 %)",
        ),
        (
            {"rule": "slow_loss", "value": 0.4, "threshold": 0.8},
            "40 % better than the best constant prediction (noted below 80 %)",
        ),
        (
            {"rule": "stuck_loss", "value": -0.1, "threshold": 0.8},
            "no better than the best constant prediction (noted below 80 %)",
        ),
        (
            {"rule": "over_fitting", "value": 1.5, "threshold": 1.2, "numbers": {"best_step": 3.0}},
            "1.5 times the lowest validation loss (noted from 1.2)",
        ),
        (
            {"rule": "over_fitting", "value": 0.08, "threshold": 0.1, "numbers": {"validated": 0.08}},
            "8 % better than the best constant prediction on validation data, by loss (noted below 10 %)",
        ),
        (
            {"rule": "learning_rate_too_high", "value": 1747.0, "threshold": 0.06, "what": "by its weights' norm"},
            "1,747 times the weights' norm in an early step (noted from 6 %)",
        ),
        ({"rule": "stopped_early", "value": 0.1, "threshold": 0.25}, "10 % of the planned epochs (noted below 25 %)"),
    ],
)
def test_a_number_is_told_with_what_it_is_and_from_where_on_it_is_noted(fields, text):
    assert bound_of(finding(severity="info", **fields)) == text


def test_a_bound_that_did_not_decide_is_not_told():
    assert not bound_of(finding(rule="dropout_rate", value=0.5, threshold=0.8))


def test_a_consequence_sends_to_its_cause():
    one = finding(explained_by="vanishing_gradient", do="Raise the rate.", remedies=(Remedy("learning_rate"),))
    (advice,) = letter_of(run_of(), one, {"vanishing_gradient", "update_ratio"}).advice
    assert advice.text.startswith("Fix vanishing gradient first") and not advice.code
    assert letter_of(run_of(), one, {"vanishing_gradient"}).evidence is None
    assert len(letter_of(run_of(), one, {"update_ratio"}).advice) == 2  # the cause has no letter to send to


def test_what_ends_before_the_training_has_its_last_step():
    assert letter_of(run_of(), finding(steps=(0, 20)), ()).since == "the start, until step 20"


def test_since_when_is_read_off_the_layers_where_the_rule_does_not_say():
    values = np.array([[0.0, 0.3], [0.2, 0.0], [0.05, 0.0], [0.4, 0.0], [0.6, 0.0]])
    layers = layers_table({"dead_fraction": values}, steps=(0, 10, 20, 30, 40))
    run = Run(Path("runs/mine"), {}, {"layers": layers, "scalars": pd.DataFrame()})
    worst = str(layers["layer"].iloc[0])
    one = finding(layers=(worst,), value=0.6, threshold=0.1, evidence=(Evidence("dead_fraction"),))
    letter = letter_of(run, one, ())
    assert letter.since == "step 30, to the end"
    assert letter.course.name.endswith("dead-fraction-course") and "marks step 30" in letter.course.caption
    (axes,) = letter.course.draw(width=528).axes
    assert {30.0} <= {line.get_xdata()[0] for line in axes.lines if len(set(line.get_xdata())) == 1}
    below = finding(layers=(worst,), value=0.0, threshold=0.1, evidence=(Evidence("dead_fraction"),))
    assert letter_of(run, below, ()).since == "judged on the whole run, steps 0 to 40"


def test_every_letter_answers_where_and_since_when():
    letter = letter_of(run_of(), finding(), ())
    assert [place.text for place in letter.where] == ["no single layer"] and letter.since.startswith("judged on")


def test_what_has_one_reading_is_not_judged_on_the_whole_run():
    read = LAYERS.assign(update_ratio=np.where(LAYERS["step"] == LAYERS["step"].min(), 0.5, np.nan))
    run = Run(Path("runs/mine"), {}, {"layers": read, "scalars": pd.DataFrame()})
    fast = finding(rule="learning_rate_too_high", evidence=(Evidence("update_ratio"),))
    assert letter_of(run, fast, ()).since == "at step 0, the only one with a finite reading"
    scalars = pd.DataFrame({"step": [0, 28, 28], "split": ["train", "train", "validation"], "loss": [2.0, 1.0, 3.0]})
    run = Run(Path("runs/mine"), {}, {"layers": pd.DataFrame(), "scalars": scalars})
    once = finding(rule="over_fitting", numbers={"readings": 1}, evidence=(Evidence("loss", "scalars"),))
    assert letter_of(run, once, ()).since == "at step 28, the one validation"


def test_a_share_is_held_against_its_bound_in_per_cent():
    share = finding(rule="somebody_elses", value=1.0, threshold=0.1, evidence=(Evidence("dead_fraction"),))
    assert bound_of(share) == "100 % (should be below 10 %)"


def test_what_a_lone_cause_explains_is_said_once():
    one = finding(explains=("no_learning",))
    assert "Also explains" in letter_of(run_of(), one, {"no_learning"}).note
    assert "Also explains" not in letter_of(run_of(), one, {"no_learning"}, alone=True).note


def test_a_normalisation_that_is_there_gets_another_momentum():
    assert code(Remedy("normalization", {"momentum": 0.9}), run_of()) == "keras.layers.BatchNormalization(momentum=0.9)"


def test_every_oddity_that_is_counted_is_told():
    both = [finding(rule=rule, severity="info") for rule in ("stopped_early", "slow_loss")]
    assert [row[0] for row in noted_of(both).rows] == ["a loss that still falls", "slow loss"]


def test_a_check_without_anything_to_judge_is_no_pass():
    empty = finding(rule="strong_penalty", severity="clean", what="None.", means=UNJUDGED)
    assert others_of([empty]) is None
    assert unjudged_of([empty]).rows == (("strong penalty", "None."),) and unjudged_of([finding()]) is None
    passed = [Finding("constant_inputs", "clean", "They vary.")] * 4
    assert "4 of 5 checks passed and 1 had nothing to judge." in answer([*passed, empty])


def test_a_consequence_is_told_without_a_cause_of_its_own():
    low = finding(
        rule="learning_rate_too_low",
        what="The learning rate of 0.1 is too low: a step changes little.",
        means="Too small.",
        explained_by="dead_units",
        explains=("dead_units",),
    )
    letter = letter_of(run_of(), low, {"dead_units", "learning_rate_too_low"})
    assert (letter.name, letter.statement) == ("weights that end near where they began", "A step changes little.")
    assert not letter.means and letter.note == "More: docs/findings/learning_rate_too_low.md."
    table = noted_of([replace(low, severity="info")])
    assert table.rows[0][3] == "It follows from dead units." and table.caption.startswith("Seen beside the findings")


def test_what_was_recorded_is_certain():
    assert letter_of(run_of(), finding(rule="non_finite", confidence=0.75), ()).sure.startswith("certain")
    assert letter_of(run_of(), finding(confidence=0.65), ()).sure == "possibly a fault (65 %)"


def test_a_letter_says_what_looks_like_its_finding_and_a_rule_of_somebody_else_has_no_such_text():
    run = run_of()
    assert letter_of(run, finding(rule="dead_units"), ()).friends.startswith("Zeros are no deaths")
    assert not letter_of(run, finding(rule="somebody_elses"), ()).friends
