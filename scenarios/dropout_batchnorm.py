"""Do dropout and batch normalisation interfere with each other, and does their order matter?

Batch normalisation estimates the variance of its input in training mode, with dropout on, and divides by that estimate in
inference mode, with dropout off. Directly behind a dropout layer the variance is (σ² + p μ²) / q in training and σ² in
inference. Their ratio, the variance shift, is q for a mean of 0 and smaller for any other mean. A dropout layer placed after
the normalisation of its own block still comes before that of the next block; only after the last normalisation is nothing
shifted. Order and dose must not be mixed up: three dropout layers are compared with three, one with one. Estimating the
statistics again with dropout off removes the shift, so the accuracy gained by it is what the shift cost; a dropout that keeps
mean and variance of each unit does not shift anything in the first place.

References: Li et al. 2019, arXiv 1801.05134 (variance shift); Ioffe and Szegedy 2015, arXiv 1502.03167.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import keras
import numpy as np
import tensorflow as tf

from probes.batch_norm_shift import BatchNormShift
from probes.dropout_variance import DropoutVariance
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Scenario
from scenarios.shared.dropout_order import ORDERS, OrderClaims
from scenarios.shared.even_dropout import EvenDropout
from scenarios.shared.layers import classifier, dense, dropout
from scenarios.shared.order_answers import ANSWERS
from scenarios.shared.parts import swept

LABELS = {"none": "neither", "bn": "BN alone"}


@dataclass(frozen=True, kw_only=True)
class DropoutBatchnorm(Scenario):
    """Blocks of dense layer, batch normalisation and ReLU, with dropout in different places.

    Args:
        blocks: hidden blocks.
        width: units in each.
        rates: shares of units that are dropped; a thorough run has a smaller one, too.
        learning_rates: of Adam; accuracy is judged at the one that does best on the validation part.
        momentum: of the moving statistics; with 0.9 they average over ten steps, so they are up to date after short training.
        same_variance: variances whose ratio is within this of 1 are not shifted.
        cost: the smallest difference of accuracy that counts: one percentage point, less than four of 360 test images.
    """

    epochs: int = 10
    batch_size: int = 64
    blocks: int = 3
    width: int = 100
    rates: tuple[float, ...] = (0.5,)
    learning_rates: tuple[float, ...] = (0.002, 0.006)
    momentum: float = 0.9
    same_variance: float = 0.1
    cost: float = 0.01

    question: ClassVar = "Do dropout and batch normalisation interfere with each other, and which should come first?"
    scope: ClassVar = (
        "Each replicate drew weights, masks, the order of examples and the split anew. Varied: place and number of the dropout "
        "layers, dropout rate, learning rate. Not varied: three dense blocks, ReLU, digits. That dropout directly before a "
        "normalisation shifts its variance follows from a closed form; how large the shift is further on depends on the weights "
        "and so on the learning rate, and what it costs in accuracy holds for this network."
    )
    objection: ClassVar = (
        "One network of three blocks and short training. A difference of less than one point of accuracy does not count. The "
        "moving statistics average over ten steps only (momentum 0.9); with Keras' default of 0.99 their lag would add to the "
        "shift. Estimating the statistics again mends inference, not what training with masks did to the weights."
    )
    more: ClassVar = {"rates": (0.2, 0.5), "learning_rates": (0.002, 0.006, 0.02)}
    less: ClassVar = {"blocks": 2, "learning_rates": (0.006,)}

    def arms(self) -> tuple[Arm, ...]:
        """Neither of the two, batch normalisation alone, and both in each order at each rate."""
        kinds = [(name, label, 0.0) for name, label in LABELS.items()]
        kinds += [(order, f"dropout {label}", rate) for rate in self.rates for order, label in ORDERS.items()]
        return tuple(self._arm(*kind, rate) for kind in kinds for rate in self.learning_rates)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Blocks of ``hidden_1``, ``normalised_1``, ``activated_1``, with ``dropout_1`` where the arm puts it; ``logits``."""
        order, rate = arm.settings["order"], arm.settings["rate"]
        layers: list[keras.layers.Layer] = []
        for number in range(1, self.blocks + 1):
            last = number == self.blocks
            drop = dropout(data, f"dropout_{number}", rate, EvenDropout if order == "even" else keras.layers.Dropout)
            layers.append(dense(data, f"hidden_{number}", self.width, None, "he_normal"))
            layers += [drop] if order in ("before", "even") or (order == "last-before" and last) else []
            if order != "none":
                layers.append(keras.layers.BatchNormalization(momentum=self.momentum, name=f"normalised_{number}"))
            layers.append(keras.layers.Activation("relu", name=f"activated_{number}"))
            layers += [drop] if order == "after" or (order == "last-after" and last) else []
        return classifier(data, *layers)

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Adam."""
        return keras.optimizers.Adam(arm.settings["learning_rate"])

    def probes(self) -> tuple[Probe, ...]:
        """Moments before and after every dropout, and the statistics of every normalisation."""
        return (DropoutVariance(every=20), BatchNormShift(every=20))

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
        """The shift, its cost, whether the order matters at equal dose, and the source's way out."""
        return OrderClaims(self.rates, self.learning_rates[0], self.same_variance, self.cost).claims()

    def figures(self) -> tuple[Figure, ...]:
        """Shift by block, and accuracy."""
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
                "Accuracy on the training batches (dropout on, batch statistics) and on the validation images (dropout off, moving "
                "statistics). Training accuracy is taken with units missing, so the two lines of a panel cannot be compared with "
                "each other; compare the validation lines of different panels.",
                {"column": "accuracy"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    @staticmethod
    def _arm(order: str, label: str, rate: float, learning_rate: float) -> Arm:
        settings = {"order": order, "rate": rate, "learning_rate": learning_rate}
        base, words = (f"{order}-{rate:g}", f"{label}, rate {rate:g}") if rate else (order, label)
        return Arm(swept(base, learning_rate), f"{words}, Adam {learning_rate:g}", settings)


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
            cast(Any, layer).moving_mean.assign(mean)
            cast(Any, layer).moving_variance.assign(variance)
        values = layer(values, training=False)


def _accuracy(model: keras.Model, data: Data) -> float:
    predicted = np.argmax(np.asarray(model(data.x_test, training=False)), axis=-1)
    return float(np.mean(predicted == data.y_test))
