"""Changes of the model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import keras
import numpy as np

from diagnostics.training.remedies.rebuilding import again, rebuilt, recompiled
from diagnostics.training.remedies.training import Settings, Training, only_if
from probes.seams.layers import children

MAPS = (keras.layers.Dense, keras.layers.Conv1D, keras.layers.Conv2D, keras.layers.Conv3D)
"""Layers with a kernel and an activation of their own."""
STARTS = {"relu": "he_normal", "leaky_relu": "he_normal", "elu": "he_normal", "selu": "lecun_normal"}
"""Initialisers by activation; Glorot's for all others."""


def initialization(training: Training, settings: Settings) -> Training:
    """New kernels from the initialiser that suits the activation, orthogonal recurrent ones, biases of 0."""
    for layer in _below(training.model):
        if children(layer):
            continue
        start = STARTS.get(str(getattr(getattr(layer, "activation", None), "__name__", "")), "glorot_uniform")
        for weight in layer.trainable_variables:
            if weight.name == "bias":
                weight.assign(np.zeros(weight.shape))
            elif "kernel" in weight.name and len(weight.shape) > 1:
                kind = "orthogonal" if weight.name == "recurrent_kernel" else start
                weight.assign(keras.initializers.get(kind)(weight.shape))  # pyright: ignore[reportCallIssue, reportOptionalCall]
    return training


def activation(training: Training, settings: Settings) -> Training:
    """Another activation of the hidden layers, with the initialiser that suits it."""
    hidden = [layer for layer in training.model.layers[:-1] if isinstance(layer, MAPS)]
    only_if(hidden, "no dense or convolutional hidden layer")
    for layer in hidden:
        layer.activation = keras.activations.get(settings.get("activation", "relu"))
    return initialization(training, settings)


def normalization(training: Training, settings: Settings) -> Training:
    """Batch normalisation before each hidden activation; or another kind, or another momentum, of what is there."""
    norms = [layer for layer in training.model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    last = training.model.layers[-1]
    if not settings:
        return replace(training, model=rebuilt(training.model, lambda layer: _normalised(layer, layer is last)))
    only_if(norms, "no batch normalisation")
    if "class" in settings:
        return replace(training, model=rebuilt(training.model, lambda layer: [_by_example(layer)]))
    for layer in norms:
        layer.momentum = settings["momentum"]
    return training


def dropout(training: Training, settings: Settings) -> Training:
    """A lower rate of dropout."""
    only_if("rate" in settings, "only you can move the layer")
    layers = [layer for layer in _below(training.model) if (getattr(layer, "rate", None) or 0.0) > settings["rate"]]
    only_if(layers, "no dropout of a higher rate")
    for layer in layers:
        layer.rate = settings["rate"]
    return training


def unfreeze(training: Training, settings: Settings) -> Training:
    """Train all layers."""
    for layer in _below(training.model):
        layer.trainable = True
    recompiled(training.model)
    return training


def output_and_loss(training: Training, settings: Settings) -> Training:
    """The output layer and loss that suit the task."""
    last, y = training.model.layers[-1], training.y
    only_if(isinstance(last, keras.layers.Dense), "the last layer is not dense")
    only_if(np.isfinite(y).all() and (training.task == "real" or y.min() >= 0), "the labels must be mended first")
    columns = int(np.prod(y.shape[1:]))
    units, function, loss = {
        "classes": (int(y.max()) + 1, "softmax", "sparse_categorical_crossentropy")
        if columns == 1
        else (columns, "softmax", "categorical_crossentropy"),
        "binary": (1, "sigmoid", "binary_crossentropy"),
        "labels": (columns, "sigmoid", "binary_crossentropy"),
        "real": (columns, "linear", "mse"),
    }[training.task]
    output = {"units": units, "activation": function}
    model = rebuilt(training.model, lambda layer: [again(layer, **(output if layer is last else {}))])
    low = y.min()
    fitted = training.with_targets(lambda y: (y > low).astype(np.float32)) if training.task == "binary" else training
    return replace(fitted, model=recompiled(model, loss=loss))


def _normalised(layer: keras.Layer, is_last: bool) -> list[keras.Layer]:
    if is_last or not isinstance(layer, MAPS):
        return [again(layer)]
    linear = again(layer, activation="linear")
    return [linear, keras.layers.BatchNormalization(), keras.layers.Activation(layer.activation)]


def _by_example(layer: keras.Layer) -> keras.Layer:
    if isinstance(layer, keras.layers.BatchNormalization):
        return keras.layers.GroupNormalization(groups=1)
    return again(layer)


def _below(layer: keras.Layer) -> Iterator[keras.Layer]:
    for child in children(layer):
        yield child
        yield from _below(child)
