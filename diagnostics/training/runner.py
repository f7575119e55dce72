"""Trains every arm of a scenario with every seed, and writes each training as a run of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Generic

import keras
import tensorflow as tf

from diagnostics.runs import manifest
from diagnostics.runs.experiment import Experiment, load_experiment, run_directory
from diagnostics.runs.plan import Plan
from diagnostics.runs.resuming import begin_again, record_failure, resumable
from diagnostics.training.contract import A, D, ScenarioLike
from diagnostics.training.loop import TrainingLoop
from diagnostics.training.seeding import begin_seeding, set_host_seeds
from probes.errors import UsageError

NOT_STRUCTURE = ("initializer", "seed")
"""Parts of a layer's configuration that change its first weights only: models that differ in nothing else share a step."""


Tell = Callable[[str, int, int, Mapping[str, float]], None]
"""Told of progress: arm, seed, steps done since the last time, and the numbers that matter."""


@dataclass
class Runner(Generic[A, D]):
    """Runs a scenario.

    Args:
        scenario: a ``scenarios.Scenario``.
        data: what its ``model`` wants, with ``x_train``, ``y_train``, ``x_test``, ``y_test``.
        directory: the scenario's folder; it must not exist, or be empty.
        command: what was typed, for the record.
        tell: told of progress.
        tensorboard: write TensorBoard's event files into each run's folder, too.
        record: whether probes and the record are on; off for the bare trainings of a benchmark.
    """

    scenario: ScenarioLike[A, D]
    data: D
    directory: Path
    command: str = ""
    tell: Tell = lambda arm, seed, steps, numbers: None
    tensorboard: bool = False
    record: bool = True
    _loops: dict[str, TrainingLoop] = field(default_factory=dict)

    def __post_init__(self) -> None:
        begin_seeding()
        # The same for all arms, so that what measures alike is traced once.
        self._probes = self.scenario.probes() if self.record else ()

    def run(self, arms: Sequence[A], seeds: Iterable[int]) -> Experiment | None:
        """Train all arms with all seeds; a training that fails is recorded as such, and the others go on.

        Returns:
            What was stored, or ``None`` when nothing is recorded.

        Raises:
            UsageError: the folder is occupied or cannot be written.
            KeyboardInterrupt: after everything so far was recorded.
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
        """The scenario's folder: made, or taken up again, and its status set when the block ends.

        Raises:
            UsageError: the folder is occupied or cannot be written; to be resumed, it holds another experiment.
        """
        content = self._content(arms, seeds)
        content = resumable(self.directory, content) if resume else manifest.create(self.directory, "scenario", content)
        status = "failed"
        try:
            yield
            status = "finished"
        except KeyboardInterrupt:
            status = "interrupted"
            raise
        finally:
            manifest.update(self.directory, content | {"status": status, "ended": manifest.now()})

    def alike(self, arms: Iterable[A]) -> list[list[A]]:
        """Arms that share a compiled step together, those with most to train first."""
        groups: dict[str, list[A]] = {}
        layers: dict[str, int] = {}
        for arm in arms:
            model = self.scenario.model(arm, self.scenario.prepare(arm, self.data))
            key = structure(model, self.scenario.optimizer(arm))
            groups.setdefault(key, []).append(arm)
            layers[key] = len(model.layers)
        return [groups[key] for key in sorted(groups, key=lambda key: -layers[key] * len(groups[key]))]

    def train(self, arm: A, seeds: Iterable[int]) -> None:
        """Train one arm with several seeds; those that have finished before are left as they are."""
        for seed in seeds:
            if not self.record:
                self._fit(arm, seed)
            elif begin_again(run_directory(self.directory, arm.name, seed)):
                self._fit_and_record_failure(arm, seed)

    def _fit_and_record_failure(self, arm: A, seed: int) -> None:
        """A training that fails says so in its own record, and need not stop the others."""
        try:
            self._fit(arm, seed)
        except Exception as error:
            self._loops.clear()
            record_failure(run_directory(self.directory, arm.name, seed), self._config(arm), seed, error)

    def _fit(self, arm: A, seed: int) -> None:
        set_host_seeds(seed)
        data = self.scenario.prepare(arm, self.data)
        model, optimizer = self.scenario.model(arm, data), self.scenario.optimizer(arm)
        place = run_directory(self.directory, arm.name, seed) if self.record else None
        loop = self._loop(arm, model, optimizer, place, seed)
        train, validation = self._datasets(data, seed)

        def progress(steps: int, numbers: Mapping[str, float]) -> None:
            self.tell(arm.label, seed, steps, numbers)

        again = self._train_again(data) if self.scenario.evaluates_train_again else None
        options = {"epochs": self.scenario.epochs, "progress": progress, "tensorboard": self.tensorboard}
        loop.fit(train, validation_data=validation, train_again=again, set_seeds=set_host_seeds, **options)
        self._add_recorded(place, self.scenario.record(arm, loop.model, data))

    @staticmethod
    def _add_recorded(place: Path | None, recorded: Mapping[str, float]) -> None:
        """Put what the scenario itself found out beside the run's tables."""
        if place is not None and recorded:
            manifest.update(place, manifest.read(place, "run") | {"recorded": dict(recorded)})

    def _loop(
        self, arm: A, model: keras.Model, optimizer: keras.optimizers.Optimizer, place: Path | None, seed: int
    ) -> TrainingLoop:
        """A training loop for this model: one that has compiled the same step before, where there is one."""
        key, config = structure(model, optimizer), self._config(arm)
        if key in self._loops:
            self._check_seeded(self._loops[key])
            self._loops[key].restart(model, optimizer, directory=place, config=config, seed=seed)
        else:
            scenario = self.scenario
            options = {"directory": place, "config": config, "seed": seed, "metrics": scenario.metrics_of(arm)}
            options |= {"probes": self._probes}
            self._loops[key] = TrainingLoop(model, optimizer, scenario.loss_of(arm), **options)
        return self._loops[key]

    def _check_seeded(self, loop: TrainingLoop) -> None:
        if kinds := loop.random_kernels():
            raise UsageError(
                what="the model draws random numbers that no seed of the training reaches",
                where=f"scenario {self.scenario.name}",
                got=", ".join(kinds),
                do="draw with keras.random and a keras.random.SeedGenerator, as Keras' own layers do",
            )

    def _datasets(self, data: D, seed: int) -> tuple[tf.data.Dataset, tf.data.Dataset]:
        train = _untuned(data.x_train, data.y_train)
        train = train.shuffle(len(data.x_train), seed=seed, reshuffle_each_iteration=True)
        return train.batch(self.scenario.batch_size), _untuned(data.x_test, data.y_test).batch(1024)

    def _train_again(self, data: D) -> tf.data.Dataset:
        """Batches as in training, but in a fixed order that leaves the shuffling of training alone."""
        return _untuned(data.x_train, data.y_train).batch(self.scenario.batch_size)

    def _config(self, arm: A) -> dict[str, Any]:
        knobs = {"epochs": self.scenario.epochs, "batch_size": self.scenario.batch_size, "data": self.data.name}
        return {"command": self.command, "arm": arm.name, **arm.settings, **knobs}

    def _content(self, arms: Sequence[A], seeds: Sequence[int]) -> dict[str, Any]:
        """The scenario's ``run.json``: all that is needed to judge and draw it again without TensorFlow."""
        scenario = self.scenario
        record = {
            "command": self.command,
            "scenario": scenario.name,
            "question": scenario.question,
            "objection": scenario.objection,
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
                "train": len(self.data.x_train),
                "test": len(self.data.x_test),
                "inputs": int(self.data.x_train[0].size),
                "second_moment": self.data.second_moment,
            },
        }
        return Plan.of(record, f"scenario {scenario.name}").record()


def _untuned(*arrays: Any) -> tf.data.Dataset:
    """Examples in memory, without the thread that tunes a pipeline: an epoch would wait up to 80 ms for its end."""
    options = tf.data.Options()
    options.autotune.enabled = False
    return tf.data.Dataset.from_tensor_slices(arrays).with_options(options)


def structure(model: keras.Model, optimizer: keras.optimizers.Optimizer) -> str:
    """What decides the compiled step: the model but for its first weights, the optimizer but for a constant rate."""
    settings = {key: value for key, value in optimizer.get_config().items() if key != "name"}
    if not isinstance(settings["learning_rate"], Mapping):  # a schedule is traced into the step, a number is not
        del settings["learning_rate"]
    whole = {"model": model.get_config(), "optimizer": settings, "kind": type(optimizer).__name__}
    return json.dumps(_without_first_weights(whole), sort_keys=True, default=str)


def _without_first_weights(config: Any) -> Any:
    if isinstance(config, Mapping):
        kept = {key: value for key, value in config.items() if not str(key).endswith(NOT_STRUCTURE)}
        return {key: _without_first_weights(value) for key, value in kept.items()}
    if isinstance(config, (list, tuple)):
        return [_without_first_weights(value) for value in config]
    return config
