"""Protocols for the scenario, arm and data that the runner accepts; the classes in ``scenarios`` satisfy them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar

import numpy as np

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from probes.probe import Probe


class ArmLike(Protocol):
    """One training configuration, such as ``scenarios.scenario.Arm``."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def name(self) -> str:
        """Name for folders and the command line."""
        ...

    @property
    def label(self) -> str:
        """Label for figures and tables."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings that distinguish the arm."""
        ...


class DataLike(Protocol):
    """A data set with training and test split, such as ``scenarios.data.Data``."""

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def x_train(self) -> np.ndarray: ...  # noqa: D102
    @property
    def y_train(self) -> np.ndarray: ...  # noqa: D102
    @property
    def x_validation(self) -> np.ndarray: ...  # noqa: D102
    @property
    def y_validation(self) -> np.ndarray: ...  # noqa: D102
    @property
    def x_test(self) -> np.ndarray: ...  # noqa: D102
    @property
    def y_test(self) -> np.ndarray: ...  # noqa: D102
    @property
    def classes(self) -> int: ...  # noqa: D102
    @property
    def second_moment(self) -> float:
        """Mean of x² over the training examples."""
        ...

    def redrawn(self, replicate: int) -> Self:
        """The data with the split of another replicate."""
        ...


class _Record(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


A = TypeVar("A", bound=ArmLike)
D = TypeVar("D", bound=DataLike)


class ScenarioLike(Protocol[A, D]):
    """An experiment; see ``scenarios.scenario.Scenario`` for each member."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    question: ClassVar[str]
    scope: ClassVar[str]
    objection: ClassVar[str]
    evaluates_train_again: ClassVar[bool]
    tests_each_epoch: ClassVar[bool]
    datasets: ClassVar[tuple[str, ...]]

    @property
    def name(self) -> str: ...  # noqa: D102
    @property
    def source(self) -> str: ...  # noqa: D102
    @property
    def about(self) -> str: ...  # noqa: D102
    @property
    def seeds(self) -> int: ...  # noqa: D102
    @property
    def epochs(self) -> int: ...  # noqa: D102
    @property
    def batch_size(self) -> int: ...  # noqa: D102
    @property
    def data(self) -> str: ...  # noqa: D102
    def arms(self) -> tuple[A, ...]: ...  # noqa: D102
    def epochs_of(self, arm: A) -> int: ...  # noqa: D102
    def model(self, arm: A, data: D) -> keras.Model: ...  # noqa: D102
    def optimizer(self, arm: A) -> keras.optimizers.Optimizer: ...  # noqa: D102
    def prepare(self, arm: A, data: D) -> D: ...  # noqa: D102
    def record(self, arm: A, model: keras.Model, data: D) -> Mapping[str, float]: ...  # noqa: D102
    def loss_of(self, arm: A) -> Callable[..., tf.Tensor]: ...  # noqa: D102
    def metrics_of(self, arm: A) -> Sequence[keras.metrics.Metric]: ...  # noqa: D102
    def probes(self) -> tuple[Probe, ...]: ...  # noqa: D102
    def claims(self) -> Sequence[_Record]: ...  # noqa: D102
    def figures(self) -> Sequence[_Record]: ...  # noqa: D102
    def answers(self) -> Sequence[_Record]: ...  # noqa: D102
