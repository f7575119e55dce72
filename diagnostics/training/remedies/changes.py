"""The changes that remedies stand for, by the names that rules give them."""

from __future__ import annotations

import functools

from diagnostics.training.remedies import of_data, of_model, of_optimizer
from diagnostics.training.remedies.rebuilding import NotTriedError
from diagnostics.training.remedies.training import Change, Settings, Training


def _never(training: Training, settings: Settings, why: str) -> Training:
    raise NotTriedError(why)


def _before(training: Training, settings: Settings) -> Training:
    return training  # set before the model is made


CHANGES: dict[str, Change] = {
    "learning_rate": of_optimizer.learning_rate,
    "clipping": of_optimizer.clipping,
    "optimizer": of_optimizer.optimizer,
    "epsilon": of_optimizer.epsilon,
    "regularization": of_optimizer.regularization,
    "penalty": of_optimizer.penalty,
    "initialization": of_model.initialization,
    "activation": of_model.activation,
    "normalization": of_model.normalization,
    "dropout": of_model.dropout,
    "unfreeze": of_model.unfreeze,
    "output_and_loss": of_model.output_and_loss,
    "output_units": of_model.output_and_loss,
    "scale_inputs": of_data.scale_inputs,
    "inputs": of_data.inputs,
    "scale_targets": of_data.scale_targets,
    "labels": of_data.labels,
    "shuffle": of_data.shuffle,
    "batch_size": of_data.batch_size,
    "sample_weight": of_data.sample_weight,
    "early_stopping": of_data.early_stopping,
    "precision": _before,
    "epochs": functools.partial(_never, why="it needs a longer training, and every remedy gets the same budget"),
    "connect": functools.partial(_never, why="only you can know what should be connected"),
}
"""Each takes a training to be and the remedy's settings, and returns another training."""
