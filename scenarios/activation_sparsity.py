"""What does ReLU do that its variants do not: zeros, sparse activations, dead units?

ReLU sets negative inputs to exactly 0, which is half of all entries with a symmetric initialisation. Leaky ReLU keeps a slope
there, ELU and SELU approach a constant, and GELU dips below 0: none of them returns zeros. A unit that is 0 on all data
gets no gradient, so a unit can die only if its activation has a flat region at zero. Non-linearity is a different matter: it
comes from the change of slope.

References: Glorot, Bordes and Bengio 2011, Deep sparse rectifier neural networks; Xu et al. 2015, arXiv 1505.00853 (leaky
variants compared); Clevert et al. 2016, arXiv 1511.07289 (ELU); Hendrycks and Gimpel 2016, arXiv 1606.08415 (GELU).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import keras
import numpy as np

from probes.activation_sparsity import ActivationSparsity as SparsityProbe
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.activation_answers import ANSWERS
from scenarios.shared.layers import classifier, dense
from scenarios.shared.linearity import bends, nonlinearity
from scenarios.shared.online_claims import FORGOTTEN, online_claims
from scenarios.shared.parts import ACCURACY, CHECK, loss_curve, sweep, swept
from scenarios.shared.spikes import dead_units
from scenarios.shared.stream import learn_at_best_rate

HIDDEN = "hidden_*"


@dataclass(frozen=True, kw_only=True)
class ActivationSparsity(Scenario):
    """One classifier with six activations, each with its usual initialisation.

    Args:
        depth: hidden layers.
        width: units in each.
        rates: learning rates of plain SGD, the smallest first; accuracy is judged at the one that is most accurate on the
            validation part, everything else at the smallest one, and arms that enter no claim about accuracy are trained only there.
        slopes: slopes below zero of the two leaky arms: the usual small one, and the default of Keras.
        same_accuracy: accuracies that differ by less than this count as equal: seven of the 360 test images.
        same_share: a share of zeros agrees with theory when it is closer to it than this.
        same_loss: the training loss at which accuracies are compared a second time, in nats.
        bent: the smallest difference of 1 − R² that counts: half a percent of the logits' variance.
        online_rates: rates of online learning; each network takes that with the lowest regret on the validation part.
        regret: the smallest difference of regret that counts, in nats.
        forgotten: the smallest difference of forgetting that counts, a share of the test images: as much as counts as
            forgetting at all.
    """

    epochs: int = 6
    depth: int = 4
    width: int = 50
    rates: tuple[float, ...] = (0.05, 0.15, 0.4)
    slopes: tuple[float, float] = (0.01, 0.3)
    same_accuracy: float = 0.02
    same_share: float = 0.03
    same_loss: float = 0.35
    bent: float = 0.005
    online_rates: tuple[float, ...] = (0.003, 0.01, 0.03)
    regret: float = 0.02
    forgotten: float = FORGOTTEN

    question: ClassVar = "Does it matter for accuracy, zeros and dead units whether ReLU leaks?"
    scope: ClassVar = (
        "Each replicate drew weights, the order of examples and the split anew. Varied: activation, slope of the leak, learning "
        "rate, and whether examples come shuffled or as a stream. Not varied: four dense layers of 50 units, digits. Exact zeros "
        "and death follow from the shape of the activation and hold for every network; accuracies and regret hold for this one."
    )
    objection: ClassVar = (
        "Digits are easy and the network is small: costs and benefits of sparsity may appear only when capacity is scarce. Only "
        "two slopes of leaky ReLU were tested, and one stream, in which classes come in two halves; its learning rates were "
        "chosen on a stream a third as long."
    )
    tests_each_epoch: ClassVar = True
    evaluates_train_again: ClassVar = True

    def arms(self) -> tuple[Arm, ...]:
        """ReLU is the control."""
        kinds = {
            "relu": ("ReLU", "relu", "he_normal", 0.0),
            **{f"leaky-{slope}": (f"leaky (slope {slope:g})", "leaky", "he_normal", slope) for slope in self.slopes},
            "elu": ("ELU", "elu", "he_normal", 0.0),
            "selu": ("SELU", "selu", "lecun_normal", 0.0),
            "gelu": ("GELU", "gelu", "he_normal", 0.0),
        }
        return tuple(
            Arm(
                swept(name, rate),
                f"{label}, rate {rate:g}",
                {"activation": activation, "initializer": initializer, "slope": slope, "learning_rate": rate},
            )
            for rate in self.rates
            for name, (label, activation, initializer, slope) in kinds.items()
            if rate == self.rates[0] or name in {"relu", *self._leaky()}
        )

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense layers ``hidden_1`` … and ``logits``."""
        settings = arm.settings
        layers: list[keras.layers.Layer] = []
        for number in range(1, self.depth + 1):
            leaky = settings["activation"] == "leaky"
            function = keras.layers.LeakyReLU(negative_slope=settings["slope"]) if leaky else settings["activation"]
            layers.append(dense(data, f"hidden_{number}", self.width, function, settings["initializer"]))
        return classifier(data, *layers)

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(arm.settings["learning_rate"])

    def probes(self) -> tuple[Probe, ...]:
        """Zeros and sparseness, by layer."""
        return (SparsityProbe(every=15),)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Units that are 0 on every training example, how many were not so at first, non-linearity, and online learning."""
        dead, at_first = (np.concatenate(dead_units(each, data.x_train)) for each in (model, self.model(arm, data)))
        found = {"dead_units": float(dead.sum()), "died": float((dead & ~at_first).sum())}
        found["nonlinearity"] = nonlinearity(model, data.x_train)
        if arm.settings["learning_rate"] != self.rates[0]:
            return found
        network = (self.model(arm, data), arm.settings["activation"], arm.settings["slope"])
        return found | learn_at_best_rate(data, *network, self.online_rates)

    def claims(self) -> tuple[Claim, ...]:
        """Accuracy, zeros, dead units, non-linearity."""
        return (
            self._same_accuracy(),
            self._as_good_at_equal_loss(),
            self._half_are_zero(),
            self._fewer_zeros(),
            self._sparser(),
            self._does_not_die(),
            *bends(self._small("relu"), self._compared("recorded", {"name": "nonlinearity"}, "1 − R²"), self.bent),
            *online_claims(self._small, self._less_sparse(), self.regret, self.forgotten),
        )

    def figures(self) -> tuple[Figure, ...]:
        """Zeros and sparseness by layer and activation, accuracy."""
        return (
            Figure(
                "depth_profile",
                "Share of activations that are exactly 0. The dotted line is the share that theory predicts for ReLU at the start, "
                "in every layer; in training its share also depends on the learning rate. Only an activation with a flat part at "
                "0 has exact zeros.",
                {"column": "zero_fraction", "layers": HIDDEN, "guide": [0.5, "theory at the start: ½"]},
            ),
            Figure(
                "depth_profile",
                "Population sparseness: 1 when a single unit of a layer responds to an example, 0 when all units respond equally. "
                "It does not need exact zeros.",
                {"column": "population_sparseness", "layers": HIDDEN},
            ),
            loss_curve(),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    def _leaky(self) -> dict[str, str]:
        return {f"leaky-{slope}": f"leaky (slope {slope:g})" for slope in self.slopes}

    def _less_sparse(self) -> dict[str, str]:
        """Activations that ReLU is compared with online: not the small leak, with which a network is about as sparse as with ReLU."""
        leaky = f"leaky-{self.slopes[-1]}"
        return {leaky: self._leaky()[leaky], "elu": "ELU"}

    def _compared(
        self, measure: str, parameters: Mapping[str, Any], unit: str, elu: bool = False, **changes: Any
    ) -> tuple[Part, ...]:
        """The leaky arms, and ELU if wanted, each compared with ReLU."""
        of = sweep if measure == "final_scalar" else self._small
        changes |= {"chosen_by": "accuracy"}
        arms = self._leaky() | ({"elu": "ELU"} if elu else {})
        common = {"measure": measure, "parameters": parameters, "control": of("relu"), "unit": unit} | changes
        return tuple(Part(label=label, treated=of(arm), **common) for arm, label in arms.items())

    def _small(self, name: str) -> str:
        """The arm at the smaller rate."""
        return swept(name, self.rates[0])

    def _same_accuracy(self) -> Claim:
        return Claim(
            name="same_accuracy",
            statement="ReLU and leaky ReLU reach the same accuracy, to within two points.",
            parts=self._compared(
                "final_scalar", ACCURACY, "share of test images", expects="equal", margin=self.same_accuracy
            ),
            threshold=f"supported when accuracy on the test images differs by less than {self.same_accuracy:g}, each at its best "
            "rate: seven of the 360 images, what networks called similar may differ by",
            outcomes={"": "Equal: {supported}. Different: {refuted}. Differences: {low} to {high}."},
        )

    def _as_good_at_equal_loss(self) -> Claim:
        at = {"level": self.same_loss, "column": "accuracy", "split": "test"}
        return Claim(
            name="as_good_at_equal_loss",
            statement="At the same training loss, leaky ReLU is as accurate as ReLU, to within two points, or more accurate.",
            parts=self._compared("at_training_loss", at, "share of test images", threshold=-self.same_accuracy),
            threshold=f"supported when accuracy on the test images is not lower by {self.same_accuracy:g} or more where the "
            f"training loss passes {self.same_loss:g} nats, at a rate of {self.rates[0]:g}",
            outcomes={
                "": "As accurate or more: {supported}. Less: {refuted}. The leak changes accuracy by {low} to {high}."
            },
        )

    def _half_are_zero(self) -> Claim:
        return Claim(
            name="half_are_zero",
            statement="Half of ReLU's activations are 0 at the start, as theory predicts.",
            parts=(
                Part(
                    label="ReLU, median layer, step 0",
                    measure="layer_median",
                    parameters={"column": "zero_fraction", "layers": HIDDEN, "step": 0, "until": None},
                    treated=self._small("relu"),
                    expects="equal",
                    threshold=0.5,
                    margin=self.same_share,
                    unit="share of activations",
                ),
            ),
            threshold=f"supported within {self.same_share:g} of ½, which holds for any initialisation that is symmetric around 0",
            outcomes={"": "The measured share is {low}; theory predicts 0.5."},
        )

    def _fewer_zeros(self) -> Claim:
        return Claim(
            name="fewer_zeros",
            statement="Leaky ReLU has fewer exact zeros than ReLU.",
            parts=self._at_the_end("zero_fraction", "share of activations"),
            threshold="supported when the leaky network's share of exact zeros is lower by more than 0.1 at the end of training "
            f"at a rate of {self.rates[0]:g}; a leaky activation is hardly ever exactly 0, so the difference is about ReLU's own "
            "share",
            outcomes={"": "Fewer: {supported}. Not: {refuted}. Differences: {low} to {high}."},
        )

    def _sparser(self) -> Claim:
        return Claim(
            name="sparser",
            statement="ReLU makes activations sparse, and activations without zeros do not: also by a measure that does not need "
            "zeros.",
            parts=self._at_the_end("population_sparseness", "sparseness", elu=True),
            threshold="supported when the population sparseness, between 0 and 1, is lower than ReLU's by more than 0.1 at the "
            f"end of training at a rate of {self.rates[0]:g}",
            outcomes={"": "Less sparse than ReLU: {supported}. Not: {refuted}. Differences: {low} to {high}."},
        )

    def _at_the_end(self, column: str, unit: str, elu: bool = False) -> tuple[Part, ...]:
        """A statistic of the other arms against ReLU's, lower by a tenth at the end of training."""
        place = {"column": column, "layers": HIDDEN, "step": -1, "until": None}
        return self._compared("layer_median", place, unit, elu, expects="less", threshold=-0.1)

    def _does_not_die(self) -> Claim:
        def part(arm: str, label: str, **changes: Any) -> Part:
            name = "died" if arm == "relu" else "dead_units"
            return Part(label, "recorded", {"name": name}, treated=self._small(arm), unit="units", **changes)

        return Claim(
            name="does_not_die",
            statement="Leaky ReLU units do not die (none is exactly 0 on all examples), and ReLU units do.",
            parts=(
                *(part(arm, label, **CHECK) for arm, label in self._leaky().items()),
                part("relu", "ReLU, in some run", method="exists"),
            ),
            threshold="leaky networks: check of the instrument, refuted by one unit that is 0 on all training examples; ReLU: "
            "existence, one such unit is enough if it was not 0 on all of them before the first step",
            outcomes={"": "As stated: {supported}. Not as stated: {refuted}."},
        )
