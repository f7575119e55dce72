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
from scenarios.shared.layers import classifier, dense, dropout

LABELS = {
    "plain": "plain",
    "dropout": "dropout 0.5",
    "batchnorm": "batch norm",
    "few-examples": "plain, few examples",
}
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
        agree: two figures agree when they differ by less than this: seven of 360 validation images.
        matters: smallest part of the gap that counts: one percentage point.
        same_loss: the training loss at which networks are compared with the plain one, in nats.
        narrower: a gap that is narrower by fewer nats than this is no narrower.
    """

    epochs: int = 12
    depth: int = 2
    width: int = 100
    learning_rate: float = 0.05
    rate: float = 0.5
    few: int = 200
    agree: float = 0.02
    matters: float = 0.01
    same_loss: float = 0.25
    narrower: float = 0.02

    question: ClassVar = "Why is validation accuracy above training accuracy at first, and below it later?"
    scope: ClassVar = (
        "Each replicate drew weights, masks, the order of examples and the split anew. Varied: dropout, batch normalisation, number "
        "of examples. Not varied: two dense layers, plain SGD, digits. That lag, mode and data add up to the gap holds always; their "
        "sizes depend on how fast the network learns and how much it over-fits."
    )
    objection: ClassVar = (
        "The size of each part depends on the order of the comparison: first the weights, then the mode, then the data. "
        "Over-fitting comes from few examples here, not from long training or noisy labels."
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
        """The sign of the gap at first, its cause, its sign at the end, over-fitting at equal training loss, and the sum."""
        return (
            self._above_at_first(),
            self._because_of_lag(),
            self._agrees(),
            self._turns_round(),
            self._data_turns_round(),
            self._smaller_at_equal_loss(),
            self._adds_up(),
        )

    def figures(self) -> tuple[Figure, ...]:
        """The gap stacked from its parts; accuracy and loss as training shows them."""
        return (
            Figure(
                "gap",
                "Each bar is one epoch. Parts above 0 raise validation accuracy relative to training accuracy; parts below 0 lower "
                "it. The dot is the observed gap, which is exactly the sum of the parts. Lag: the weights still change during the "
                "epoch. Mode: dropout and batch statistics. Data: over-fitting.",
                {"column": "accuracy"},
            ),
            Figure(
                "curves",
                "Accuracy as reported during training, a running mean over the epoch, and on the validation examples at its end.",
                {"column": "accuracy"},
            ),
            Figure(
                "curves",
                "Loss by step, and on the validation examples. A validation loss that rises again is a sign of over-fitting.",
                {"column": "loss", "guide": "chance"},
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer("At first, validation accuracy is above training accuracy.", {"above_at_first": "supported"}),
            Answer(
                "At first, validation accuracy is clearly above training accuracy for only some of the networks.",
                {"above_at_first": "mixed|open"},
            ),
            Answer("Validation accuracy is not above training accuracy, even at first.", {"above_at_first": "refuted"}),
            Answer(
                "The reported training accuracy lags behind, because it averages over an epoch in which the weights still improve.",
                {"because_of_lag": "supported"},
            ),
            Answer(
                "One reason is that the reported training accuracy averages over an epoch in which the weights still improve; with "
                "dropout or batch normalisation, the difference between training and inference mode contributes, too.",
                {"because_of_lag": "mixed"},
            ),
            Answer(
                "Later, validation accuracy is below training accuracy, because the network fits its training examples better.",
                {"turns_round": "supported"},
            ),
            Answer(
                "Later, validation accuracy falls below training accuracy for some of the networks only: with dropout, whose training "
                "figure is taken with units missing, it stays above.",
                {"turns_round": "mixed", "data_turns_round": "mixed"},
            ),
            Answer(
                "Where the training losses are equal, dropout and batch normalisation do not narrow the gap.",
                {"smaller_at_equal_loss": "refuted"},
            ),
            Answer(
                "Where the training losses are equal, dropout and batch normalisation still narrow the gap.",
                {"smaller_at_equal_loss": "supported"},
            ),
            Answer("In a normal fit the two figures agree in the end.", {"agrees": "supported"}),
        )

    def _part(self, arm: str, part: str, epoch: int, **judged: Any) -> Part:
        return Part(
            label=LABELS[arm],
            measure="gap_part",
            parameters={"part": part, "epoch": epoch},
            treated=arm,
            **({"threshold": self.matters, "unit": "accuracy"} | judged),
        )

    def _above_at_first(self) -> Claim:
        return Claim(
            name="above_at_first",
            statement="In the first epoch validation accuracy is above the reported training accuracy.",
            parts=tuple(self._part(arm, "gap", 0) for arm in LABELS),
            threshold=f"supported when the gap in the first epoch is above {self.matters}",
            outcomes={
                "supported": "It is in every arm, by {low} to {high} over {seeds} replicates.",
                "": "Above: {supported}. Not above: {refuted}. Gaps: {low} to {high}.",
            },
        )

    def _because_of_lag(self) -> Claim:
        return Claim(
            name="because_of_lag",
            statement="It is above because training accuracy is accumulated while the model is still learning.",
            parts=(
                *(replace(self._part(arm, "lag", 0), label=f"lag of {LABELS[arm]}") for arm in LABELS),
                *(
                    replace(self._part(arm, "mode", 0, expects="less"), label=f"mode of {LABELS[arm]}")
                    for arm in ("dropout", "batchnorm")
                ),
            ),
            threshold=f"supported when the lag in the first epoch is above {self.matters} and is the only cause: the part due to the "
            f"mode of dropout or batch normalisation must be below {self.matters}",
            outcomes={
                "": "As stated: {supported}. Not as stated: {refuted}. Parts of the gap range from {low} to {high}.",
            },
        )

    def _turns_round(self) -> Claim:
        return Claim(
            name="turns_round",
            statement="When the model over-fits, validation accuracy is below training accuracy.",
            parts=tuple(self._part(arm, "gap", -1, expects="less", threshold=-self.matters) for arm in LABELS),
            threshold=f"supported when the gap in the last epoch is below −{self.matters}",
            outcomes={"": "Below at the end: {supported}. Not below: {refuted}. Gaps: {low} to {high}."},
        )

    def _agrees(self) -> Claim:
        return Claim(
            name="agrees",
            statement="In a normal fit the two figures agree in the end.",
            parts=(self._part("plain", "gap", -1, expects="equal", threshold=0.0, margin=self.agree),),
            threshold=f"supported when the plain network's gap in the last epoch is within {self.agree}",
            outcomes={"": "The gap in the last epoch is {low}."},
        )

    def _data_turns_round(self) -> Claim:
        return Claim(
            name="data_turns_round",
            statement="What turns round is the part due to the data: the network fits its training examples better than others.",
            parts=(
                *(
                    replace(
                        self._part(arm, "data", -1, expects="less", threshold=-self.matters),
                        label=f"data, {LABELS[arm]}",
                    )
                    for arm in LABELS
                ),
                replace(self._part("dropout", "mode", -1, expects="less"), label="mode of dropout is small"),
            ),
            threshold=f"supported when in the last epoch the part due to the data is below −{self.matters} in every network, and the "
            f"part due to dropout's mode is below {self.matters}",
            outcomes={"": "As stated: {supported}. Not as stated: {refuted}. Parts of the gap: {low} to {high}."},
        )

    def _smaller_at_equal_loss(self) -> Claim:
        at = {"level": self.same_loss, "split": "validation"}
        held: dict[str, Any] = {"expects": "less", "threshold": -self.narrower, "unit": "nats"}
        return Claim(
            name="smaller_at_equal_loss",
            statement="Dropout and batch normalisation narrow the gap also where the training loss is the same.",
            parts=tuple(
                Part(LABELS[arm], "at_training_loss", at, arm, "plain", **held) for arm in ("dropout", "batchnorm")
            ),
            threshold=f"supported when the validation loss is lower than the plain network's by more than {self.narrower:g} nats "
            f"where the training loss, evaluated in inference mode, passes {self.same_loss:g}",
            outcomes={"": "Narrower: {supported}. Not by that much: {refuted}. Validation loss: {low} to {high} nats."},
        )

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
            threshold="check of the instrument, up to rounding: the largest residual of all epochs is 0",
            outcomes={
                "supported": "They do in every epoch, arm and replicate: no part of the gap is unexplained.",
                "": "They do: {supported}. They do not: {refuted}.",
            },
        )
