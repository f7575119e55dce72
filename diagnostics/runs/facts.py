"""What ``run.json`` says about how a run was trained: settings, architecture and data, as typed records.

A field that is missing reads as its default: ``None`` for one value, an empty tuple or mapping for several. Runs that were
recorded before a field existed therefore load, and a reader takes the default as "not recorded".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.runs.typed import from_record, key

Shape = tuple[int | None, ...]
"""Sizes of a tensor's axes; ``None`` where the size varies, as that of the batch does."""


@dataclass(frozen=True)
class Component:
    """An object with settings, such as an initializer or a schedule.

    Attributes:
        class_name: its class (``"class"`` in the file); for a function, the function's name.
        settings: its settings by name, as JSON holds them.
    """

    class_name: str = field(default="", metadata=key("class"))
    settings: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Loss(Component):
    """The loss of a training.

    Attributes:
        name: its name in Keras, such as ``"mse"``; empty if it has none.
        from_logits: whether it applies softmax or sigmoid itself; ``None`` if it has no such setting.
        reduction: how the examples' losses become one number, as Keras calls it; ``None`` if the loss does not say.
        output: the model's output that it belongs to; empty if there is one only.
        weight: the factor of this output's loss in the sum; ``None`` if it was not given.
        outputs: one loss per output, where the model has several.
    """

    name: str = ""
    from_logits: bool | None = None
    reduction: str | None = None
    output: str = ""
    weight: float | None = None
    outputs: tuple[Loss, ...] = ()


@dataclass(frozen=True)
class Optimizer(Component):
    """The optimizer of a training.

    Attributes:
        schedule: the learning rate's schedule; ``None`` if the rate is a number.
        clips: how gradients are clipped: ``clipnorm``, ``clipvalue`` or ``global_clipnorm`` with its limit.
    """

    schedule: Component | None = None
    clips: Mapping[str, float] | None = None

    @property
    def learning_rate(self) -> float | None:
        """The learning rate when training began; ``None`` if it is not recorded."""
        rate = self.settings.get("learning_rate")
        return rate if isinstance(rate, float | int) else None


@dataclass(frozen=True)
class InputPipeline:
    """Where the batches come from.

    Attributes:
        kind: ``"arrays"``, ``"tf.data"``, ``"generator"``, ``"PyDataset"``, ``"loop"`` or ``"unknown"``.
        shuffled: whether the order of the examples is random; ``None`` if that cannot be known.
        text: the pipeline's repr (``"repr"`` in the file).
    """

    kind: str = "unknown"
    shuffled: bool | None = None
    text: str = field(default="", metadata=key("repr"))


@dataclass(frozen=True)
class Script:
    """The user's program.

    Attributes:
        path: its file.
        git_commit: the commit that is checked out around it; ``None`` outside a repository.
        git_dirty: whether tracked files differ from that commit; ``None`` if unknown.
    """

    path: str = ""
    git_commit: str | None = None
    git_dirty: bool | None = None


@dataclass(frozen=True)
class Training:
    """The settings of a training; ``None`` means not recorded.

    Attributes:
        loss: the loss.
        optimizer: the optimizer with its settings when training began; ``None`` if there are several.
        optimizers: of several, each by the part of the model that it trains.
        metrics: the names of the metrics.
        precision: the dtype policy, such as ``"float32"`` or ``"mixed_float16"``.
        batch_size: examples per step.
        steps_per_epoch: steps per epoch.
        epochs: epochs asked for.
        run_eagerly: whether the step ran without compilation.
        jit_compile: whether XLA compiled the step.
        steps_per_execution: steps per call of the compiled function.
        input_pipeline: where the batches come from.
        script: the user's program.
    """

    loss: Loss | None = None
    optimizer: Optimizer | None = None
    optimizers: Mapping[str, Optimizer] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    precision: str | None = None
    batch_size: int | None = None
    steps_per_epoch: int | None = None
    epochs: int | None = None
    run_eagerly: bool | None = None
    jit_compile: bool | None = None
    steps_per_execution: int | None = None
    input_pipeline: InputPipeline = InputPipeline()
    script: Script | None = None


@dataclass(frozen=True)
class Layer(Component):
    """One layer of the model.

    Attributes:
        path: the layer's path, as in the table ``layers``.
        activation: the name of its activation; ``None`` if it has none.
        units: channels or neurons of its output; ``None`` if unknown.
        input_shape: shape of its input with the batch axis; ``None`` if unknown or if it takes several tensors.
        output_shape: shape of its output with the batch axis; ``None`` if unknown or if it returns several tensors.
        parameters: weights in the layer, outside the layers that it holds.
        trainable: whether it may be trained.
        trainable_parameters: those of ``parameters`` that are trained.
        initializers: by weight, such as ``"kernel"``.
        regularizers: by weight.
        rate: the dropout rate, for layers that have one.
        inbound: paths of the layers whose outputs it takes, as far as they are known.
        is_output: whether its output is an output of the model.
        then: operations outside of layers that an output passes before it leaves the model, such as ``softmax``.
        model: name of the model that it belongs to.
    """

    path: str = ""
    activation: str | None = None
    units: int | None = None
    input_shape: Shape | None = None
    output_shape: Shape | None = None
    parameters: int = 0
    trainable: bool = True
    trainable_parameters: int = 0
    initializers: Mapping[str, Component] = field(default_factory=dict)
    regularizers: Mapping[str, Component] = field(default_factory=dict)
    rate: float | None = None
    inbound: tuple[str, ...] = ()
    is_output: bool = False
    then: tuple[str, ...] = ()
    model: str = ""


def training_of(metadata: Mapping[str, Any], where: str) -> Training:
    """The settings of a training; all unknown if the run did not record them.

    Args:
        metadata: the content of ``run.json``.
        where: the file, named in errors.

    Raises:
        UsageError: a field has the wrong type.
    """
    return from_record(Training, metadata.get("training") or {}, f"{where}: training")


def architecture_of(metadata: Mapping[str, Any], where: str) -> tuple[Layer, ...]:
    """The layers from input to output; empty if the run did not record them.

    Args:
        metadata: the content of ``run.json``.
        where: the file, named in errors.

    Raises:
        UsageError: a field has the wrong type.
    """
    return from_record(_Architecture, {"layers": metadata.get("architecture") or []}, f"{where}: architecture").layers


@dataclass(frozen=True)
class _Architecture:
    layers: tuple[Layer, ...] = ()
