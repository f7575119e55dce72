"""Command lines that nobody should type, for every command: an error in four parts, exit code 2, nothing written, no traceback."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from diagnostics.commands.command import TRACEBACK
from tests.diagnostics.test_bad_input import is_refused, said
from tests.kit.bad_input import stored_run
from tests.kit.good_runs import small_scenario

COMMANDS = ("", "run", "watch", "report", "compare", "diagnose", "export", "replay", "remedy")
NEEDED = {"export": ["--csv"]}
"""Without which nothing else is looked at."""

ODD = {
    "nothing": "",
    "a space": " ",
    "5,000 letters": "x" * 5000,
    "3,000 folders": "a/" * 3000,
    "a null byte": "a\0b",
    "a line break": "a\nb",
    "a terminal's colour": "\x1b[31m",
    "half a character": "\udc80",
    "letters from right to left": "\u202ex",
    "a folder of something else": "folder",
    "an empty folder": "empty",
    "a file": "file.txt",
    "a program": "train.py:",
    "a device": "/dev/null",
    "a folder that is not there": "nowhere/at/all",
    "a pattern": "run*",
    "a link to itself": "loop",
    "an option's value": "=",
    "a formula": "=1+1",
    "a page that is none": "page.html",
}
SCRIPTS = {("watch", "file.txt"), ("watch", "page.html")}
"""A script may have any ending; what Python says to it is its own affair."""
ANYWHERE = {
    "an unknown option": ["--nosuch"],
    "an unknown option with a value": ["--nosuch=1"],
    "an unknown letter": ["-Z"],
    "two dashes and more": ["--", "--nosuch", "nosuch", "nosuch"],
    "an odd option": ["--\x1b[31m"],
    "a long option": ["--" + "x" * 5000],
}
OF_COMMANDS = {
    "run": {
        "no scenario": [],
        "no epochs": ["vanishing_gradient", "--epochs", "0"],
        "epochs of text": ["vanishing_gradient", "--epochs", "x"],
        "half an epoch": ["vanishing_gradient", "--epochs", "1.5"],
        "many epochs": ["vanishing_gradient", "--epochs", "9" * 50],
        "no jobs": ["vanishing_gradient", "--jobs", "0"],
        "jobs of text": ["vanishing_gradient", "--jobs", "many"],
        "a negative first": ["vanishing_gradient", "--first", "-1"],
        "an unknown arm": ["vanishing_gradient", "--arms", "nosuch"],
        "no arm": ["vanishing_gradient", "--arms", ","],
        "unknown data": ["vanishing_gradient", "--data", "nosuch"],
        "an unknown back-end": ["vanishing_gradient", "--jobs", "2", "--backend", "nosuch"],
        "an unknown severity": ["vanishing_gradient", "--fail-on", "nosuch"],
        "two scenarios": ["vanishing_gradient", "dead_relu"],
        "a folder that is used": ["vanishing_gradient", "--out", "run"],
        "a file as folder": ["vanishing_gradient", "--out", "file.txt"],
        "a folder in a file": ["vanishing_gradient", "--out", "file.txt/x"],
        "a run to resume as a scenario": ["vanishing_gradient", "--arms", "relu-0.01", "--out", "run", "--resume"],
        "a path as scenario": ["../scenarios/vanishing_gradient"],
        "a module as scenario": ["shared.source"],
        "a name with an ending": ["vanishing_gradient.py"],
    },
    "watch": {
        "no script": [],
        "a module's option alone": ["-m"],
        "an empty module": ["-m", ""],
        "a module in a folder that is not there": ["-m", "nowhere.at.all"],
        "a share that is none": ["--budget", "x%", "train.py"],
        "a share above all": ["--budget", "1000%", "train.py"],
        "a negative share": ["--budget", "-5%", "train.py"],
        "an unknown severity": ["--fail-on", "nosuch", "train.py"],
        "no folder": ["--out"],
    },
    "report": {
        "no run": [],
        "two runs": ["run", "run"],
        "no page": ["run", "--out", ""],
        "a program as page": ["run", "--out", "train.py"],
        "a page in a file": ["run", "--out", "file.txt/page.html"],
        "a page without an ending": ["run", "--out", "page"],
        "a page of 300 letters": ["run", "--out", "x" * 300 + ".html"],
        "two forms": ["run", "--json", "--markdown"],
        "a page that is there": ["run", "--out", "page.html"],
        "an experiment that is followed": ["scenario", "--follow"],
        "an experiment with data": ["scenario", "--embed-data"],
        "an unknown severity": ["run", "--fail-on", "fatal"],
    },
    "compare": {
        "no run": [],
        "one run": ["run"],
        "an experiment": ["run", "scenario"],
        "a folder that is used": ["run", "run", "--out", "folder"],
        "a file as folder": ["run", "run", "--out", "file.txt"],
        "a null byte as folder": ["run", "run", "--out", "a\0b"],
    },
    "diagnose": {
        "no run": [],
        "two runs": ["run", "run"],
        "an experiment": ["scenario"],
        "no threshold": ["run", "--set", "x"],
        "an unknown rule": ["run", "--set", "nosuch.warning=1"],
        "an unknown field": ["run", "--set", "dead_units.nosuch=1"],
        "a field without a value": ["run", "--set", "dead_units.warning="],
        "a value of text": ["run", "--set", "dead_units.warning=many"],
        "an unknown severity": ["run", "--fail-on", "nosuch"],
    },
    "export": {
        "no form": ["run"],
        "two forms": ["run", "--csv", "--tensorboard"],
        "no run": ["--csv"],
        "a folder that is used": ["run", "--csv", "--out", "folder"],
        "a file as folder": ["run", "--csv", "--out", "file.txt"],
        "a null byte as folder": ["run", "--csv", "--out", "a\0b"],
    },
    "replay": {
        "no run": [],
        "a run without a record": ["run"],
        "an experiment": ["scenario"],
        "half a step": ["run", "--step", "1.5"],
        "a step of text": ["run", "--step", "x"],
        "a negative step": ["run", "--step", "-1"],
        "a function that is not there": ["run", "--build", "nowhere.py:make"],
        "a function without a file": ["run", "--build", "make"],
    },
    "remedy": {
        "no program": [],
        "one seed": ["train.py:make", "--seeds", "1"],
        "seeds of text": ["train.py:make", "--seeds", "x"],
        "no epochs": ["train.py:make", "--epochs", "0"],
        "a function that is not there": ["train.py:nosuch"],
        "a file that is not there": ["nowhere.py:make"],
        "a file without a function": ["train.py"],
        "an arm of a file": ["train.py:make", "--arm", "x"],
        "a scenario without an arm": ["vanishing_gradient"],
        "an unknown arm": ["vanishing_gradient", "--arm", "nosuch"],
        "a file that Python cannot read": ["broken.py:make"],
        "a folder that is used": ["train.py:make", "--out", "folder"],
    },
}
LINES = [
    *((name, case, [word]) for name in COMMANDS for case, word in ODD.items() if (name, word) not in SCRIPTS),
    *((name, case, words) for name in COMMANDS if name != "" for case, words in ANYWHERE.items()),
    *((name, case, words) for name, cases in OF_COMMANDS.items() for case, words in cases.items()),
]


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Path:
    """A place with a run, an experiment, and files that are neither; no command line here may change it."""
    place = tmp_path_factory.mktemp("bad")
    stored_run(place / "run")
    small_scenario(place / "scenario")
    (place / "folder").mkdir()
    (place / "folder" / "mine.txt").write_text("mine")
    (place / "empty").mkdir()
    (place / "train.py").write_text("def make(): ...\n")
    (place / "broken.py").write_text("def make(:\n")
    (place / "loop").symlink_to("loop")
    for name in ("file.txt", "page.html", "x.html"):
        (place / name).write_text("mine")
    return place


@pytest.fixture(autouse=True)
def here(folders, monkeypatch) -> Path:
    monkeypatch.chdir(folders)
    monkeypatch.setenv(TRACEBACK, "1")  # an error that no command expects is none in four parts
    return folders


@pytest.mark.parametrize(("name", "case", "words"), LINES, ids=[f"{name or 'list'}-{case}" for name, case, _ in LINES])
def test_a_command_line_is_refused(name, case, words):
    main = importlib.import_module(f"diagnostics.{name or '__main__'}").main
    more = NEEDED.get(name, []) if case in ODD or case in ANYWHERE else []
    is_refused(main, [*words, *more])


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("run", "remedy", "watch", "")])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(
        st.text(max_size=20) | st.sampled_from(["run", "--out", "--json", "--csv", "-x", "--force", "..", "--"])
    )
)
def test_any_words(name, words, folders):
    if "run" in words or (".." in words and os.path.exists("../run.json")):
        words = [word for word in words if word not in ("run", "--force")]
    code, err = said(importlib.import_module(f"diagnostics.{name}").main, words)
    assert code == 2 or (code == 0 and {"-h", "--help"} & {*words}), err
    assert "Traceback" not in err
