"""Loads a scenario for the command line, applies the options, and runs it with a progress bar."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from diagnostics.commands import catalogue
from diagnostics.commands.options import choose_arms
from diagnostics.commands.quiet import quiet_import, repeatable, without_advice_on_tracing
from diagnostics.runs.experiment import Experiment, load_experiment
from diagnostics.training.progress import progress_bar
from probes.errors import unknown_name

if TYPE_CHECKING:
    from diagnostics.training.contract import ArmLike, DataLike, ScenarioLike
    from diagnostics.training.runner import Runner


@dataclass(frozen=True)
class Workbench:
    """A scenario with the arms, seeds and data to run.

    Args:
        scenario: the scenario, with its fields set.
        arms: the arms to run.
        seeds: the seeds.
        data: the data set.
    """

    scenario: ScenarioLike[ArmLike, DataLike]
    arms: tuple[ArmLike, ...]
    seeds: tuple[int, ...]
    data: DataLike

    @classmethod
    def prepare(
        cls,
        name: str,
        changes: Mapping[str, object],
        *,
        size: str,
        arms: str | None,
        seeds: tuple[int, ...] | None,
        first: int = 0,
    ) -> Workbench:
        """Load a scenario by name.

        Args:
            name: the scenario.
            changes: fields to set; ``None`` keeps the default.
            size: ``quick`` (fewer replicates and epochs, unless ``changes`` or ``seeds`` set them), ``usual`` or ``thorough``.
            arms: comma-separated names and patterns; ``None`` for all.
            seeds: the replicates; ``None`` for the scenario's own number, counted from ``first``.
            first: the first replicate.

        Raises:
            UsageError: an arm or the data set is unknown.
        """
        with quiet_import():
            module = importlib.import_module(f"scenarios.{name}")
            load = importlib.import_module("scenarios.data").load
            repeatable()
        without_advice_on_tracing()
        scenario = getattr(module, catalogue.class_name(name))()
        scenario = scenario if size == "usual" else getattr(scenario, size)()
        known = scenario.datasets
        if changes.get("data") not in {None, *known}:
            raise unknown_name("data set", str(changes["data"]), known)
        scenario = replace(scenario, **{key: value for key, value in changes.items() if value is not None})
        every = {arm.name: arm for arm in scenario.arms()}
        chosen = tuple(every[arm] for arm in choose_arms(arms, list(every)))
        chosen_seeds = seeds or tuple(range(first, first + scenario.seeds))
        return cls(scenario, chosen, chosen_seeds, load(scenario.data, chosen_seeds[0]))

    def train(
        self,
        directory: Path,
        command: str,
        *,
        jobs: int | None = 1,
        backend: str = "loky",
        resume: bool = False,
        tensorboard: bool = False,
    ) -> Experiment:
        """Train every arm with every seed, with a progress bar on standard error, and store the runs in ``directory``.

        Args:
            directory: the scenario's folder.
            command: the command line, stored in ``run.json``.
            jobs: number of parallel processes; ``None`` chooses one for the machine. Results do not depend on it.
            backend: joblib's back-end for several processes: ``loky``, ``dask`` or ``ray``.
            resume: continue in an existing folder and train only the missing runs.
            tensorboard: write TensorBoard's event files into each run's folder, too.

        Raises:
            UsageError: TensorBoard is requested but not installed.
        """
        from diagnostics.training.runner import Runner  # noqa: PLC0415 - TensorFlow

        if tensorboard:
            from diagnostics.training.tensorboard.board import require_tensorboard  # noqa: PLC0415 - TensorFlow

            require_tensorboard()
        runner = Runner(self.scenario, self.data, directory, command, tensorboard=tensorboard)
        with runner.opened(self.arms, self.seeds, resume=resume):
            if jobs == 1:
                self._train_here(runner)
            else:
                self._train_in_processes(runner, jobs, backend)
        return load_experiment(directory)

    def _train_here(self, runner: Runner[ArmLike, DataLike]) -> None:
        steps = -(-len(self.data.x_train) // self.scenario.batch_size) * self.scenario.epochs
        with progress_bar(steps * len(self.arms) * len(self.seeds)) as advance:

            def tell(arm: str, seed: int, done: int, numbers: Mapping[str, float]) -> None:
                advance(f"{arm}, seed {seed}", done, numbers)

            runner.report = tell
            for arm in self.arms:
                runner.train(arm, self.seeds)

    def _train_in_processes(self, runner: Runner[ArmLike, DataLike], jobs: int | None, backend: str) -> None:
        from diagnostics.commands.jobs import train_tasks, usual_jobs  # noqa: PLC0415
        from diagnostics.training.division import divided  # noqa: PLC0415

        jobs = jobs or usual_jobs()
        tasks = divided(runner.alike(self.arms), self.seeds, jobs) if jobs > 1 else []
        if len(tasks) < 2:
            self._train_here(runner)
            return
        with progress_bar(len(self.arms) * len(self.seeds)) as advance:
            train_tasks(runner, tasks, jobs=min(jobs, len(tasks)), backend=backend, advance=advance)
