"""Scores diagnoses on the labelled trainings: ``python -m tests.benchmarks.judgement``.

Trains the cases that are not stored yet, judges every stored run, and prints who was right. Thresholds may be set on the half
*tuning*; the half *scored* is for the final score only, and of it those cases that nobody has looked at yet: ``--half fresh``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import diagnostics
from diagnostics.runs.run import Run
from tests.benchmarks.judgement import checks, halves, store, tables
from tests.benchmarks.judgement.case import Case, all_cases
from tests.benchmarks.judgement.judge import DIAGNOSE, Judge, judged
from tests.benchmarks.judgement.score import Score
from tests.benchmarks.judgement.tools import judges
from tests.benchmarks.judgement.train import missing, train_all

OUT = Path("build/judgement")
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
"""Lines of a document that the tables go between."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the exit status is 1 where a label is in doubt."""
    options = _options(arguments)
    everything = all_cases()
    chosen = [case for case in everything.values() if options.only in case.full_name]
    chosen = [case for case in chosen if halves.is_in(options.half, case.full_name)]
    chosen = sorted(chosen, key=halves.hash_of)[: options.most]  # so that what is done first is a fair sample of all
    if not options.judge_only:
        _train(chosen if options.again else missing(chosen, options.out), options)
    doubts = checks.doubts({case.full_name: case for case in chosen} | _twins(chosen, everything), options.out)
    for name, doubt in doubts.items():
        print(f"label in doubt: {name}: {doubt}")
    if not options.train_only:
        report(_stored(chosen, options.out), options)
    return 1 if doubts else 0


def report(cases: list[Case], options: argparse.Namespace) -> None:
    """Judge the cases' runs; print the tables, keep them beside the runs, and put them into a document if one is named."""
    others = [] if options.ours_only else judges()
    runs = {case: diagnostics.load_run(store.folder_of(case, options.out)) for case in cases}
    scores = [_score(judge, runs) for judge in [DIAGNOSE, *others]]
    text = f"Half: {options.half}. {tables.all_of(scores)}"
    print(text)
    (options.out / f"{options.half}.md").write_text(text + "\n", encoding="utf-8")
    if options.write is not None:
        before, _, rest = options.write.read_text(encoding="utf-8").partition(BEGIN)
        options.write.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def _train(cases: list[Case], options: argparse.Namespace) -> None:
    for number, (case, trained) in enumerate(train_all(cases, options.out, options.jobs), 1):
        result = f"skill {trained.outcome.skill:.2f}" if trained.outcome else trained.error
        print(f"{number}/{len(cases)} {case.full_name}: {result}, {trained.seconds:.1f} s", flush=True)


def _score(judge: Judge, runs: dict[Case, Run]) -> Score:
    return Score(judge.name, tuple(judged(judge, case, run) for case, run in runs.items()))


def _stored(cases: list[Case], out: Path) -> list[Case]:
    return [case for case in cases if store.note_of(case, out).exists()]  # one without a note is still being trained


def _twins(cases: list[Case], everything: dict[str, Case]) -> dict[str, Case]:
    return {case.twin: everything[case.twin] for case in cases if case.twin}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.judgement", description=__doc__)
    parser.add_argument("--half", choices=halves.PARTS, default="tuning", help="cases to train and judge")
    parser.add_argument("--most", type=int, metavar="N", help="only the first N of them, in the order of their hashes")
    parser.add_argument("--jobs", type=int, default=2, help="processes that train; 0 trains in this one")
    parser.add_argument("--out", type=Path, default=OUT, help=f"folder for the runs (default {OUT})")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases whose name contains this")
    parser.add_argument("--again", action="store_true", help="train cases that are stored, too")
    parser.add_argument("--train-only", action="store_true", help="do not judge")
    parser.add_argument("--judge-only", action="store_true", help="judge what is stored, and train nothing")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the tables into this document, too")
    parser.add_argument("--ours-only", action="store_true", help="do not judge by the rules of other tools")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
