"""Trains every arm of a scenario with every seed, and stores each training as a separate run."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Generic

import keras
import tensorflow as tf

from diagnostics.runs import manifest
from diagnostics.runs.experiment import Experiment, load_experiment, run_directory
from diagnostics.runs.plan import Plan
from diagnostics.runs.resuming import begin_again, record_failure, resumed
from diagnostics.training.contract import A, D, ScenarioLike
from diagnostics.training.division import Task
from diagnostics.training.restartable import RestartableTrainer
from diagnostics.training.seeding import begin_seeding, set_host_seeds
from probes.errors import UsageError

NOT_STRUCTURE = ("initializer", "seed")
"""Endings of config keys that affect only the initial weights; models that differ only there share a compiled step."""


Report = Callable[[str, int, int, Mapping[str, float]], None]
"""Progress callback: arm, seed, steps since the last call, and the metrics to show."""


@dataclass
class Runner(Generic[A, D]):
    """Runs a scenario.

    Args:
        scenario: a ``scenarios.Scenario``.
        data: the data passed to its ``model``, with ``x_train``, ``y_train``, ``x_test``, ``y_test``.
        directory: the scenario's folder; it must be new or empty.
        command: the command line, stored in ``run.json``.
        report: called with progress.
        tensorboard: write TensorBoard's event files into each run's folder, too.
        record: whether to use probes and store runs; off when a benchmark times plain training.
    """

    scenario: ScenarioLike[A, D]
    data: D
    directory: Path
    command: str = ""
    report: Report = lambda arm, seed, steps, numbers: None
    tensorboard: bool = False
    record: bool = True
    _trainers: dict[str, RestartableTrainer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        begin_seeding()
        # All arms share the probes, so that equal measurements are traced only once.
        self._probes = self.scenario.probes() if self.record else ()

    def run(self, arms: Sequence[A], seeds: Iterable[int]) -> Experiment | None:
        """Train all arms with all seeds; a failed training is recorded as failed, and the others continue.

        Returns:
            The stored experiment, or ``None`` if nothing is recorded.

        Raises:
            UsageError: the folder is not empty or cannot be written.
            KeyboardInterrupt: re-raised once the results so far are stored.
        """
        seeds = tuple(seeds)
        if not self.record:
            for arm in arms:
                self.train(arm, seeds)
            return None
        with self.opened(arms, seeds):
            for arm in arms:
                self.train(arm, seeds)
        return load_experiment(self.directory)

    @contextmanager
    def opened(self, arms: Sequence[A], seeds: Sequence[int], *, resume: bool = False) -> Iterator[None]:
        """Create the scenario's folder, or resume it, and set its status when the block ends.

        Raises:
            UsageError: the folder is not empty or cannot be written, or the folder to resume holds another experiment.
        """
        begin = resumed if resume else partial(manifest.create, kind="scenario")
        held, content = begin(self.directory, content=self._content(arms, seeds))
        status = "failed"
        with held:
            try:
                yield
                status = "finished"
            except KeyboardInterrupt:
                status = "interrupted"
                raise
            finally:
                manifest.update(self.directory, content | {"status": status, "ended": manifest.now()})

    def alike(self, arms: Iterable[A]) -> list[dict[str, float]]:
        """The arms that share a compiled step, as one group each: by name, how long an arm trains (layers × epochs)."""
        groups: dict[str, dict[str, float]] = {}
        for arm in arms:
            model = self.scenario.model(arm, self.scenario.prepare(arm, self.data))
            group = groups.setdefault(structure(model, self.scenario.optimizer(arm)), {})
            group[arm.name] = float(len(model.layers) * self.scenario.epochs_of(arm))
        return list(groups.values())

    def work_off(self, task: Task) -> None:
        """Do the trainings of one task."""
        arms = {arm.name: arm for arm in self.scenario.arms()}
        for name in task.arms:
            self.train(arms[name], task.seeds)

    def train(self, arm: A, seeds: Iterable[int]) -> None:
        """Train one arm with several seeds, skipping runs that have already finished."""
        for seed in seeds:
            if not self.record:
                self._fit(arm, seed)
            elif begin_again(self.directory, arm.name, seed):
                self._fit_and_record_failure(arm, seed)

    def _fit_and_record_failure(self, arm: A, seed: int) -> None:
        """Train once; a failure is stored in the run's record and does not stop the other runs."""
        try:
            self._fit(arm, seed)
        except Exception as error:
            self._trainers.clear()
            record_failure(run_directory(self.directory, arm.name, seed), self._config(arm), seed, error)

    def _fit(self, arm: A, seed: int) -> None:
        set_host_seeds(seed)
        data = self.scenario.prepare(arm, self.data.redrawn(seed))
        model, optimizer = self.scenario.model(arm, data), self.scenario.optimizer(arm)
        place = run_directory(self.directory, arm.name, seed) if self.record else None
        trainer = self._trainer(arm, model, optimizer, place, seed)
        train, validation, test = self._datasets(data, seed)

        def progress(steps: int, numbers: Mapping[str, float]) -> None:
            self.report(arm.label, seed, steps, numbers)

        again = self._train_again(data) if self.scenario.evaluates_train_again else None
        options = {"epochs": self.scenario.epochs_of(arm), "progress": progress, "tensorboard": self.tensorboard}
        options |= {"test_data": test, "test_each_epoch": self.scenario.tests_each_epoch}
        trainer.fit(train, validation_data=validation, train_again=again, **options)
        self._add_recorded(place, self.scenario.record(arm, trainer.model, data))

    @staticmethod
    def _add_recorded(place: Path | None, recorded: Mapping[str, float]) -> None:
        """Store the scenario's own measurements in the run's record."""
        if place is not None and recorded:
            manifest.update(place, manifest.read(place, "run") | {"recorded": dict(recorded)})

    def _trainer(
        self, arm: A, model: keras.Model, optimizer: keras.optimizers.Optimizer, place: Path | None, seed: int
    ) -> RestartableTrainer:
        """A trainer for this model, reusing one that has compiled the same step if possible."""
        key, config = structure(model, optimizer), self._config(arm)
        if key in self._trainers:
            self._check_seeded(self._trainers[key])
            self._trainers[key].restart(model, optimizer, directory=place, config=config, seed=seed)
        else:
            scenario = self.scenario
            options = {"directory": place, "config": config, "seed": seed, "metrics": scenario.metrics_of(arm)}
            options |= {"probes": self._probes}
            self._trainers[key] = RestartableTrainer(model, optimizer, scenario.loss_of(arm), **options)
        return self._trainers[key]

    def _check_seeded(self, trainer: RestartableTrainer) -> None:
        if kinds := trainer.random_kernels():
            raise UsageError(
                what="the model draws random numbers that the training's seed does not control",
                where=f"scenario {self.scenario.name}",
                got=", ".join(kinds),
                do="draw with keras.random and a keras.random.SeedGenerator, as Keras' own layers do",
            )

    def _datasets(self, data: D, seed: int) -> tuple[tf.data.Dataset, tf.data.Dataset, tf.data.Dataset]:
        train = _untuned(data.x_train, data.y_train)
        train = train.shuffle(len(data.x_train), seed=seed, reshuffle_each_iteration=True)
        validation = _untuned(data.x_validation, data.y_validation).batch(1024)
        return train.batch(self.scenario.batch_size), validation, _untuned(data.x_test, data.y_test).batch(1024)

    def _train_again(self, data: D) -> tf.data.Dataset:
        """Batches as in training, but in a fixed order, so that the training's shuffling is unaffected."""
        return _untuned(data.x_train, data.y_train).batch(self.scenario.batch_size)

    def _config(self, arm: A) -> dict[str, Any]:
        knobs = {"epochs": self.scenario.epochs_of(arm), "batch_size": self.scenario.batch_size, "data": self.data.name}
        return {"command": self.command, "arm": arm.name, **arm.settings, **knobs}

    def _content(self, arms: Sequence[A], seeds: Sequence[int]) -> dict[str, Any]:
        """The scenario's ``run.json``: all that is needed to judge and plot the runs without TensorFlow."""
        scenario = self.scenario
        record = {
            "command": self.command,
            "scenario": scenario.name,
            "question": scenario.question,
            "scope": scenario.scope,
            "objection": scenario.objection,
            "source": scenario.source,
            "about": scenario.about,
            "config": asdict(scenario),
            "seeds": list(seeds),
            "arms": {arm.name: asdict(arm) for arm in arms},
            "claims": [asdict(claim) for claim in scenario.claims()],
            "figures": [asdict(figure) for figure in scenario.figures()],
            "answers": [asdict(answer) for answer in scenario.answers()],
            "data": {
                "name": self.data.name,
                "classes": self.data.classes,
                "train": max(len(scenario.prepare(arm, self.data).x_train) for arm in arms),
                "test": len(self.data.x_test),
                "inputs": int(self.data.x_train[0].size),
                "second_moment": self.data.second_moment,
            },
        }
        return Plan.of(record, f"scenario {scenario.name}").record()


def _untuned(*arrays: Any) -> tf.data.Dataset:
    """Examples in memory, without autotuning: an epoch would wait up to 80 ms for the tuning thread to end."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices(arrays).with_options(options)


def structure(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> str:
    """A key for the compiled step: the model without its initial weights, the optimizer without a constant rate."""
    settings = {key: value for key, value in optimizer.get_config().items() if key != "name"}
    # A schedule is traced into the step, a number is read from a variable.
    if not isinstance(settings["learning_rate"], Mapping):
        del settings["learning_rate"]
    whole = {"model": model.get_config(), "optimizer": settings, "kind": type(optimizer).__name__}
    return _renumbered(json.dumps(_without_first_weights(whole), sort_keys=True, default=str))


def _without_first_weights(config: object) -> object:
    if isinstance(config, Mapping):
        kept = {key: value for key, value in config.items() if not str(key).endswith(NOT_STRUCTURE)}
        return {
            key: _without_first_weights(_nameless(value) if key == "activation" else value)
            for key, value in kept.items()
        }
    if isinstance(config, (list, tuple)):
        return [_without_first_weights(value) for value in config]
    return config


def _nameless(activation: object) -> object:
    """An activation that is a layer has a name with a number that counts all such layers of a process."""
    if not isinstance(activation, Mapping) or not isinstance(activation.get("config"), Mapping):
        return activation
    return {**activation, "config": {key: value for key, value in activation["config"].items() if key != "name"}}


def _renumbered(config: str) -> str:
    """Keras counts the inputs of all models of a process; here they count from 0 in each model."""
    numbers: dict[str, int] = {}
    return re.sub(
        r'"input_layer(_\d+)?"', lambda name: f'"input_layer_{numbers.setdefault(name[0], len(numbers))}"', config
    )
