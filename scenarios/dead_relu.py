"""When do ReLU units die, and do they recover?

A ReLU unit whose input is negative on every example passes no gradient, so its own weights stop changing. In the first layer
its inputs are the data, which do not change, so under plain SGD it stays dead. In deeper layers the layers before it go on
learning and may make its input positive again. One large step can kill many units at once, whatever made it large.

Dead units also add no non-linearity: a network is non-linear because its units change slope at zero somewhere in the data,
and a dead unit never does, nor does one that is always active.

References: Lu et al. 2019, arXiv 1903.06733; Montúfar et al. 2014, arXiv 1402.1869; Maas et al. 2013 (leaky ReLU).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import keras

from probes.dead_units import DeadUnits
from probes.probe import Probe
from scenarios.data import Data, load
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.linearity import dead_do_not_bend, nonlinearity, pattern_count, zeros_bend
from scenarios.shared.spikes import Outlier, Spike, gradient_of_dead, kill

HIDDEN = "hidden_*"
FIRST, DEEP = "hidden_1", "hidden_[!1]"
EXACTLY_ZERO: dict[str, Any] = {"expects": "equal", "margin": 0.0, "method": "check"}


@dataclass(frozen=True, kw_only=True)
class DeadRelu(Scenario):
    """A ReLU classifier in calm training, after one large step, and with units that are dead from the start.

    A unit counts as dead when it is 0 on every training example with the weights at the time of the check.

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
        straight: a network counts as linear when a linear map explains all but this share, 1 − R²; a smaller increase of
            1 − R² does not count.
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

    question: ClassVar = "When do ReLU units die, and do they recover?"
    objection: ClassVar = (
        "The spikes are artificial, one step or one batch 30 times too large; spikes in ordinary training may be "
        "milder. The log-rank test assumes independent units, and units of one network are not independent. "
        "Non-linearity is measured by the best linear fit to the logits, which is one definition of several."
    )
    less: ClassVar = {"epochs": 2, "at": 30, "horizon": 30}

    def arms(self) -> tuple[Arm, ...]:
        """Calm training is the control; each other arm changes one thing, and the leaky spike two."""
        times = f"× {self.factor:g}"
        return (
            self._arm("calm", "calm"),
            self._arm("spike", f"one step, rate {times}", spike=self.factor),
            self._arm("outlier", f"one batch, inputs {times}", outlier=self.factor),
            self._arm("high", f"rate {self.high:g} throughout", rate=self.high),
            self._arm("momentum", "momentum 0.9", momentum=0.9),
            self._arm("leaky", "leaky", leak=self.leak),
            self._arm("leaky-spike", f"leaky, one step {times}", spike=self.factor, leak=self.leak),
            *(
                self._arm(f"killed-{share}", f"{100 * share:g} % killed at start", killed=share)
                for share in self.killed
            ),
        )

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """The layer that makes the outlier, then dense layers ``hidden_1`` … and ``logits``."""
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
        kill(hidden, settings["killed"])
        return model

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """SGD, with momentum or one large step where the arm has it."""
        settings = arm.settings
        rate = Spike(settings["rate"], self.at, settings["spike"]) if settings["spike"] > 1 else settings["rate"]
        return keras.optimizers.SGD(rate, momentum=settings["momentum"])  # pyright: ignore[reportArgumentType, reportAttributeAccessIssue]

    def probes(self) -> tuple[Probe, ...]:
        """Dead units, checked on the whole training set."""
        return (DeadUnits(every=self.every, reference=load(self.data).x_train),)

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
        return (
            self._no_gradient(),
            self._deep_units_return(),
            self._first_layer_never_returns(),
            self._spike_kills(),
            self._dead_for_good(),
            self._return_later(),
            zeros_bend({"leaky": f"leaky (slope {self.leak:g})"}, self.straight),
            dead_do_not_bend(
                {f"killed-{share}": f"{100 * share:g} % killed" for share in self.killed}, "calm", self.straight
            ),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Dead share by step and layer, the raster of units, and the time to revival."""
        dead = {"column": "dead_fraction", "layers": HIDDEN}
        return (
            Figure(
                "curves",
                f"Share of all hidden units that are dead, median and range over the seeds. Step {self.at} is the spike or the "
                "outlying batch. The jump there shows the units that it killed; a fall afterwards shows units that recovered.",
                dead,
            ),
            Figure(
                "heat_map",
                "The same by layer: a row that stays bright after the spike contains units that never recover. In the lowest row, "
                "the first layer, theory predicts that colour can only become brighter.",
                dead,
            ),
            Figure(
                "unit_raster",
                "Every line is one unit of the first seed, drawn while it is dead; units that never die are left out. Units whose "
                "line reaches the right edge are still dead at the end. The first layer is at the bottom; according to theory no "
                "line ends there.",
                dead,
            ),
            Figure(
                "time_to_revival",
                "Share of the dead units that are still dead a given number of steps after they died (Kaplan-Meier, all seeds; units "
                "that are dead when training ends are censored). A line that levels off means that some units never recover. p: "
                "log-rank test against calm training, which assumes independent units.",
                {"column": "dead_fraction", "layers": DEEP},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                "In the first layer a dead unit never recovers under plain SGD.",
                {"first_layer_never_returns": "supported"},
            ),
            Answer("In deeper layers dead units do recover.", {"deep_units_return": "supported"}),
            Answer(
                "In deeper layers dead units recover in some of the training set-ups.", {"deep_units_return": "mixed"}
            ),
            Answer(
                "Whether dead units recover in deeper layers is not clear for every training set-up.",
                {"deep_units_return": "open"},
            ),
            Answer("A sudden large gradient kills units.", {"spike_kills": "supported"}),
            Answer(
                "These runs do not show for both kinds of spike that a sudden large gradient kills units.",
                {"spike_kills": "open"},
            ),
            Answer(
                "A network is non-linear without zeros, too: the change of slope makes it so.",
                {"zeros_bend": "refuted"},
            ),
        )

    def _no_gradient(self) -> Claim:
        return Claim(
            name="no_gradient",
            statement="A ReLU unit whose input is negative on all data gets no gradient.",
            parts=tuple(
                Part(label, "recorded", {"name": "dead_gradient"}, arm, unit="loss per unit of weight", **EXACTLY_ZERO)
                for arm, label in (("killed-0.5", "killed at start"), ("killed-0.8", "more killed at start"))
            ),
            threshold="exact: supported when every weight into every dead unit has a gradient of 0",
            outcomes={
                "supported": "The largest gradient of a weight into a dead unit is exactly 0 at all {seeds} seeds.",
                "": "Exactly 0: {supported}. Not 0: {refuted}. No dead unit at some seed: {open}.",
            },
        )

    def _deep_units_return(self) -> Claim:
        return self._counted(
            "deep_units_return",
            "Behind the first layer dead units recover, because the layers before them go on learning and change their input.",
            {"event": "revival", "layers": DEEP},
            {"calm": "calm", "spike": "spike", "outlier": "outlier", "high": "high rate", "momentum": "momentum"},
            "supported when the mean number of revivals from layer 2 on is above 0",
            "Units behind the first layer recover: {supported} ({low} to {high} revivals per run).",
        )

    def _first_layer_never_returns(self) -> Claim:
        # A unit that is dead on the data may be alive on the outlying batch: count from the first check after it.
        after = self.at + self.every + 1
        claim = self._counted(
            "first_layer_never_returns",
            "In the first layer, whose inputs never change, a dead unit never recovers under plain SGD.",
            {"event": "revival", "layers": FIRST, "first": after},
            {"spike": "spike", "outlier": "outlier", "high": "high rate", "killed-0.5": "killed at start"},
            "exact: one revival refutes it; counted from the first check after the spike",
            "No unit of the first layer recovered: {supported}, at all {seeds} seeds.",
        )
        return replace(claim, parts=tuple(replace(part, **EXACTLY_ZERO) for part in claim.parts))

    def _spike_kills(self) -> Claim:
        claim = self._counted(
            "spike_kills",
            "Units die after a sudden large gradient.",
            {"event": "death", "first": self.at + 1, "until": self.at + self.soon},
            {"spike": "one large step", "outlier": "one outlying batch"},
            f"supported when more units die in the {self.soon} steps after it than in the same steps of calm training",
            "More deaths than in calm training: {supported}. The difference is {low} to {high} of "
            f"{self.depth * self.width} units, paired by seed.",
        )
        return replace(claim, parts=tuple(replace(part, control="calm") for part in claim.parts))

    def _dead_for_good(self) -> Claim:
        window, share = {"first": self.at + 1, "until": self.at + self.soon}, "share of those killed"
        return Claim(
            name="dead_for_good",
            statement="Units killed by a sudden large gradient never recover.",
            parts=tuple(
                Part(f"{label}, {where}", "dead_for_good", {"layers": layers} | window, arm, threshold=0.5, unit=share)
                for arm, label in (("spike", "large step"), ("outlier", "outlying batch"))
                for layers, where in ((FIRST, "first layer"), (DEEP, "deeper layers"))
            ),
            threshold="supported when more than half of the units killed do not recover before training ends",
            outcomes={"": "Most stay dead: {supported}. Most recover: {refuted}."},
        )

    def _return_later(self) -> Claim:
        claim = self._counted(
            "return_later",
            "Behind the first layer, dead units take longer to recover in training with a spike than in calm training.",
            {"layers": DEEP, "horizon": self.horizon},
            {"spike": "one large step", "outlier": "one outlying batch"},
            f"supported when the mean time spent dead, counted up to {self.horizon} steps, is longer than in calm training",
            "Dead for longer: {supported}. The difference is {low} to {high} steps.",
        )
        change = {"control": "calm", "measure": "steps_dead", "unit": "steps"}
        return replace(claim, parts=tuple(replace(part, **change) for part in claim.parts))

    def _counted(
        self, name: str, statement: str, parameters: dict, arms: dict[str, str], threshold: str, outcome: str
    ) -> Claim:
        """A claim that the same count is above 0 in each of several arms."""
        parts = tuple(
            Part(label=label, measure="unit_events", parameters=parameters, treated=arm, unit="units")
            for arm, label in arms.items()
        )
        return Claim(name=name, statement=statement, parts=parts, threshold=threshold, outcomes={"": outcome})

    def _arm(self, name: str, label: str, **changes: float) -> Arm:
        settings = {"rate": self.rate, "spike": 1.0, "outlier": 1.0, "momentum": 0.0, "leak": 0.0, "killed": 0.0}
        return Arm(name=name, label=label, settings=settings | changes)
