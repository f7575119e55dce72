"""Does dropout disable parameters, and for how long?

Dropout multiplies a unit's output by 0. It does not change any parameter; for that example the weights into and out of the
unit get a gradient of exactly 0, because both gradients contain the factor. Every example of a batch has its own mask, so a
weight gets no gradient in a step only when its unit is dropped, or silent, on all examples; for a unit that is always active
the probability is the rate to the power of the batch size. And only with plain SGD does no gradient mean no update: momentum
and Adam remember earlier gradients, and still move the weight.

References: Srivastava et al. 2014, Dropout, JMLR 15:1929; Kingma and Ba 2015, arXiv 1412.6980 (Adam).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from probes.gradient_norm import GradientNorm
from probes.probe import Probe
from probes.update_ratio import UpdateRatio
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.disabled_answers import ANSWERS
from scenarios.shared.gradients import changed_by_forward, gradients
from scenarios.shared.layers import classifier, dense, dropout
from scenarios.shared.parts import CHECK

OPTIMIZERS = {"sgd": "SGD", "momentum": "SGD with momentum", "adam": "Adam"}
BATCHES = (1, 2, 4, 8, 32)
TOLD = {
    "parameters": "The number of changed parameters is",
    "norm of a gradient": "The largest gradient is exactly",
    "share of units": "The share of such units with a gradient is",
    "share of weights": "The share of changed weights is",
}
"""How a sentence about an exact value begins, by its unit."""


@dataclass(frozen=True, kw_only=True)
class DropoutParameters(Scenario):
    """A classifier with one hidden layer followed by dropout, examined example by example.

    Args:
        width: hidden units.
        rate: share of them that is dropped.
        examples: number of single examples whose gradients are examined, unit by unit.
        disabled: a step leaves few units without gradient when their share of the active units is below this: one in ten, a
            fifth of what each example drops.
    """

    epochs: int = 4
    width: int = 100
    rate: float = 0.5
    examples: int = 10
    disabled: float = 0.1

    question: ClassVar = "Does dropout disable part of the parameters for a step and leave them unchanged?"
    scope: ClassVar = (
        "Each replicate drew weights, masks, the order of examples and the split anew. Varied: dropout (none, or at a rate of "
        "0.5), the optimizer and, for the units without gradient, the number of examples in a step. What holds to the bit follows "
        "from the chain rule and holds for every network; how many units a step leaves without gradient depends on the dropout "
        "rate, too."
    )
    objection: ClassVar = (
        "The exact statements follow from the chain rule, so confirming them checks the measurement more than it teaches anything "
        "new. How many units a step leaves without gradient depends on the batch size: with one example it is the share that is "
        "dropped. Each optimizer has its own learning rate; only SGD was also trained without dropout."
    )
    less: ClassVar = {"examples": 5}

    def arms(self) -> tuple[Arm, ...]:
        """No dropout, and dropout under three optimizers."""
        dropped = (
            Arm(name, f"dropout, {label}", self._settings(name, self.rate)) for name, label in OPTIMIZERS.items()
        )
        return (Arm("none", "no dropout, SGD", self._settings("sgd", 0.0)), *dropped)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense ``hidden``, ``dropout`` unless the rate is 0, and ``logits``."""
        hidden = dense(data, "hidden", self.width, "relu", "he_normal")
        rate = arm.settings["rate"]
        return classifier(data, hidden, *([dropout(data, "dropout", rate)] if rate else []))

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """The optimizer of the arm."""
        made = {
            "sgd": lambda: keras.optimizers.SGD(0.05),
            "momentum": lambda: keras.optimizers.SGD(0.01, momentum=0.9),
            "adam": lambda: keras.optimizers.Adam(0.001),
        }
        return made[arm.settings["optimizer"]]()

    def probes(self) -> tuple[Probe, ...]:
        """Gradients and updates, by layer."""
        return (GradientNorm(every=5), UpdateRatio(every=5))

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Number of parameters, and what a forward pass, single examples, batches and one update do to them."""
        found = {"parameters": float(model.count_params())}
        if not arm.settings["rate"]:
            return found
        x, y = tf.constant(data.x_train), tf.constant(data.y_train)
        found["changed_by_forward"] = changed_by_forward(model, x[:32])
        single = [unit_gradients(model, x[n : n + 1], y[n : n + 1]) for n in range(self.examples)]
        found["dropped_gradient"] = max(float(norms[active & ~kept].max(initial=0)) for norms, active, kept in single)
        found["kept_with_gradient"] = float(
            np.mean([(norms[kept] > 0).mean() for norms, _, kept in single if kept.any()])
        )
        for size in BATCHES:
            parts = [unit_gradients(model, x[n : n + size], y[n : n + size]) for n in range(0, 4 * size, size)]
            found[f"disabled@{size}"] = float(np.mean([(norms[active] == 0).mean() for norms, active, _ in parts]))
        return found | {"moved": _moved(model, self.optimizer(arm), x, y)}

    def claims(self) -> tuple[Claim, ...]:
        """The parts of the statement; all are exact except ``few_without_gradient`` and ``others_move``."""
        return (
            self._exactly(
                "layer_has_none", "Dropout adds no parameters.", "parameters", 0.0, "parameters", control="none"
            ),
            self._exactly(
                "forward_leaves_them",
                "A forward pass with dropout changes no parameter.",
                "changed_by_forward",
                0.0,
                "parameters",
            ),
            self._exactly(
                "dropped_get_no_gradient",
                "When an example drops a unit, it gives the unit's weights a gradient of exactly 0.",
                "dropped_gradient",
                0.0,
                "norm of a gradient",
            ),
            self._exactly(
                "kept_get_gradient",
                "In this network, the weights of every active unit that is not dropped get a gradient.",
                "kept_with_gradient",
                1.0,
                "share of units",
                where=" in a network whose only hidden layer stands before the softmax, where no gradient from above is 0",
            ),
            self._few_without_gradient(),
            self._exactly(
                "sgd_leaves_dropped",
                "With plain SGD, a step with one example does not change the weights of the units that it drops.",
                "moved",
                0.0,
                "share of weights",
                optimizers=("sgd",),
            ),
            self._others_move(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """How many units a step disables, and how far weights move."""
        return (
            Figure(
                "by_setting",
                "Of the units that are active on at least one example of the step, the share whose weights get a gradient of "
                "exactly 0. With one example it is the dropout rate. It falls with every further example, because each has its "
                "own mask.",
                {
                    "column": "disabled",
                    "title": "Units without gradient in a step",
                    "options": {"x": "examples in the step", "label": "units without gradient (share)"},
                },
            ),
            Figure(
                "curves",
                "Training loss, median and range over the replicates; the dotted line is chance. It is there to show that the "
                "networks that are examined do learn.",
                {"column": "loss", "split": "train", "guide": "chance"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    @staticmethod
    def _settings(optimizer: str, rate: float) -> dict:
        return {"optimizer": optimizer, "rate": rate}

    def _exactly(
        self,
        name: str,
        statement: str,
        recorded: str,
        value: float,
        unit: str,
        *,
        control: str | None = None,
        optimizers: Sequence[str] = tuple(OPTIMIZERS),
        where: str = "",
    ) -> Claim:
        told = "The difference in number is" if control else TOLD[unit]
        return Claim(
            name=name,
            statement=statement,
            parts=tuple(
                Part(
                    OPTIMIZERS[arm],
                    "recorded",
                    {"name": recorded},
                    arm,
                    control,
                    **CHECK | {"threshold": value, "unit": unit},
                )
                for arm in optimizers
            ),
            threshold=f"holds by construction{where}; a check of the instrument: {value:g} "
            f"{'more than without dropout ' if control else ''}in every replicate; one counterexample refutes it",
            outcomes={
                "supported": f"{told} {'1' if value else '0'} in all {{seeds}} replicates, with {{supported}}.",
                "": "True with {supported}. False with {refuted}. Median: {low} to {high}.",
            },
        )

    def _few_without_gradient(self) -> Claim:
        judged: dict[str, Any] = {"expects": "less", "threshold": self.disabled, "unit": "share of units"}
        return Claim(
            name="few_without_gradient",
            statement=f"In a step with {BATCHES[-1]} examples, fewer than one active unit in ten gets no gradient.",
            parts=tuple(
                Part(label, "recorded", {"name": f"disabled@{BATCHES[-1]}"}, arm, **judged)
                for arm, label in OPTIMIZERS.items()
            ),
            threshold=f"supported when less than {100 * self.disabled:g} % of the units that are active on the batch get no "
            f"gradient, a fifth of the {100 * self.rate:g} % that each example drops",
            outcomes={
                "": "Fewer: {supported}. More: {refuted}. Without gradient: {low} to {high} of the active units."
            },
        )

    def _others_move(self) -> Claim:
        judged: dict[str, Any] = {"threshold": 0.5, "unit": "share of weights"}
        return Claim(
            name="others_move",
            statement="SGD with momentum and Adam do change most of the weights of the units that a step with one example drops.",
            parts=tuple(
                Part(OPTIMIZERS[arm], "recorded", {"name": "moved"}, arm, **judged) for arm in ("momentum", "adam")
            ),
            threshold="supported when a step with one example changes more than half of the outgoing weights of the units that it "
            "drops, although their gradient is 0; there is no weight decay, so what moves them is the memory of earlier gradients",
            outcomes={"": "Most: {supported}. Fewer: {refuted}. Changed: {low} to {high} of the weights."},
        )


def unit_gradients(model: keras.Model, x: tf.Tensor, y: tf.Tensor) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gradient and activity of each hidden unit in one training-mode pass.

    Args:
        model: with layers ``hidden``, ``dropout`` and ``logits``.
        x: inputs, ``[examples, features]``.
        y: classes, ``[examples]``.

    Returns:
        Norm of the gradient of the weights into and out of each unit; whether the unit is active, and whether it is active
        and kept, on at least one example; each ``[units]``.
    """
    hidden, dropout, logits = (model.get_layer(name) for name in ("hidden", "dropout", "logits"))
    with tf.GradientTape() as tape:
        active = hidden(x)
        kept = dropout(active, training=True)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)(y, logits(kept))
    into, out = (np.asarray(part) for part in gradients(tape, loss, [hidden.kernel, logits.kernel]))
    norms = np.hypot(np.linalg.norm(into, axis=0), np.linalg.norm(out, axis=1))
    return norms, np.max(np.asarray(active), axis=0) > 0, np.max(np.asarray(kept), axis=0) > 0


def _moved(model: keras.Model, optimizer: keras.optimizers.Optimizer, x: tf.Tensor, y: tf.Tensor) -> float:
    """Share of the outgoing weights of dropped or silent units that a step with one example changes, after a step with a batch."""
    kernel = model.get_layer("logits").kernel
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    both = keras.Model(model.inputs[0], [model.get_layer("dropout").output, model.outputs[0]])
    kept, before = np.zeros(0), np.zeros(0)
    for part in (slice(0, 32), slice(32, 33)):
        before = np.array(kernel)
        with tf.GradientTape() as tape:
            kept, predicted = both(x[part], training=True)
            value = loss(y[part], predicted)
        optimizer.apply(gradients(tape, value, model.trainable_variables), model.trainable_variables)
    dropped = np.asarray(kept)[0] == 0
    return float((np.array(kernel)[dropped] != before[dropped]).mean())
