"""What a run's page draws, what it says in a sentence instead, and what it leaves out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from diagnostics.pages.finite_part import until_lost, until_no_number
from diagnostics.pages.run_curves import curves_of, told
from diagnostics.pages.run_figures import sections
from diagnostics.pages.views import shown
from tests.kit.runs import facts_of, layers_table, scalars_table

STEPS = range(0, 60, 20)
SCALARS = scalars_table(np.linspace(2, 1, 60))


def by_heading(layers: pd.DataFrame) -> dict:
    return {section.heading: section for section in sections(layers, SCALARS, name="mine")}


@pytest.mark.parametrize(
    ("column", "heading", "said"),
    [
        ("zero_fraction", "Activations", "No output of any layer is exactly 0."),
        ("saturated_fraction", "Activations", "No layer has a saturated activation."),
        ("dead_fraction", "Dead units", "At no check was a unit dead, that is, silent on every example."),
    ],
)
def test_a_share_that_is_0_everywhere_is_a_sentence_and_no_figure(column, heading, said):
    nothing = layers_table({column: np.zeros((3, 2))}, steps=STEPS)
    section = by_heading(nothing)[heading]
    assert (section.text, section.figures, shown(nothing)) == (said, (), [])
    some = layers_table({column: np.array([[0, 0], [0, 0], [0.1, 0]])}, steps=STEPS)
    section = by_heading(some)[heading]
    assert (section.text, len(section.figures), shown(some)) == ("", 1, [column])


def test_layers_that_have_no_zeros_are_left_out_of_their_figure_and_counted():
    table = layers_table({"zero_fraction": np.array([[0.5, 0, 0], [0.4, 0, 0]])}, steps=(0, 10))
    (figure,) = by_heading(table)["Activations"].figures
    assert "2 layers where it is 0 throughout are left out." in figure.caption
    followed = figure.draw(width=1080).followed
    assert all(panel.layers == (table["layer"].iloc[0],) for panel in followed)


@pytest.mark.parametrize(("steps", "said"), [((0, 1), "two moments"), ((0, 1, 2), "three moments")])
def test_a_caption_counts_the_moments_that_are_drawn(steps, said):
    layers = layers_table({"activation_std": np.ones((len(steps), 4))}, steps=steps)
    (figure,) = by_heading(layers)["Activations"].figures
    assert f"Lines: {said} of training." in figure.caption


def test_relu_makes_0_of_nan_and_that_is_no_number_either():
    std = np.array([[1.0, 1.0], [0.0, np.inf], [0.0, np.inf]])
    layers, said = until_lost(layers_table({"activation_std": std}, steps=(0, 10, 20)))
    assert layers["step"].max() == 0 and said.startswith("After step 0 every reading is NaN, infinite or 0")
    dead = layers_table({"activation_std": np.array([[1.0, 1.0], [0.0, 0.0]])}, steps=(0, 10))
    assert until_lost(dead) == (dead, "") or len(until_lost(dead)[0]) == len(dead)


def test_a_lost_loss_ends_shortly_after_its_last_number():
    lost = scalars_table([2.0, 1.5, 1.0, 0.9, 0.8, *[np.nan] * 55])
    assert until_no_number(lost, "loss")["step"].max() == 5
    (figure,) = curves_of(lost.assign(arm="mine", seed=0))
    assert (
        figure.caption == "The loss is NaN or infinite from step 5 to the end, step 59. It was 0.8 at step 4."
        and told(lost) == ""
    )
    back = scalars_table([2.0, np.nan, 1.0, 0.9])
    assert len(until_no_number(back, "loss")) == 4
    assert next(curves_of(back.assign(arm="mine", seed=0))).caption.startswith(
        "The loss is NaN or infinite at 1 reading, first"
    )


def test_a_loss_without_a_course_is_a_sentence():
    lost = scalars_table([2.0, *[np.nan] * 20])
    assert list(curves_of(lost.assign(arm="mine", seed=0))) == []
    assert told(lost) == "The loss is NaN or infinite from step 1 to the end, step 20. It was 2 at step 0."
    assert next(iter(sections(pd.DataFrame(), lost, name="mine"))).text == told(lost)


def test_the_caption_of_the_loss_is_about_this_run():
    falling, flat = scalars_table(np.linspace(2, 0.1, 60)), scalars_table([2.3, 2.31, *[2.3] * 60])
    said = [next(curves_of(one.assign(arm="mine", seed=0))).caption for one in (falling, flat)]
    assert said[0].startswith("The loss: from 2 to 0.1 in training.") and "flat" not in said[0]
    assert "While it stays flat, the model learns nothing." in said[1]


def test_two_metrics_of_equal_values_are_drawn_once():
    twice = SCALARS.assign(generator_loss=3.0, **{"loss/generator": 3.0, "loss/other": 4.0}, arm="mine", seed=0)
    drawn = {each.name: each.caption for each in curves_of(twice)}
    assert list(drawn) == ["loss-curves", "loss-generator-curves", "loss-other-curves"]
    assert drawn["loss-generator-curves"].endswith("generator_loss is the same curve.")


def stable(optimizer: dict | None, **columns) -> tuple[str, np.ndarray]:
    """The caption of the sharpness' figure, and the limit that it draws."""
    table = scalars_table(np.ones(6), 0.1).assign(sharpness=[10.0, 15, 20, 21, 20, -1], arm="mine", seed=0, **columns)
    training = facts_of({"optimizer": optimizer} if optimizer else None)["training"]
    figure = {each.name: each for each in curves_of(table, training)}["sharpness-curves"]
    measured, below, limit = figure.draw(width=528).axes[0].lines
    assert np.nanmax(measured.get_ydata()) == 21 and list(below.get_xdata()) == [5]
    return figure.caption, limit.get_ydata()


def test_sharpness_is_held_against_what_the_rate_and_the_momentum_allow():
    plain = {"class": "SGD", "settings": {"learning_rate": 0.1, "momentum": 0.0}}
    caption, limit = stable(plain)
    assert "2 / learning rate" in caption and limit == pytest.approx(np.full(6, 20.0))
    caption, limit = stable({"class": "SGD", "settings": {"learning_rate": 0.1, "momentum": 0.9}})
    assert "2 (1 + 0.9) / learning rate" in caption and limit == pytest.approx(np.full(6, 38.0))
    _, limit = stable(plain, learning_rate=[0.1, 0.1, 0.2, 0.2, 0.4, 0.4])
    assert limit == pytest.approx([20, 20, 10, 10, 5, 5])


def test_without_a_known_limit_none_is_drawn():
    caption, limit = stable({"class": "Adam", "settings": {"learning_rate": 0.1}})
    assert "dashed" not in caption and np.isnan(limit).all()


def test_a_recorded_rate_without_an_optimizer_gives_the_limit_of_plain_descent_and_says_so():
    caption, limit = stable(None, learning_rate=[0.1, 0.1, 0.1, 0.05, 0.05, 0.05])
    assert "the optimizer was not recorded" in caption and limit == pytest.approx([20, 20, 20, 40, 40, 40])


def test_how_to_read_is_said_once():
    table = layers_table({name: np.ones((3, 4)) for name in ("update_ratio", "activation_std")}, steps=STEPS)
    first, second = [one.figures[0].caption for one in by_heading(table).values() if one.figures][-2:]
    assert "small runs that trained well" in first and "Colours: every" in first
    assert "Green: the usual range in small runs that trained well;" in second and "Colours: every" not in second


def test_gradient_noise_is_held_against_the_batch():
    table = layers_table(
        {name: np.full((3, 2), 40.0) for name in ("gradient_snr", "gradient_noise_scale")}, steps=STEPS
    )
    training = facts_of({"batch_size": 32})["training"]
    found = {one.heading: one for one in sections(table, SCALARS, name="mine", training=training)}
    snr, scale = (each.draw(width=1080) for each in found["Gradient noise"].figures)
    assert "1, noise alone" in {text.get_text() for text in snr.legends[0].get_texts()}
    assert "32, the batch" in {text.get_text() for text in scale.legends[0].get_texts()}
    assert "GradientNoise" not in found["Not recorded, and the probe to add"].text


def test_a_rate_holds_until_it_changes():
    table = scalars_table(np.ones(6), 0.1).assign(learning_rate=[0.1] * 3 + [0.05] * 3, arm="mine", seed=0)
    drawn = {each.name: each.draw(width=528).axes[0].lines[0].get_drawstyle() for each in curves_of(table)}
    assert drawn == {"loss-curves": "default", "learning-rate-curves": "steps-post"}
