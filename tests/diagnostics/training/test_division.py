"""Tasks hold every training once, and keep together what shares a compiled step."""

import itertools

import pytest

from diagnostics.training.division import Task, divided

LONG = {"relu-0.01": 40.0, "relu-0.001": 40.0, "relu-he-0.01": 4.0}
SHORT = {"tanh-0.01": 4.0, "tanh-0.001": 4.0}


@pytest.mark.parametrize("processes", [1, 2, 3, 8])
@pytest.mark.parametrize("seeds", [1, 6, 24])
def test_every_training_is_done_once(processes, seeds):
    tasks = divided([LONG, SHORT], range(seeds), processes)
    done = [(arm, seed) for task in tasks for arm in task.arms for seed in task.seeds]
    assert sorted(done) == sorted(itertools.product([*LONG, *SHORT], range(seeds)))


def test_one_process_keeps_groups_whole():
    assert divided([LONG, SHORT], [3, 4], 1) == [Task(tuple(LONG), (3, 4)), Task(tuple(SHORT), (3, 4))]


def test_only_a_group_that_would_hold_up_the_end_is_divided():
    tasks = divided([LONG, SHORT], range(6), 2)
    assert Task(tuple(SHORT), tuple(range(6))) in tasks
    assert max(LONG[arm] * len(task.seeds) for task in tasks for arm in task.arms if arm in LONG) <= 0.25 * 6 * 92
    assert [task.arms for task in tasks][-1] in [("relu-he-0.01",), tuple(SHORT)]
