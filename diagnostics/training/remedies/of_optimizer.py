"""Changes of the optimizer."""

from __future__ import annotations

import keras

from diagnostics.training.facts.optimizers import optimizer_facts
from diagnostics.training.remedies.rebuilding import recompiled
from diagnostics.training.remedies.training import Settings, Training, only_if

DECAY = 0.1
"""Decay of the weights for a model that learns by heart, ten times what large models are trained with."""


def learning_rate(training: Training, settings: Settings) -> Training:
    """Another rate, by a factor."""
    optimizer = training.model.optimizer
    only_if(optimizer_facts(optimizer).schedule is None, "the learning rate follows a schedule")
    optimizer.learning_rate = float(optimizer.learning_rate) * settings["factor"]
    return training


def clipping(training: Training, settings: Settings) -> Training:
    """Clip each gradient by its norm."""
    training.model.optimizer.clipnorm = settings["clipnorm"]
    return training


def optimizer(training: Training, settings: Settings) -> Training:
    """Another optimizer, at its own rate."""
    recompiled(training.model, getattr(keras.optimizers, settings["class"])())
    return training


def epsilon(training: Training, settings: Settings) -> Training:
    """Another epsilon."""
    training.model.optimizer.epsilon = settings["value"]
    return training


def regularization(training: Training, settings: Settings) -> Training:
    """Decay of the weights, by AdamW at the same rate."""
    rate = float(training.model.optimizer.learning_rate)
    recompiled(training.model, keras.optimizers.AdamW(rate, weight_decay=DECAY))
    return training


def penalty(training: Training, settings: Settings) -> Training:
    """Weaker penalties on the weights, and a weaker decay, by a factor."""
    optimizer, factor = training.model.optimizer, settings["factor"]
    held = [weight for weight in training.model.trainable_variables if weight.regularizer is not None]
    only_if(held or optimizer.weight_decay, "no penalty and no decay")
    for weight in held:
        known = getattr(weight.regularizer, "get_config", dict)()
        weaker = {name: value * factor for name, value in known.items() if name in ("l1", "l2")}
        only_if(weaker, "the penalty is your own")
        weight.regularizer = type(weight.regularizer)(**weaker)
    optimizer.weight_decay = optimizer.weight_decay and optimizer.weight_decay * factor
    return training
