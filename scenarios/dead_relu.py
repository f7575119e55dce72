"""When do ReLU units die, and do they recover?

A ReLU unit whose input is negative on every example passes no gradient, so its own weights stop changing. In the first layer
its inputs are the data, which do not change, so under plain SGD it stays dead. In deeper layers the layers before it go on
learning and may make its input positive again; freezing those layers is the control for this explanation. One large step can
kill many units at once, whatever made it large.

Dead units also add no non-linearity: a network is non-linear because its units change slope somewhere in the data, and neither
a dead unit nor one that is always active does.

References: Lu et al. 2019, arXiv 1903.06733; Montúfar et al. 2014, arXiv 1402.1869; Maas et al. 2013 (leaky ReLU).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, cast

import keras
import numpy as np

from probes.dead_units import DeadUnits
from probes.probe import Probe
from scenarios.data import Data, load_raw, load_whole, standardised
from scenarios.scenario import Answer, Arm, Claim, Figure, Scenario
from scenarios.shared.dead_answers import ANSWERS
from scenarios.shared.dead_claims import DEEP, DeadClaims
from scenarios.shared.layers import classifier, dense
from scenarios.shared.linearity import dead_do_not_bend, nonlinearity, pattern_count, zeros_bend
from scenarios.shared.spikes import Outlier, Spike, gradient_of_dead, kill

HIDDEN = "hidden_*"


@dataclass(frozen=True, kw_only=True)
class DeadRelu(Scenario):
    """A ReLU classifier in calm training, after one large step, and with units that are dead from the start.

    A unit counts as dead when it is 0 on every example of the data set, whether it is trained on or not, with the weights at the
    time of the check. All replicates scale the images alike, so that these examples are the same for all.

    Args:
        depth: hidden layers.
        width: units in each.
        rate: the learning rate; plain SGD.
        high: a learning rate that is too high, for all steps.
        at: the step of the spike, counted from 0.
        factor: how many times larger the learning rate is at that one step, or the inputs are in that one batch.
        soon: deaths are counted up to this many steps after the spike; two checks.
        horizon: a longer time spent dead counts as this many steps, so that all units are followed equally long.
        every: steps between checks.
        leak: the slope below zero of the leaky control.
        killed: shares of the units of every hidden layer that start dead, by a bias far below zero.
        narrow: units in each layer of the networks that are compared in their non-linearity: few enough that examples share
            activation patterns, so that their number can rise as well as fall.
        straight: a network counts as linear when a linear map explains all but this share, 1 − R².
    """

    epochs: int = 3
    depth: int = 5
    width: int = 50
    rate: float = 0.05
    high: float = 0.3
    at: int = 45
    factor: float = 30.0
    soon: int = 6
    horizon: int = 45
    every: int = 3
    leak: float = 0.1
    killed: tuple[float, ...] = (0.5, 0.7)
    narrow: int = 16
    straight: float = 0.05

    question: ClassVar = "When do ReLU units die, and do they recover?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: one large step, one outlying batch, the "
        "learning rate, momentum, the slope below zero, frozen layers, and units killed at the start. Not varied: 5 dense layers, "
        "He, digits. What holds exactly (no gradient, no revival in the first layer under plain SGD) holds for every such "
        "network; how many units die and how long they stay dead depends on the network and the rate."
    )
    objection: ClassVar = (
        "The spikes are artificial, one step or one batch 30 times too large; spikes in ordinary training may be milder. "
        "Non-linearity is measured by the best linear fit to the logits, which is one definition of several; networks with killed "
        "units are smaller and, after as many steps, less well trained, which may change it as well."
    )
    less: ClassVar = {"epochs": 2, "at": 30, "horizon": 30}

    def arms(self) -> tuple[Arm, ...]:
        """Calm training is the control of the wide networks, the narrow one of those with killed units."""
        times = f"× {self.factor:g}"
        return (
            self._arm("calm", "calm"),
            self._arm("spike", f"one large step (rate {times})", spike=self.factor),
            self._arm("outlier", f"one outlying batch (inputs {times})", outlier=self.factor),
            self._arm("high", f"high rate ({self.high:g})", rate=self.high),
            self._arm("momentum", "momentum 0.9", momentum=0.9),
            self._arm(
                "frozen", f"high rate ({self.high:g}), layers before the last frozen", rate=self.high, frozen=1.0
            ),
            self._arm("leaky", "leaky", leak=self.leak),
            self._arm("narrow", f"{self.narrow} units a layer, calm", width=self.narrow),
            *(
                self._arm(
                    f"killed-{share}",
                    f"{self.narrow} units a layer, {100 * share:g} % killed at start",
                    killed=share,
                    width=self.narrow,
                )
                for share in self.killed
            ),
        )

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """The layer that makes the outlier, then dense layers ``hidden_1`` … and ``logits``."""
        settings = arm.settings
        activation = keras.layers.LeakyReLU(negative_slope=settings["leak"]) if settings["leak"] else "relu"
        names = [f"hidden_{number + 1}" for number in range(self.depth)]
        hidden = [dense(data, name, int(settings["width"]), activation, "he_normal") for name in names]
        for layer in hidden[:-1]:
            layer.trainable = not settings["frozen"]
        outlier = Outlier(name="outlier")
        model = classifier(data, outlier, *hidden)
        outlier.factor.assign(settings["outlier"])
        outlier.at.assign(self.at)
        kill(hidden, settings["killed"])
        return model

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """SGD, with momentum or one large step where the arm has it."""
        settings = arm.settings
        rate = Spike(settings["rate"], self.at, settings["spike"]) if settings["spike"] > 1 else settings["rate"]
        return keras.optimizers.SGD(cast(float, rate), momentum=settings["momentum"])  # the stub knows numbers only

    def prepare(self, arm: Arm, data: Data) -> Data:
        """The replicate's split, scaled by the whole set's mean and deviation, so that all replicates check the same examples."""
        del arm
        return load_raw(data.name, data.replicate).scaled(lambda x: _scaled(load_whole(data.name)[0], x))

    def probes(self) -> tuple[Probe, ...]:
        """Dead units, checked on the whole data set."""
        return (DeadUnits(every=self.every, reference=_scaled(load_whole(self.data)[0])),)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Non-linearity and linear pieces over the training examples, and the largest gradient of a dead unit."""
        del arm
        return {
            "nonlinearity": nonlinearity(model, data.x_train),
            "patterns": pattern_count(model, data.x_train),
            "dead_gradient": gradient_of_dead(model, data, self.loss()),
        }

    def claims(self) -> tuple[Claim, ...]:
        """The gradient of dead units, revivals, the effect of a spike, and the effect of zeros on non-linearity."""
        dead = DeadClaims(self.depth, self.at, self.soon, self.horizon, self.every)
        return (
            *dead.claims(),
            zeros_bend({"leaky": f"leaky (slope {self.leak:g})"}, self.straight),
            *dead_do_not_bend({f"killed-{share}": f"{100 * share:g} % killed" for share in self.killed}, "narrow"),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Dead share by step and layer, the raster of units, and the time to revival."""
        dead = {"column": "dead_fraction", "layers": HIDDEN}
        return (
            Figure(
                "curves",
                f"Share of all hidden units that are dead, median and range over the replicates. Step {self.at} is the spike or "
                "the outlying batch; the range is that of all replicates, so compare medians. A spike can also revive units that "
                "were dead.",
                dead,
            ),
            Figure(
                "heat_map",
                "The same by layer. Where colour fades, more units recovered than died; where it stays, as many died as recovered, "
                "or none did. In the lowest row, the first layer, theory allows the share to grow only, under plain SGD and but "
                "for the outlying batch itself.",
                dead,
            ),
            Figure(
                "unit_raster",
                "Every line is one unit of the first replicate, drawn while it is dead; units that never die are left out. Units "
                "whose line reaches the right edge are still dead at the end. A line that ends at the spike is a unit that it "
                "revived. The first layer is at the bottom; under plain SGD theory lets no line end there, except at the outlying "
                "batch.",
                dead,
            ),
            Figure(
                "time_to_revival",
                "Share of the dead units that are still dead a given number of steps after they died (Kaplan-Meier, all "
                "replicates; units that are dead when training ends are censored). All deaths behind the first layer are counted, "
                "also those before the spike, which has its own; the verdicts count only those after it, replicate by replicate, "
                "so that they may differ from the log-rank test whose p is shown.",
                {"column": "dead_fraction", "layers": DEEP},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    def _arm(self, name: str, label: str, **changes: float) -> Arm:
        settings = {"rate": self.rate, "spike": 1.0, "outlier": 1.0, "momentum": 0.0, "leak": 0.0, "killed": 0.0}
        settings |= {"frozen": 0.0, "width": float(self.width)}
        return Arm(name=name, label=label, settings=settings | changes)


def _scaled(whole: np.ndarray, x: np.ndarray | None = None) -> np.ndarray:
    """Images with the mean and deviation of the whole set."""
    return standardised(whole, whole if x is None else x, axis=None)[1]
