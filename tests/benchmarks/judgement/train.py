"""Trains the cases that are not stored yet, several processes at a time."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import time
import warnings
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.benchmarks.judgement import store
from tests.benchmarks.judgement.case import Case, all_cases

CASES_PER_PROCESS = 20
"""A process that has traced many models grows slow and large."""


def missing(cases: Iterable[Case], out: Path) -> list[Case]:
    """The cases without a stored run by their present program."""
    return [case for case in cases if (old := store.read(case, out)) is None or old.program != store.program_of(case)]


def train_all(cases: Iterable[Case], out: Path, jobs: int) -> Iterator[tuple[Case, store.Trained]]:
    """Train cases, in processes of their own unless ``jobs`` is 0; yields each when it is done."""
    if not jobs:
        for case in cases:
            yield case, train(case, out)
        return
    context = multiprocessing.get_context("spawn")
    waiting, chunk = list(cases), jobs * CASES_PER_PROCESS
    for start in range(0, len(waiting), chunk):  # a new pool each: max_tasks_per_child can hang, CPython issue 115634
        with ProcessPoolExecutor(jobs, context, _quiet) as pool:
            going = {pool.submit(_train_by_name, case.full_name, out): case for case in waiting[start : start + chunk]}
            for done in as_completed(going):
                yield going[done], done.result()


def train(case: Case, out: Path) -> store.Trained:
    """Train one case from a seed of its own, in this process; an exception becomes part of the record."""
    import keras  # noqa: PLC0415 - judging stored runs does not need it

    folder = store.folder_of(case, out)
    shutil.rmtree(folder, ignore_errors=True)
    store.note_of(case, out).unlink(missing_ok=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    keras.backend.clear_session()
    keras.config.set_dtype_policy("float32")
    keras.utils.set_random_seed(zlib.crc32(case.full_name.encode()))
    started, outcome, error = time.perf_counter(), None, ""
    try:
        with warnings.catch_warnings(action="ignore"):
            outcome = case.train(folder)
    except Exception as raised:  # some faults end in an exception, and the run says how far it came
        error = f"{type(raised).__name__}: {raised}"[:500]
    trained = store.Trained(outcome, error, round(time.perf_counter() - started, 2), store.program_of(case))
    store.write(case, out, trained)
    return trained


def _train_by_name(name: str, out: Path) -> store.Trained:
    return train(all_cases()[name], out)


def _quiet() -> None:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
