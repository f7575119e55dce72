"""When do ReLU units die, and do they come back?

A ReLU unit that is below zero on every example passes no gradient: its own weights stand still. In the first layer its inputs
are the data, which do not change, so under plain SGD it is dead for good. Deeper, the layers below go on learning and may
carry its input above zero again. One large step is enough to kill many units at once, whatever made it large.

Dead units also do not bend anything: a network is non-linear because its units change slope at zero somewhere in the data,
and a dead unit, like one that is always on, does not.

References: Lu et al. 2019, arXiv 1903.06733; Montúfar et al. 2014, arXiv 1402.1869; Maas et al. 2013 (leaky ReLU).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import keras
import numpy as np

from probes.dead_units import DeadUnits
from probes.probe import Probe
from scenarios.data import Data, load
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.linearity import dead_do_not_bend, nonlinearity, pattern_count, zeros_bend
from scenarios.shared.spikes import Outlier, Spike, gradient_of_dead

HIDDEN = "hidden_*"
FIRST, DEEP = "hidden_1", "hidden_[!1]"
FAR_BELOW = -1000.0  # no input of this network brings a unit back from here


@dataclass(frozen=True, kw_only=True)
class DeadRelu(Scenario):
    """A ReLU classifier in calm training, after one large step, and with units that are dead from the start.

    A unit counts as dead when it is 0 on every training example, checked with the weights of that moment.

    Args:
        depth: hidden layers.
        width: units in each.
        rate: the learning rate; plain SGD.
        high: a learning rate that is too high, for all steps.
        at: the step of the spike, counted from 0.
        factor: how many times larger the one step's learning rate, or the one batch's inputs, are.
        soon: deaths are counted from the spike to so many steps after it; two checks.
        horizon: a spell counts as at most this many steps, so that all are followed alike.
        every: steps between checks.
        leak: the slope of the leaky control below zero.
        killed: shares of every hidden layer's units that are dead from the start, by a bias far below zero.
        straight: a network is linear for all purposes when a linear map explains all but this share, 1 − R²; an increase
            by less than this does not count.
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
    killed: tuple[float, ...] = (0.5, 0.8)
    straight: float = 0.05

    question: ClassVar = "When do ReLU units die, and do they come back?"
    objection: ClassVar = (
        "The spikes are made by hand, one step or one batch 30 times too large; those that training makes by "
        "itself may be milder. The log-rank test takes spells for independent, and units of one network are not. "
        "How far a network bends is read off the best linear fit to its logits, one notion of several."
    )
    less: ClassVar = {"epochs": 2, "at": 30, "horizon": 30}

    def arms(self) -> tuple[Arm, ...]:
        """Calm training is the control; every other arm differs from it in one thing, and the leaky one from the spike."""
        times = f"× {self.factor:g}"
        return (
            self._arm("calm", "calm"),
            self._arm("spike", f"one step, rate {times}", spike=self.factor),
            self._arm("outlier", f"one batch, inputs {times}", outlier=self.factor),
            self._arm("high", f"rate {self.high:g} throughout", rate=self.high),
            self._arm("momentum", "momentum 0.9", momentum=0.9),
            self._arm("leaky", "leaky", leak=self.leak),
            self._arm("leaky-spike", f"leaky, one step {times}", spike=self.factor, leak=self.leak),
            *(self._arm(f"killed-{share}", f"{share:.0%} killed at start", killed=share) for share in self.killed),
        )

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` … and ``logits`` behind the layer that makes the outlier."""
        settings = arm.settings
        activation = keras.layers.LeakyReLU(negative_slope=settings["leak"]) if settings["leak"] else "relu"
        dense = {"units": self.width, "activation": activation, "kernel_initializer": "he_normal"}
        hidden = [keras.layers.Dense(**dense, name=f"hidden_{number + 1}") for number in range(self.depth)]
        outlier = Outlier(name="outlier")
        inputs = keras.Input(data.x_train.shape[1:], name="inputs")
        layers = [inputs, outlier, *hidden, keras.layers.Dense(data.classes, name="logits")]
        model = keras.Sequential(layers, name="classifier")
        outlier.factor.assign(settings["outlier"])
        outlier.at.assign(self.at)
        for layer in hidden:
            killed = np.arange(self.width) < settings["killed"] * self.width
            layer.bias.assign(np.where(killed, FAR_BELOW, 0.0))  # pyright: ignore[reportOptionalMemberAccess]
        for layer in hidden[1:]:  # what is left alive is as well initialised as a whole layer
            layer.kernel.assign(layer.kernel / np.sqrt(1 - settings["killed"]))  # pyright: ignore[reportAttributeAccessIssue, reportOptionalMemberAccess]
        return model

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """SGD, with momentum or one large step where the arm has it."""
        settings = arm.settings
        rate = Spike(settings["rate"], self.at, settings["spike"]) if settings["spike"] > 1 else settings["rate"]
        return keras.optimizers.SGD(rate, momentum=settings["momentum"])  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]

    def probes(self) -> tuple[Probe, ...]:
        """Dead units against the whole training set."""
        return (DeadUnits(every=self.every, reference=load(self.data).x_train),)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Non-linearity and linear pieces over the training examples; what gradient dead units get."""
        del arm
        return {
            "nonlinearity": nonlinearity(model, data.x_train),
            "patterns": pattern_count(model, data.x_train),
            "dead_gradient": gradient_of_dead(model, data, self.loss()),
        }

    def claims(self) -> tuple[Claim, ...]:
        """Gradient of dead units; who comes back; what a spike does; and what zeros have to do with non-linearity."""
        return (
            self._no_gradient(),
            self._deep_units_return(),
            self._first_layer_never_returns(),
            self._spike_kills(),
            self._dead_for_good(),
            self._return_later(),
            zeros_bend({"leaky": f"leaky (slope {self.leak:g})"}, self.straight),
            dead_do_not_bend(
                {f"killed-{share}": f"{share:.0%} killed" for share in self.killed}, "calm", self.straight
            ),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Dead share by step and layer, the raster of units, and the time to revival."""
        dead = {"column": "dead_fraction", "layers": HIDDEN}
        return (
            Figure(
                "curves",
                f"Share of all hidden units that are dead, median and range over the seeds. Step {self.at} is the spike, or the "
                "outlying batch: the jump there is what it killed, and a fall after it is units that came back.",
                dead,
            ),
            Figure(
                "heat_map",
                "The same by layer: a row that stays bright after the spike holds units that are dead for good. In the "
                "lowest row, the first layer, theory lets colour only become brighter.",
                dead,
            ),
            Figure(
                "unit_raster",
                "Every line is one unit of the first seed, drawn while it is dead; units that never died are left out. Lines "
                "that reach the right edge are still dead at the end. Below, the first layer, in which by theory no line ends.",
                dead,
            ),
            Figure(
                "time_to_revival",
                "Share of the dead units that are still dead so many steps after they died (Kaplan-Meier, all seeds; spells "
                "that the end of training cuts off count as long as they were seen). A line that levels off is units that "
                "are gone for good. p: log-rank test against calm training, which takes spells for independent.",
                {"column": "dead_fraction", "layers": DEEP},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """What the verdicts answer."""
        return (
            Answer(
                "In the first layer a dead unit is dead for good under plain SGD.",
                {"first_layer_never_returns": "supported"},
            ),
            Answer("Deeper, they come back.", {"deep_units_return": "supported"}),
            Answer("Deeper they come back, though not in all ways of training.", {"deep_units_return": "mixed"}),
            Answer("Deeper, not in all ways of training is it settled.", {"deep_units_return": "inconclusive"}),
            Answer("A sudden large gradient kills units.", {"spike_kills": "supported"}),
            Answer(
                "That a sudden large gradient kills is not settled for both kinds.", {"spike_kills": "inconclusive"}
            ),
            Answer("A network bends without zeros, too: what bends is the change of slope.", {"zeros_bend": "refuted"}),
        )

    def _no_gradient(self) -> Claim:
        return Claim(
            name="no_gradient",
            statement="A ReLU unit whose input is negative on all data gets no gradient.",
            parts=tuple(
                Part(
                    label=label,
                    measure="recorded",
                    parameters={"name": "dead_gradient"},
                    treated=arm,
                    expects="equal",
                    margin=0.0,
                    unit="loss per unit of weight",
                    exact=True,
                )
                for arm, label in (("killed-0.5", "killed at start"), ("killed-0.8", "more killed at start"))
            ),
            threshold="exact: supported when no weight into any dead unit gets a gradient other than 0",
            outcomes={
                "supported": "The largest gradient into a dead unit is exactly 0 at all {seeds} seeds.",
                "": "Exactly 0: {supported}. Not 0: {refuted}. No dead unit at some seed: {inconclusive}.",
            },
        )

    def _deep_units_return(self) -> Claim:
        return self._counted(
            "deep_units_return",
            "Dead units come back behind the first layer, because what other units pass on changes their input.",
            {"event": "revival", "layers": DEEP},
            {"calm": "calm", "spike": "spike", "outlier": "outlier", "high": "high rate", "momentum": "momentum"},
            "supported when the mean number of revivals in layers 2 and up is above 0",
            "Units behind the first layer come back: {supported} ({low} to {high} revivals a training).",
        )

    def _first_layer_never_returns(self) -> Claim:
        # A unit that is dead on the data may be alive on the outlying batch: count from the first check after it.
        after = self.at + self.every + 1
        claim = self._counted(
            "first_layer_never_returns",
            "In the first layer, whose inputs never change, a dead unit never comes back under plain SGD.",
            {"event": "revival", "layers": FIRST, "first": after},
            {"spike": "spike", "outlier": "outlier", "high": "high rate", "killed-0.5": "killed at start"},
            "exact: one revival refutes it; counted from the first check after the spike",
            "Not one unit of the first layer came back: {supported}, at all {seeds} seeds.",
        )
        return replace(claim, parts=tuple(replace(p, expects="equal", margin=0.0, exact=True) for p in claim.parts))

    def _spike_kills(self) -> Claim:
        claim = self._counted(
            "spike_kills",
            "Units die after a sudden large gradient.",
            {"event": "death", "first": self.at + 1, "until": self.at + self.soon},
            {"spike": "one large step", "outlier": "one outlying batch"},
            f"supported when more units die within {self.soon} steps after it than in the same window of calm training",
            "More deaths than in calm training: {supported}, by {low} to {high} of "
            f"{self.depth * self.width} units, paired by seed.",
        )
        return replace(claim, parts=tuple(replace(part, control="calm") for part in claim.parts))

    def _dead_for_good(self) -> Claim:
        window = {"first": self.at + 1, "until": self.at + self.soon}
        return Claim(
            name="dead_for_good",
            statement="Units that a sudden large gradient killed are dead for good.",
            parts=tuple(
                Part(
                    label=f"{label}, {where}",
                    measure="dead_for_good",
                    parameters={"layers": layers} | window,
                    treated=arm,
                    threshold=0.5,
                    unit="share of those killed",
                )
                for arm, label in (("spike", "large step"), ("outlier", "outlying batch"))
                for layers, where in ((FIRST, "first layer"), (DEEP, "deeper layers"))
            ),
            threshold="supported when more than half of those killed never come back while training lasts",
            outcomes={"": "Most stay dead: {supported}. Most come back: {refuted}. Not settled: {inconclusive}."},
        )

    def _return_later(self) -> Claim:
        claim = self._counted(
            "return_later",
            "Behind the first layer, dead units take longer to come back in a training with a spike than in a calm one.",
            {"layers": DEEP, "horizon": self.horizon},
            {"spike": "one large step", "outlier": "one outlying batch"},
            f"supported when spells, counted up to {self.horizon} steps, are longer in the mean than in calm training",
            "Dead for longer: {supported}, by {low} to {high} steps. Not settled: {inconclusive}.",
        )
        change = {"control": "calm", "measure": "steps_dead", "unit": "steps"}
        return replace(claim, parts=tuple(replace(part, **change) for part in claim.parts))

    def _counted(
        self, name: str, statement: str, parameters: dict, arms: dict[str, str], threshold: str, outcome: str
    ) -> Claim:
        """A claim whose parts are the same count in several arms, each above 0."""
        parts = tuple(
            Part(label=label, measure="unit_events", parameters=parameters, treated=arm, unit="units")
            for arm, label in arms.items()
        )
        return Claim(name=name, statement=statement, parts=parts, threshold=threshold, outcomes={"": outcome})

    def _arm(self, name: str, label: str, **changes: float) -> Arm:
        settings = {"rate": self.rate, "spike": 1.0, "outlier": 1.0, "momentum": 0.0, "leak": 0.0, "killed": 0.0}
        return Arm(name=name, label=label, settings=settings | changes)
