"""What the restated tools read of a stored run: curves by epoch, statistics by layer, and what the layers are."""

from __future__ import annotations

import numpy as np
import pandas as pd

from diagnostics.runs.facts import Layer
from diagnostics.runs.run import Run

ACCURACY = ("accuracy", "sparse_categorical_accuracy", "categorical_accuracy", "binary_accuracy")


def losses(run: Run) -> np.ndarray:
    """The training loss of each step, ``[steps]``; empty if none was recorded."""
    scalars = run.scalars
    if "loss" not in scalars:
        return np.zeros(0)
    return scalars.loc[scalars["split"] == "train", "loss"].to_numpy(np.float64)


def epochs(run: Run) -> pd.DataFrame:
    """One row an epoch: loss, val_loss, accuracy, val_accuracy; NaN where it was not recorded.

    ``loss`` is the mean over the epoch's steps, as Keras logs it.
    """
    scalars = run.scalars
    accuracy = next((name for name in ACCURACY if name in scalars), None)
    table = pd.DataFrame()
    for split, prefix in (("train", ""), ("validation", "val_")):
        rows = scalars.loc[scalars["split"] == split] if "split" in scalars else scalars.iloc[:0]
        by_epoch = rows.groupby("epoch")
        for name, column in (("loss", "loss"), ("accuracy", accuracy)):
            missing = column is None or column not in rows
            values = pd.Series(dtype=float) if missing else by_epoch[column].agg("mean" if name == "loss" else "last")
            table[f"{prefix}{name}"] = values if table.empty else values.reindex(table.index)
    return table


def by_layer(run: Run, column: str) -> pd.DataFrame:
    """A statistic as ``[measured steps, layers]``, layers from input to output; without columns if it was not recorded."""
    layers = run.layers
    if column not in layers or layers.empty:
        return pd.DataFrame()
    names, place = np.unique(layers["depth"].to_numpy(), return_inverse=True)
    steps, moment = np.unique(layers["step"].to_numpy(), return_inverse=True)
    values = np.full((len(steps), len(names)), np.nan)
    values[moment, place] = layers[column].to_numpy(np.float64)
    labels = np.empty(len(names), object)
    labels[place] = layers["layer"].astype(str).to_numpy(object)
    return pd.DataFrame(values, index=steps, columns=labels).dropna(axis=1, how="all")


def last_of_epochs(run: Run, table: pd.DataFrame) -> pd.DataFrame:
    """Of a table by step, the last measured step of every epoch."""
    train = run.scalars.loc[run.scalars["split"] == "train"].sort_values("step")
    if table.empty or train.empty:
        return table
    place = np.searchsorted(train["step"].to_numpy(), table.index.to_numpy(), side="right") - 1
    return table.groupby(train["epoch"].to_numpy()[np.maximum(place, 0)]).last()


def output_layers(run: Run) -> list[Layer]:
    """The layers whose output is the model's; empty if the architecture was not recorded."""
    return [layer for layer in run.architecture if layer.is_output]


def activation_of(layer: Layer) -> str:
    """The activation that a layer's output has passed: its own, or that of an operation behind it."""
    own = layer.activation or ""
    if layer.class_name in ("Softmax", "ReLU", "LeakyReLU"):
        return layer.class_name.lower()
    then = getattr(layer, "then", ())
    return then[-1] if then and own in ("", "linear") else own


def hidden_with(run: Run, activations: tuple[str, ...]) -> list[str]:
    """Paths of hidden layers with one of these activations, or that are one of them."""
    chosen = [layer for layer in run.architecture if not layer.is_output]
    return [layer.path for layer in chosen if (layer.activation or layer.class_name.lower()) in activations]


def is_classification(run: Run) -> bool | None:
    """Whether the loss is a cross-entropy or a hinge; ``None`` if it was not recorded."""
    if run.training.loss is None:
        return None
    return any(
        word in f"{run.training.loss.class_name} {run.training.loss.name}".lower() for word in ("entropy", "hinge")
    )


def input_range(run: Run) -> tuple[float, float]:
    """Smallest and largest value of all inputs; NaN if they were not recorded."""
    lows = [each.minimum for each in run.data.inputs if each.minimum is not None]
    highs = [each.maximum for each in run.data.inputs if each.maximum is not None]
    return (min(lows), max(highs)) if lows and highs else (np.nan, np.nan)


def learning_rates(run: Run) -> np.ndarray:
    """The learning rate at each step, without NaN, ``[steps]``."""
    if "learning_rate" not in run.scalars:
        return np.zeros(0)
    rates = run.scalars["learning_rate"].to_numpy(np.float64)
    return rates[~np.isnan(rates)]


def unchanged(values: np.ndarray, count: int) -> bool:
    """Whether any ``count`` values, counted off from the start, are all the same; incomplete ones do not count."""
    whole = values[: len(values) // count * count].reshape(-1, count)
    return bool(len(whole)) and bool((whole == whole[:, :1]).all(axis=1).any())
