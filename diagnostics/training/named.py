"""Losses, optimizers and metrics as ``compile`` takes them: by name, or as objects."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, cast

import keras
import tensorflow as tf

from probes.errors import UsageError, unknown_name
from probes.seams.nest import Nest

ACCURACY = ("accuracy", "acc")
"""Names that ``compile`` resolves by the loss."""

OF_LOSS: Mapping[str, Callable[..., keras.metrics.Metric]] = {
    "sparse": keras.metrics.SparseCategoricalAccuracy,
    "categorical": keras.metrics.CategoricalAccuracy,
    "binary": keras.metrics.BinaryAccuracy,
}
"""Kinds of accuracy, by a word in the name of the loss."""


class MeanOf(keras.losses.Loss):
    """The mean over the batch of a function of Keras that returns a loss for each example."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        super().__init__(name=name)
        self._function = function

    def call(self, y_true: Nest, y_pred: Nest) -> tf.Tensor:
        """Losses of the examples; Keras averages them, with sample weights if there are any."""
        return self._function(y_true, y_pred)


def loss_of(given: object) -> Callable[..., Any]:
    """The loss for a name, a function or an object.

    Raises:
        UsageError: no such loss, or nothing that can be called.
    """
    if isinstance(given, str):
        found = _found("loss", given, keras.losses)
        return found if isinstance(found, keras.losses.Loss) else MeanOf(found, given)
    if not callable(given) or inspect.isclass(given):
        do = "give a name such as 'mse', a keras.losses object, or a function of (y_true, y_pred), which may add up several"
        raise _refused("loss", given, do)
    if inspect.isfunction(given) and given.__module__.startswith(keras.losses.mean_squared_error.__module__):
        return MeanOf(given, given.__name__)  # as compile does: Keras' own functions return a loss for each example
    return given


def optimizer_of(given: object) -> keras.optimizers.Optimizer:
    """The optimizer for a name or an object.

    Raises:
        UsageError: no such optimizer, or something else.
    """
    if isinstance(given, str):
        return cast(keras.optimizers.Optimizer, _found("optimizer", given, keras.optimizers))
    if not (hasattr(given, "apply") and hasattr(given, "learning_rate")) or inspect.isclass(given):
        raise _refused("optimizer", given, "give a name such as 'adam', or a keras.optimizers object")
    return cast(keras.optimizers.Optimizer, given)


def metrics_of(given: object, loss: Callable[..., Any]) -> tuple[keras.metrics.Metric, ...]:
    """Metrics for one or several names, functions or objects.

    Args:
        given: what was passed.
        loss: decides which accuracy ``"accuracy"`` is.

    Raises:
        UsageError: no such metric, or something else.
    """
    if given is None:
        return ()
    several = given if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    return tuple(_metric(each, loss) for each in several)


def _metric(given: object, loss: Callable[..., Any]) -> keras.metrics.Metric:
    if isinstance(given, keras.metrics.Metric):
        return given
    if isinstance(given, str) and given in ACCURACY:
        name = str(getattr(loss, "name", None) or getattr(loss, "__name__", "")).lower()
        kind = next((kind for word, kind in OF_LOSS.items() if word in name), keras.metrics.BinaryAccuracy)
        return kind(name=given)
    found = _found("metric", given, keras.metrics) if isinstance(given, str) else given
    if isinstance(found, keras.metrics.Metric):
        return found
    if not callable(found) or inspect.isclass(found):
        raise _refused("metrics", given, "give names such as 'accuracy', or keras.metrics objects")
    return keras.metrics.MeanMetricWrapper(found, name=given if isinstance(given, str) else found.__name__)


def _found(kind: str, name: str, module: ModuleType) -> Callable[..., Any]:
    try:
        return module.get(name)
    except (ValueError, TypeError) as error:
        known = [each for each in dir(module) if not each.startswith("_") and callable(getattr(module, each))]
        raise unknown_name(
            kind, name, {*known} - {"get", "deserialize", "serialize"}, f"Trainer({kind}=...)"
        ) from error


def _refused(argument: str, given: object, do: str) -> UsageError:
    got = f"the class {given.__name__}, not an object of it" if inspect.isclass(given) else repr(given)
    return UsageError(what=f"this cannot be the {argument}", where=f"Trainer({argument}=...)", got=got, do=do)
