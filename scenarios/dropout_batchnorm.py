"""Do dropout and batch normalisation interfere with each other, and does their order matter?

Batch normalisation estimates the variance of its input in training mode, with dropout on, and divides by that estimate in
inference mode, with dropout off. Directly behind a dropout layer the variance is (σ² + p μ²) / q in training and σ² in
inference. Their ratio, the variance shift, is q for a mean of 0 and smaller for any other mean. A dropout layer placed after
the normalisation of its own block still comes before that of the next block; only after the last normalisation is nothing
shifted. Estimating the statistics again with dropout off removes the shift, so the accuracy gained by it is what the shift
cost.

References: Li et al. 2019, arXiv 1801.05134 (variance shift); Ioffe and Szegedy 2015, arXiv 1502.03167.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import keras
import numpy as np
import tensorflow as tf

from probes.batch_norm_shift import BatchNormShift
from probes.dropout_variance import DropoutVariance
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario

ORDERS = {"before": "before BN", "between": "after BN, in every block", "last": "after the last BN only"}
LABELS = {"none": "neither", "dropout": "dropout alone", "bn": "BN alone"}
LABELS |= {order: f"dropout {label}" for order, label in ORDERS.items()}
ACCURACY = {"column": "accuracy", "split": "test"}


SHIFT, GAIN = ("recorded", {"name": "shift"}), ("recorded", {"name": "regained"})
TEST_ACCURACY = ("final_scalar", ACCURACY)
JUDGED = {"": "True: {supported}. False: {refuted}. Effects range from {low} to {high}."}


@dataclass(frozen=True, kw_only=True)
class DropoutBatchnorm(Scenario):
    """Blocks of dense layer, batch normalisation and ReLU, with dropout in different places.

    Args:
        blocks: hidden blocks.
        width: units in each.
        rate: share of units that is dropped.
        momentum: of the moving statistics; with 0.9 they average over ten steps, so they are up to date after short training.
        same_variance: variances whose ratio is within this of 1 are not shifted.
        cost: a shift costs accuracy when estimating the statistics again gains more than this: two of 360 test images.
    """

    seeds: int = 10
    epochs: int = 10
    batch_size: int = 64
    blocks: int = 3
    width: int = 100
    rate: float = 0.5
    momentum: float = 0.9
    same_variance: float = 0.1
    cost: float = 0.005

    question: ClassVar = "Do dropout and batch normalisation interfere with each other, and which should come first?"
    objection: ClassVar = (
        "The tests cover one network of three blocks, one dropout rate and short training; 0.5 may be too high here in any "
        "order. Two points of accuracy are seven images. The moving statistics average over ten steps only; with the "
        "usual momentum their lag would add to the shift."
    )
    less: ClassVar = {"blocks": 2}

    def arms(self) -> tuple[Arm, ...]:
        """Neither of the two, each alone, and both in three orders."""
        return tuple(Arm(name, label, {"order": name}) for name, label in LABELS.items())

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Blocks of ``hidden_1``, ``normalised_1``, ``activated_1``, with ``dropout_1`` where the arm puts it; ``logits``."""
        order = arm.settings["order"]
        layers: list = [keras.Input(data.x_train.shape[1:], name="inputs")]
        for number in range(1, self.blocks + 1):
            drop = keras.layers.Dropout(self.rate, name=f"dropout_{number}")
            behind = order in ("dropout", "between") or (order == "last" and number == self.blocks)
            layers.append(keras.layers.Dense(self.width, kernel_initializer="he_normal", name=f"hidden_{number}"))
            layers += [drop] if order == "before" else []
            if order not in ("none", "dropout"):
                layers.append(keras.layers.BatchNormalization(momentum=self.momentum, name=f"normalised_{number}"))
            layers.append(keras.layers.Activation("relu", name=f"activated_{number}"))
            layers += [drop] if behind else []
        return keras.Sequential([*layers, keras.layers.Dense(data.outputs, name="logits")], name="classifier")

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Adam."""
        return keras.optimizers.Adam(0.003)

    def probes(self) -> tuple[Probe, ...]:
        """Moments before and after every dropout, and the statistics of every normalisation."""
        return (DropoutVariance(every=10), BatchNormShift(every=10))

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Shift of the variance from training to inference by block, and the accuracy gained by estimating it again."""
        shifts = variance_shifts(model, data.x_train, self.blocks)
        found = {f"shift@{number}": shift for number, shift in enumerate(shifts, 1)}
        moving = _accuracy(model, data)
        estimate_again(model, data.x_train)
        gain = _accuracy(model, data) - moving
        farthest = max(shifts, key=lambda shift: abs(np.log(shift)))
        return found | {"shift": farthest, "regained": gain}

    def claims(self) -> tuple[Claim, ...]:
        """The shift, its cost, whether both together are worse, and whether the order matters."""
        return (
            self._variance_is_shifted(),
            self._order_removes_the_shift(),
            self._shift_costs_accuracy(),
            self._together_is_worse(),
            self._after_is_better(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Shift by block, loss and accuracy."""
        return (
            Figure(
                "by_setting",
                "Variance of the input of each normalisation (of the activation where there is none) in inference, divided by that "
                "in training, mean over units. On the dotted line nothing is shifted; below it the network divides by a variance "
                "that is too large.",
                {
                    "column": "shift",
                    "title": "Train-inference shift of the variance",
                    "options": {
                        "x": "block",
                        "label": "variance in inference / in training",
                        "guide": [1.0, "no shift"],
                    },
                },
            ),
            Figure(
                "curves",
                "Accuracy on the training batches (dropout on, batch statistics) and on the test images (dropout off, moving "
                "statistics).",
                {"column": "accuracy"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "Yes: with dropout before it, batch normalisation divides by a variance that its input does not have in inference.",
                {"variance_is_shifted": "supported"},
            ),
            Answer("Dropout was not found to shift the variance.", {"variance_is_shifted": "refuted"}),
            Answer(
                "Accuracy is higher with dropout after batch normalisation, but only dropout after the last one leaves the variance "
                "unchanged.",
                {"after_is_better": "supported", "order_removes_the_shift": "mixed"},
            ),
            Answer("These runs do not show whether the order changes accuracy.", {"after_is_better": "open"}),
            Answer("The shift itself was not found to cost accuracy.", {"shift_costs_accuracy": "refuted|open"}),
            Answer("The shift itself costs accuracy.", {"shift_costs_accuracy": "supported"}),
        )

    def _variance_is_shifted(self) -> Claim:
        return Claim(
            name="variance_is_shifted",
            statement="With dropout before it, batch normalisation divides by a variance that its input does not have in inference.",
            parts=(self._part("before", *SHIFT, control="bn", expects="less", threshold=-self.same_variance),),
            threshold="supported when the ratio of the variance in inference to that in training, in the block where it is farthest "
            f"from 1, is more than {self.same_variance:g} lower than with BN alone, the control",
            outcomes={"": "The ratio of the variances differs by {low} from that with batch normalisation alone."},
        )

    def _order_removes_the_shift(self) -> Claim:
        free = {"expects": "equal", "threshold": 1.0, "margin": self.same_variance, "unit": "inference / training"}
        return Claim(
            name="order_removes_the_shift",
            statement="Dropout after batch normalisation does not shift the variance.",
            parts=tuple(self._part(order, *SHIFT, **free) for order in ("between", "last")),
            threshold=f"not shifted when inference and training differ by less than {100 * self.same_variance:g} % in every block",
            outcomes={
                "mixed": "True only for: {supported}. Dropout after one block's normalisation comes before the next one's (shifted: "
                "{refuted}; variance ratios from {low} to {high}).",
                **JUDGED,
            },
        )

    def _shift_costs_accuracy(self) -> Claim:
        return Claim(
            name="shift_costs_accuracy",
            statement="The shift of the variance costs accuracy.",
            parts=tuple(self._part(order, *GAIN, threshold=self.cost, unit="share") for order in ("before", "between")),
            threshold="supported when estimating the statistics again with dropout off raises test accuracy by more than "
            f"{self.cost:g}",
            outcomes=JUDGED,
        )

    def _together_is_worse(self) -> Claim:
        return Claim(
            name="together_is_worse",
            statement="Test accuracy is lower with dropout and batch normalisation together than with batch normalisation alone.",
            parts=tuple(
                self._part(order, *TEST_ACCURACY, control="bn", expects="less", unit="share") for order in ORDERS
            ),
            threshold="supported when it is lower in all three orders",
            outcomes=JUDGED,
        )

    def _after_is_better(self) -> Claim:
        return Claim(
            name="after_is_better",
            statement="Test accuracy is higher with dropout after batch normalisation than before it.",
            parts=tuple(
                self._part(order, *TEST_ACCURACY, control="before", unit="share") for order in ("between", "last")
            ),
            threshold="supported when it is higher both with dropout in every block and after the last one only",
            outcomes=JUDGED,
        )

    @staticmethod
    def _part(order: str, measure: str, parameters: Mapping, **held) -> Part:
        return Part(LABELS[order], measure, parameters, treated=order, **held)


def variance_shifts(model: keras.Model, x: np.ndarray, blocks: int) -> list[float]:
    """Variance in inference over variance in training, of the input of each block's normalisation or else activation.

    Args:
        model: as ``DropoutBatchnorm.model`` makes it; unchanged afterwards, moving statistics included.
        x: inputs, ``[examples, features]``.
        blocks: number of blocks.

    Returns:
        Mean ratio over the units that vary in training, by block; dimensionless, > 0.
    """
    names = {layer.name for layer in model.layers}
    places = [f"normalised_{n}" if f"normalised_{n}" in names else f"activated_{n}" for n in range(1, blocks + 1)]
    into = keras.Model(model.inputs[0], [model.get_layer(name).input for name in places])
    state = model.get_weights()
    training, inference = (
        [np.var(np.asarray(values), axis=0) for values in into(x, training=mode)] for mode in (True, False)
    )
    model.set_weights(state)
    return [float(np.mean(calm[noisy > 0] / noisy[noisy > 0])) for calm, noisy in zip(inference, training, strict=True)]


def estimate_again(model: keras.Model, x: np.ndarray) -> None:
    """Set all moving statistics to those of the inputs in inference mode, layer after layer.

    Args:
        model: a stack of layers; changed in place.
        x: inputs, ``[examples, features]``.
    """
    values = tf.constant(x)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            mean, variance = tf.nn.moments(values, axes=[0])
            layer.moving_mean.assign(mean)  # pyright: ignore[reportOptionalMemberAccess]
            layer.moving_variance.assign(variance)  # pyright: ignore[reportOptionalMemberAccess]
        values = layer(values, training=False)


def _accuracy(model: keras.Model, data: Data) -> float:
    predicted = np.argmax(np.asarray(model(data.x_test, training=False)), axis=-1)
    return float(np.mean(predicted == data.y_test))
