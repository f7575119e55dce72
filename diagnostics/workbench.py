"""A scenario made ready for the command line: loaded, changed as asked, and run with a progress bar."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from diagnostics import catalogue
from diagnostics.experiments import Experiment
from diagnostics.options import choose_arms
from diagnostics.progress import progress_bar
from probes.errors import unknown_name


@dataclass(frozen=True)
class Workbench:
    """What is to be run.

    Args:
        scenario: the scenario, with its knobs set.
        arms: those of its arms that are to run.
        seeds: the seeds.
        data: the data set.
    """

    scenario: Any
    arms: tuple[Any, ...]
    seeds: tuple[int, ...]
    data: Any

    @classmethod
    def prepare(
        cls, name: str, changes: Mapping[str, Any], *, quick: bool, arms: str | None, seeds: tuple[int, ...] | None
    ) -> Workbench:
        """Load a scenario by name.

        Args:
            name: the scenario.
            changes: knobs to set; ``None`` leaves one as it is.
            quick: less of everything, unless ``changes`` or ``seeds`` say otherwise.
            arms: comma-separated names and patterns; all when ``None``.
            seeds: the seeds; as many as the scenario wants, from 0 on, when ``None``.

        Raises:
            UsageError: an arm or a data set that is not there.
        """
        with _quiet_import():
            module = importlib.import_module(f"scenarios.{name}")
            load = importlib.import_module("scenarios.data").load
        scenario = getattr(module, catalogue.class_name(name))()
        scenario = scenario.quick() if quick else scenario
        known = scenario.datasets
        if changes.get("data") not in {None, *known}:
            raise unknown_name("data set", str(changes["data"]), known)
        scenario = replace(scenario, **{key: value for key, value in changes.items() if value is not None})
        every = {arm.name: arm for arm in scenario.arms()}
        chosen = tuple(every[arm] for arm in choose_arms(arms, list(every)))
        return cls(scenario, chosen, seeds or tuple(range(scenario.seeds)), load(scenario.data))

    def train(self, directory: Path, command: str) -> Experiment:
        """Train everything, with a progress bar on standard error, and store it in ``directory``."""
        import tensorflow as tf  # noqa: PLC0415

        from diagnostics.experiment import Runner  # noqa: PLC0415

        tf.config.experimental.enable_op_determinism()
        steps = -(-len(self.data.x_train) // self.scenario.batch_size) * self.scenario.epochs
        with progress_bar(steps * len(self.arms) * len(self.seeds)) as advance:

            def tell(arm: str, seed: int, done: int, numbers: Mapping[str, float]) -> None:
                advance(f"{arm}, seed {seed}", done, numbers)

            experiment = Runner(self.scenario, self.data, directory, command, tell).run(self.arms, self.seeds)
        assert experiment is not None
        return experiment


@contextmanager
def _quiet_import() -> Iterator[None]:
    """Keep what TensorFlow's libraries print while they load from standing between the user and the answer."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
