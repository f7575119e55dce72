"""What kind of target and output a loss is made for."""

from __future__ import annotations

import re
from typing import Literal

from diagnostics.runs.facts import Loss

Family = Literal["categorical", "sparse", "binary", "regression", "hinge"]

_FAMILIES: dict[str, Family] = {
    "categorical_crossentropy": "categorical",
    "categorical_focal_crossentropy": "categorical",
    "sparse_categorical_crossentropy": "sparse",
    "binary_crossentropy": "binary",
    "binary_focal_crossentropy": "binary",
    "mean_squared_error": "regression",
    "mean_absolute_error": "regression",
    "mean_absolute_percentage_error": "regression",
    "mean_squared_logarithmic_error": "regression",
    "huber": "regression",
    "log_cosh": "regression",
    "hinge": "hinge",
    "squared_hinge": "hinge",
    "mse": "regression",
    "mae": "regression",
    "mape": "regression",
    "msle": "regression",
}


ALIGNING = ("poisson", "kl_divergence", "cosine_similarity", "categorical_hinge", "dice", "tversky", "circle", "ctc")
"""Other losses of Keras, which give targets and predictions the same number of axes before they compare them."""


def is_own(loss: Loss | None) -> bool:
    """Whether a single loss is the user's own, and not one of Keras."""
    if loss is None or loss.outputs or not loss.class_name:
        return False
    return family_of(loss) is None and not {loss.name, _snake(loss.class_name)} & set(ALIGNING)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


def family_of(loss: Loss | None) -> Family | None:
    """The family of a loss by its class or name; ``None`` for several losses, or one that is not Keras' own."""
    if loss is None or loss.outputs:
        return None
    names = (loss.name, _snake(loss.class_name))
    return next((_FAMILIES[name] for name in names if name in _FAMILIES), None)
