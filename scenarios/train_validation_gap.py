"""Why is validation accuracy above training accuracy, and for how long?

The accuracy reported during training is accumulated over an epoch, with weights that are still improving, with dropout on and
with batch statistics. Validation accuracy is computed once, at the end of the epoch, in inference mode, on other examples.
Three things differ at once, and evaluating the training set twice more separates them: at the end of the epoch in training
mode and in inference mode. The gap is then exactly lag + mode + data, whatever the numbers are.

References: Srivastava et al. 2014, Dropout (JMLR 15); Ioffe and Szegedy 2015, arXiv 1502.03167 (the two modes).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import keras

from probes.gradient_norm import GradientNorm
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.gap_answers import ANSWERS
from scenarios.shared.layers import classifier, dense, dropout

LABELS = {
    "plain": "plain",
    "dropout": "dropout",
    "batchnorm": "batch norm",
    "few-examples": "few examples",
}
WITHOUT_DROPOUT = ("plain", "batchnorm", "few-examples")
EXACTLY = 1e-9  # accuracies are stored in float64, so rounding errors are far smaller


@dataclass(frozen=True, kw_only=True)
class TrainValidationGap(Scenario):
    """A plain ReLU classifier, with dropout, with batch normalisation, and trained on few examples so that it over-fits.

    Args:
        depth: hidden layers.
        width: units in each.
        learning_rate: of SGD; low enough that the weights keep improving throughout the first epoch.
        rate: of dropout.
        few: number of training examples in the arm that is meant to over-fit.
        matters: smallest gap, or part of it, that counts: one percentage point, less than four of 360 validation images.
        same_loss: the training loss at which networks are compared with the plain one, in nats.
    """

    epochs: int = 12
    depth: int = 2
    width: int = 100
    learning_rate: float = 0.05
    rate: float = 0.5
    few: int = 200
    matters: float = 0.01
    same_loss: float = 0.25

    question: ClassVar = "Why is validation accuracy above training accuracy at first, and below it later?"
    scope: ClassVar = (
        "Each replicate drew weights, masks, the order of examples and the split anew. Varied: dropout (at a rate of 0.5), batch "
        "normalisation, number of examples (all or 200). Not varied: two dense layers, plain SGD, digits. That lag, mode and data "
        "add up to the gap holds always; their sizes depend on how fast the network learns and how much it over-fits."
    )
    objection: ClassVar = (
        "The size of each part depends on the order of the comparison: first the weights, then the mode, then the data. At equal "
        "training loss networks are compared at one loss only, which they reach after different numbers of steps. Over-fitting "
        "comes from few examples here, not from long training or noisy labels."
    )
    evaluates_train_again: ClassVar = True

    def arms(self) -> tuple[Arm, ...]:
        """The plain network, and arms that change one thing."""
        return tuple(
            Arm(name, label, {"variant": name, "learning_rate": self.learning_rate}) for name, label in LABELS.items()
        )

    def prepare(self, arm: Arm, data: Data) -> Data:
        """All training examples or only the first; the split has already shuffled them."""
        if arm.name != "few-examples":
            return data
        return data.first(self.few)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """Dense ReLU layers, each followed by the layer that the arm adds."""
        layers: list[keras.layers.Layer] = []
        for number in range(1, self.depth + 1):
            layers.append(dense(data, f"hidden_{number}", self.width, "relu", "he_normal"))
            if arm.name == "dropout":
                layers.append(dropout(data, f"dropout_{number}", self.rate))
            elif arm.name == "batchnorm":
                layers.append(keras.layers.BatchNormalization(momentum=0.9, name=f"normalised_{number}"))
        return classifier(data, *layers)

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(arm.settings["learning_rate"])

    def probes(self) -> tuple[Probe, ...]:
        """Gradients, every 20 steps; the scenario itself needs only the accuracy."""
        return (GradientNorm(every=20),)

    def claims(self) -> tuple[Claim, ...]:
        """The sign of the gap at first, its causes, its sign at the end, the gap at equal training loss, and the sum."""
        return (
            self._above_at_first(),
            self._because_of_lag(),
            self._because_of_mode(),
            self._agrees(),
            self._turns_round(),
            self._because_of_data(),
            self._stays_above_with_dropout(),
            self._dropout_narrows_at_equal_loss(),
            self._batchnorm_widens_at_equal_loss(),
            self._adds_up(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """The gap stacked from its parts; accuracy and loss as training shows them."""
        return (
            Figure(
                "gap",
                "Each bar is one epoch. Parts above 0 raise validation accuracy relative to training accuracy; parts below 0 lower "
                "it. The dot is the observed gap, exactly the sum of the parts. Lag, from weights that change during the epoch, "
                "shrinks from the first epoch on. Mode is what dropout and batch statistics do to the training accuracy: with "
                "dropout it is the largest part and stays. Data is what the network gains on the examples that it was trained on.",
                {"column": "accuracy"},
            ),
            Figure(
                "curves",
                "Accuracy as reported during training, a running mean over the epoch, and on the validation examples at its end. "
                "The training line starts below the validation points; with dropout it stays there.",
                {"column": "accuracy"},
            ),
            Figure(
                "curves",
                "Training loss by step, and loss on the validation examples after each epoch. The dotted line is chance. With few "
                "examples there are fewer steps.",
                {"column": "loss", "guide": "chance"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return ANSWERS

    def _part(self, arm: str, part: str, epoch: int, **judged: Any) -> Part:
        return Part(
            label=LABELS[arm],
            measure="gap_part",
            parameters={"part": part, "epoch": epoch},
            treated=arm,
            **({"threshold": self.matters, "unit": "share of examples"} | judged),
        )

    def _above_at_first(self) -> Claim:
        return Claim(
            name="above_at_first",
            statement="In the first epoch validation accuracy is above the reported training accuracy.",
            parts=tuple(self._part(arm, "gap", 0) for arm in LABELS),
            threshold=f"supported when the gap in the first epoch is above {self.matters}",
            outcomes={
                "supported": "It is in every network, by {low} to {high}.",
                "": "Above: {supported}. Not above: {refuted}. Validation minus training: {low} to {high}.",
            },
        )

    def _because_of_lag(self) -> Claim:
        return Claim(
            name="because_of_lag",
            statement="It is above because training accuracy is averaged over an epoch in which the weights still improve.",
            parts=tuple(self._part(arm, "lag", 0) for arm in LABELS),
            threshold=f"supported when the lag in the first epoch is above {self.matters}",
            outcomes={"": "Raised: {supported}. Not raised: {refuted}. Lag raises the gap by {low} to {high}."},
        )

    def _because_of_mode(self) -> Claim:
        return Claim(
            name="because_of_mode",
            statement="With dropout or batch normalisation it is above also because training accuracy is taken in training mode.",
            parts=tuple(self._part(arm, "mode", 0) for arm in ("dropout", "batchnorm")),
            threshold=f"supported when the part due to the mode is above {self.matters} in the first epoch",
            outcomes={"": "Raised: {supported}. Not raised: {refuted}. The mode raises the gap by {low} to {high}."},
        )

    def _agrees(self) -> Claim:
        return Claim(
            name="agrees",
            statement="Without dropout and batch normalisation, and on all examples, the two accuracies agree in the end, to "
            "within a point.",
            parts=(self._part("plain", "gap", -1, expects="equal", threshold=0.0, margin=self.matters),),
            threshold=f"supported when the plain network's gap in the last epoch is within {self.matters}: a percentage point, as "
            "for all gaps here",
            outcomes={"": "Validation minus training in the last epoch: {low}."},
        )

    def _turns_round(self) -> Claim:
        return Claim(
            name="turns_round",
            statement="Without dropout, validation accuracy is below training accuracy in the end.",
            parts=tuple(self._below(arm, "gap") for arm in WITHOUT_DROPOUT),
            threshold=f"supported when the gap in the last epoch is below −{self.matters}",
            outcomes={"": "Below: {supported}. Not below: {refuted}. Validation minus training: {low} to {high}."},
        )

    def _because_of_data(self) -> Claim:
        return Claim(
            name="because_of_data",
            statement="It is below because the network fits its training examples better than others.",
            parts=tuple(self._below(arm, "data") for arm in WITHOUT_DROPOUT),
            threshold=f"supported when the part due to the data is below −{self.matters} in the last epoch",
            outcomes={"": "Lowered: {supported}. Not lowered: {refuted}. Part due to the data: {low} to {high}."},
        )

    def _stays_above_with_dropout(self) -> Claim:
        return Claim(
            name="stays_above_with_dropout",
            statement="With dropout validation accuracy stays above, because training accuracy is taken with units missing; the "
            "part due to the data is below 0 there, too.",
            parts=(
                replace(self._part("dropout", "gap", -1), label="gap"),
                replace(self._part("dropout", "mode", -1), label="mode"),
                replace(self._part("dropout", "data", -1, expects="less", threshold=0.0), label="data"),
            ),
            threshold=f"supported when in the last epoch gap and mode are above {self.matters} and the part due to the data is "
            "below 0; of that part, which dropout is meant to make small, the sign decides",
            outcomes={"": "As stated: {supported}. Not as stated: {refuted}."},
        )

    def _dropout_narrows_at_equal_loss(self) -> Claim:
        return Claim(
            name="dropout_narrows_at_equal_loss",
            statement="Where the training loss is the same, dropout narrows the gap between the losses.",
            parts=(self._at_equal_loss("dropout", expects="less"),),
            threshold=f"supported when the validation loss is lower {self._where}",
            outcomes={"": "Validation loss minus the plain network's: {low} nats (negative: narrower)."},
        )

    def _batchnorm_widens_at_equal_loss(self) -> Claim:
        return Claim(
            name="batchnorm_widens_at_equal_loss",
            statement="Where the training loss is the same, batch normalisation widens the gap between the losses.",
            parts=(self._at_equal_loss("batchnorm"),),
            threshold=f"supported when the validation loss is higher {self._where}",
            outcomes={"": "Validation loss minus the plain network's: {low} nats (positive: wider)."},
        )

    @property
    def _where(self) -> str:
        return (
            f"than the plain network's where the training loss, evaluated in inference mode, passes {self.same_loss:g} nats: with "
            "equal training losses the gaps differ by as much; the sign decides"
        )

    def _at_equal_loss(self, arm: str, **judged: Any) -> Part:
        at = {"level": self.same_loss, "split": "validation"}
        return Part(LABELS[arm], "at_training_loss", at, arm, "plain", unit="nats", **judged)

    def _below(self, arm: str, part: str) -> Part:
        return self._part(arm, part, -1, expects="less", threshold=-self.matters)

    def _adds_up(self) -> Claim:
        return Claim(
            name="adds_up",
            statement="Lag, mode and data add up to the gap.",
            parts=tuple(
                replace(
                    self._part(arm, "residual", -1, expects="equal", threshold=0.0, margin=EXACTLY, method="check"),
                    label=LABELS[arm],
                )
                for arm in LABELS
            ),
            threshold="holds by construction; a check of the instrument: the largest residual of all epochs is 0, up to rounding",
            outcomes={
                "supported": "They do in every epoch, network and replicate: no part of the gap is unexplained.",
                "": "They do: {supported}. They do not: {refuted}.",
            },
        )
