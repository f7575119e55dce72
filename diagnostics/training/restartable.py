"""A trainer that trains one model after another with a single compiled step, for the runner of scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from diagnostics.training.facts import settings
from diagnostics.training.seeding import set_host_seeds
from diagnostics.training.trainer import Trainer
from probes.capture.layers import LayerNames


class RestartableTrainer(Trainer):
    """A `Trainer` that reuses its compiled step for another training, and sets seeds without discarding that step."""

    _stands_in: tuple[keras.Model, keras.optimizers.Optimizer] | None = None

    def restart(
        self,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        *,
        directory: str | Path | None,
        config: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:
        """Begin another training.

        Args:
            model: a model of the same structure, whose variables are copied: weights, statistics, random generators.
            optimizer: one of the same kind, whose variables are copied: learning rate, step counter, momentum.
            directory: the new run's folder.
            config: the settings that decide the new run's results.
            seed: the new run's seed.
        """
        optimizer.build(model.trainable_variables)
        self.optimizer.build(self.model.trainable_variables)
        for mine, other in ((self.model, model), (self.optimizer, optimizer)):
            for variable, value in zip(mine.variables, other.variables, strict=True):
                variable.assign(value)
        if self.monitor is not None:
            self.monitor.reset()
        self._directory, self._config, self._seed = directory, dict(config or {}), seed
        self._stands_in = model, optimizer

    def random_kernels(self) -> list[str]:
        """Operations in the compiled step whose random numbers ``set_host_seeds`` does not repeat; see ``seeding``."""
        return self._step.random_kernels()

    def _begin_facts(self, dataset: tf.data.Dataset, epochs: int) -> dict[str, Any]:
        """Record the settings of the model passed to ``restart``: ``self.model`` only took over its variables."""
        if self._stands_in is None:
            return super()._begin_facts(dataset, epochs)
        model, optimizer = self._stands_in
        training = partial(settings.of_trainer, self._step, optimizer, dataset, epochs)
        return self._facts.begin(training, LayerNames(model).entries())

    def _set_seeds(self, seed: int) -> None:
        set_host_seeds(seed)
