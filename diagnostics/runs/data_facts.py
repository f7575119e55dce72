"""What ``run.json`` says about the data of a run: inputs, targets, outputs, and the loss of the best constant prediction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.runs.facts import Shape
from diagnostics.runs.typed import from_record


@dataclass(frozen=True)
class Values:
    """The range of a tensor's values; ``None`` means not recorded, and non-finite values are left out.

    Attributes:
        name: the input's, target's or output's name.
        dtype: its type as it comes, such as ``"uint8"``.
        shape: its shape with the batch axis.
        minimum, maximum, mean, std: over all values that were seen.
        nonfinite: values that are NaN or infinite.
    """

    name: str = ""
    dtype: str = ""
    shape: Shape = ()
    minimum: float | None = None
    maximum: float | None = None
    mean: float | None = None
    std: float | None = None
    nonfinite: int | None = None


@dataclass(frozen=True)
class Input(Values):
    """An input of the model, over the examples that were seen.

    A feature is one entry of the last axis; for images that is a channel.

    Attributes:
        features: how many features there are; ``None`` for a scalar input.
        feature_mean_largest: the largest absolute mean of a feature.
        feature_std_smallest, feature_std_largest: over the features.
        constant_features: features with one value only.
        nonfinite_features: features with a value that is NaN or infinite.
        zero_fraction: share of the values that are exactly 0, 0 to 1.
    """

    features: int | None = None
    feature_mean_largest: float | None = None
    feature_std_smallest: float | None = None
    feature_std_largest: float | None = None
    constant_features: int | None = None
    nonfinite_features: int | None = None
    zero_fraction: float | None = None


@dataclass(frozen=True)
class Target(Values):
    """A target of the training, over the examples that were seen.

    Attributes:
        integer: whether every value is a whole number.
        classes: distinct labels, or columns of one-hot rows; ``None`` if the target is no label.
        shares: share of each class, in ascending order of the label, up to 1,000 classes; sums to 1.
        weighted_shares: the same by the weights of the examples, in the same order; ``None`` without weights.
        one_hot: whether every example is a row of zeros with a single 1.
        binary: whether every value is 0 or 1.
        autocorrelation: lag-1 autocorrelation along the order in which the examples came, -1 to 1.
        autocorrelation_bound: what absolute autocorrelation exceeds in 5 % of random orders.
    """

    integer: bool | None = None
    classes: int | None = None
    shares: tuple[float, ...] | None = None
    weighted_shares: tuple[float, ...] | None = None
    one_hot: bool | None = None
    binary: bool | None = None
    autocorrelation: float | None = None
    autocorrelation_bound: float | None = None


@dataclass(frozen=True)
class Output(Values):
    """An output of the model in one training step, before the update.

    Attributes:
        step: the step.
        epoch: its epoch.
        spread_over_batch: standard deviation over the batch, averaged over the output's entries (root mean square); 0 means
            that the model says the same of every example.
        most_frequent_share: share of the examples whose largest entry is the most frequent one; ``None`` for one entry.
        rows_sum_to_one: whether the entries of every example are at least 0 and sum to 1.
    """

    step: int = 0
    epoch: int = 0
    spread_over_batch: float | None = None
    most_frequent_share: float | None = None
    rows_sum_to_one: bool | None = None


@dataclass(frozen=True)
class ConstantLoss:
    """The loss of the best constant prediction: what a model reaches that ignores its input.

    Attributes:
        value: in the loss's own reduction; comparable with the recorded loss.
        kind: how it follows from the targets, such as ``"entropy"`` or ``"variance"``.
        weighted: whether the examples had weights, so that a loss without them cannot be compared with it.
    """

    value: float
    kind: str = ""
    weighted: bool = False


@dataclass(frozen=True)
class Data:
    """What the first batches of a training were, and what the model made of them.

    Attributes:
        examples: examples seen; 0 if nothing was recorded.
        batches: batches seen.
        compared_batches: batches of steps that follow one another, which were compared.
        distinct_batches: how many of them differ in mean or deviation of inputs or targets; ``None`` if none were compared.
        inputs: the model's inputs.
        targets: the targets.
        outputs: the model's outputs, in the first batches and at the end of every epoch.
        constant_loss: the loss of the best constant prediction; ``None`` if it is not known.
        alike_weights: by layer path, the share of pairs of units whose incoming weights are the same at step 0, 0 to 1.
    """

    examples: int = 0
    batches: int = 0
    compared_batches: int = 0
    distinct_batches: int | None = None
    inputs: tuple[Input, ...] = ()
    targets: tuple[Target, ...] = ()
    outputs: tuple[Output, ...] = ()
    constant_loss: ConstantLoss | None = None
    alike_weights: Mapping[str, float] = field(default_factory=dict)


def data_of(metadata: Mapping[str, Any], where: str) -> Data:
    """The facts about the data; empty if the run did not record them.

    Args:
        metadata: the content of ``run.json``.
        where: the file, named in errors.

    Raises:
        UsageError: a field has the wrong type.
    """
    return from_record(Data, metadata.get("data") or {}, f"{where}: data")
