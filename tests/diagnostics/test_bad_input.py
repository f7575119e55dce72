"""Bad input over command line, Python and files: an error in four parts, exit code 2, no traceback, nothing written."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import diagnostics
from diagnostics.__main__ import main as list_commands
from diagnostics.pages.run_page import page_of
from diagnostics.runs import manifest, part_file
from diagnostics.runs.experiment import load_experiment
from diagnostics.runs.part_file import Part
from diagnostics.runs.run import load_run
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError
from tests.kit.bad_input import FIELDS, WRONG, changed, stored_run

MAIN = {
    name: importlib.import_module(f"diagnostics.{name}").main
    for name in ("run", "watch", "report", "compare", "export")
}
JUNK = st.text(max_size=300).filter(lambda text: not text.startswith("-") and not text.strip(". /"))
TEXT = st.text(max_size=40)
NO_COUNT = st.one_of(
    TEXT.filter(lambda text: not text.isdecimal()), st.integers(-(10**30), 0).map(str), st.just("9" * 5000)
)
FAST = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def said(main, arguments: list[str]) -> tuple[object, str]:
    """Exit code and standard error of a command."""
    err = io.StringIO()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = stop.code
    return code, err.getvalue()


def is_refused(main, arguments: list[str]) -> None:
    before = sorted(Path.cwd().rglob("*"))
    code, err = said(main, arguments)
    assert code == 2, err
    assert (
        err.startswith("error: ")
        and err.count("\n  where: ") == err.count("\n  got: ") == err.count("\n  do this: ") == 1
    )
    assert "Traceback" not in err and len(err) < 5000
    assert sorted(Path.cwd().rglob("*")) == before


@pytest.fixture(autouse=True)
def place(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@FAST
@given(name=st.sampled_from(["report", "compare", "export"]), folder=st.text(min_size=1, max_size=300), other=TEXT)
def test_folders_that_are_none(name, folder, other):
    assume(not os.path.exists(folder.replace("\0", "")) and not folder.startswith("-"))
    is_refused(MAIN[name], {"report": [folder], "compare": [folder, other], "export": [folder, "--csv"]}[name])


@FAST
@given(option=st.sampled_from(["--seeds", "--epochs", "--jobs", "--first"]), value=NO_COUNT)
def test_counts_that_are_none(option, value):
    assume("," not in value)
    is_refused(MAIN["run"], ["vanishing_gradient", f"{option}={value}"])


@FAST
@given(parts=st.lists(st.one_of(TEXT, st.just("1"), st.just("9" * 5000)), min_size=2, max_size=4))
def test_lists_of_seeds_that_are_none(parts):
    given_ = [part.strip() for part in ",".join(parts).split(",") if part.strip()]
    assume(
        not given_ or not all(part.isdecimal() and len(part) < 10 for part in given_) or len(set(given_)) < len(given_)
    )
    is_refused(MAIN["run"], ["vanishing_gradient", f"--seeds={','.join(parts)}"])


@FAST
@given(name=TEXT.filter(lambda text: not text.startswith("-")))
def test_scenarios_that_are_none(name):
    is_refused(MAIN["run"], [name])


@FAST
@given(name=st.sampled_from([*MAIN, ""]), option=st.text("abcdefghijklmnopqrstuvwxyz", min_size=4, max_size=12))
def test_options_that_are_none(name, option):
    assume(
        not any(
            known.startswith(option) for known in ("help", "list", "json", "quick", "resume", "tensorboard", "force")
        )
    )
    is_refused(MAIN[name] if name else list_commands, [f"--{option}-x"])


@FAST
@given(target=JUNK, module=st.booleans())
def test_scripts_that_are_none(target, module):
    assume(not os.path.exists(target.replace("\0", "")))
    is_refused(MAIN["watch"], ["-m", target] if module else [target])


@pytest.mark.parametrize(
    "arguments",
    [
        [""],
        ["-m", ""],
        ["."],
        ["folder"],
        ["x" * 5000],
        ["-m", "x" * 5000],
        ["-m", "x.y.z"],
        ["-m", "package"],
        ["-m", "..package"],
        ["a\0b"],
        ["--budget", "x", "train.py"],
        ["--budget", "-1", "train.py"],
        ["--budget", "nan", "train.py"],
        [],
    ],
)
def test_a_watch_of_nothing_that_runs(place, monkeypatch, arguments):
    (place / "folder").mkdir()
    (place / "package").mkdir()
    (place / "package" / "__init__.py").write_text("")
    (place / "train.py").write_text("")
    monkeypatch.syspath_prepend(place)
    importlib.invalidate_caches()
    with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module("package")  # so that the folder of its bytecode is there before
    is_refused(MAIN["watch"], arguments)


@pytest.mark.parametrize("seeds", ["1000000000", "10001", "0", "-1", "1e3", "1,1", ",", "", " "])
def test_seeds_that_cannot_be_run(seeds):
    is_refused(MAIN["run"], ["vanishing_gradient", f"--seeds={seeds}"])


@pytest.mark.parametrize("words", [["--nosuch"], ["nosuch"], ["run"], ["--help", "x"], ["-x"]])
def test_the_list_of_commands_takes_no_words(words):
    is_refused(list_commands, words)


def test_the_list_of_commands_is_printed():
    assert said(list_commands, [])[0] == said(list_commands, ["--help"])[0] == 0


@pytest.mark.parametrize("name", ["report", "compare", "export"])
def test_what_is_there_is_not_overwritten(place, name):
    stored_run(place / "a")
    stored_run(place / "b")
    (place / "train.py").write_text("mine")
    (place / "page.html").write_text("mine")
    cases = {
        "report": [
            ["a", "--out", "train.py"],
            ["a", "--out", "page.html"],
            ["a", "--out", "a"],
            ["a", "--out", "new.py"],
        ],
        "compare": [["a", "b", "--out", "a"], ["a", "b", "--out", "train.py"], ["a", "b", "--out", "page.html/x"]],
        "export": [
            ["a", "--csv", "--out", "b"],
            ["a", "--csv", "--out", "train.py"],
            ["a", "--csv", "--out", "page.html/x"],
        ],
    }
    for arguments in cases[name]:
        is_refused(MAIN[name], arguments)
    assert (place / "train.py").read_text() == (place / "page.html").read_text() == "mine"


def test_a_name_with_dollar_signs_is_no_formula(place):
    stored_run(place / "cost_$5_and_$6")
    stored_run(place / "b_$x")
    assert said(MAIN["compare"], ["cost_$5_and_$6", "b_$x", "--out", "page"]) == (0, "")
    assert "cost_$5_and_$6" in (place / "page" / "report.html").read_text()


BAD = [
    None,
    3,
    2.5,
    True,
    b"x",
    [],
    {},
    object(),
    "",
    "\0",
    "nowhere",
    "x" * 5000,
    "a/" * 3000,
    np.zeros(2),
    Path("nowhere"),
]
CALLS = {
    "load_run": load_run,
    "load_experiment": load_experiment,
    "diagnose": diagnostics.diagnose,
    "report": lambda bad: diagnostics.report(bad, "page.html"),
    "report to": lambda bad: diagnostics.report(load_run("run"), bad),
    "compare": lambda bad: diagnostics.compare([bad, bad], "page.html"),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("bad", BAD, ids=lambda bad: f"{bad!r:.20}")
def test_arguments_that_are_none(place, call, bad):
    stored_run(place / "run")
    before = sorted(place.rglob("*"))
    with pytest.raises(UsageError):
        CALLS[call](bad)
    assert sorted(place.rglob("*")) == before


def cyclic() -> dict:
    config: dict = {"a": []}
    config["a"].append(config)
    return config


def deep() -> dict:
    config: dict = {}
    for _ in range(150):
        config = {"a": config}
    return config


WRITER = {
    "a cycle": {"config": cyclic()},
    "deep": {"config": deep()},
    "large": {"config": {"x": "x" * (65 << 20)}},
    "a list": {"config": [1]},
    "no config": {"config": None},
    "a seed of text": {"seed": "0"},
    "a fraction": {"seed": 0.5},
    "a huge seed": {"seed": 10**30},
    "a truth value": {"seed": True},
}


@pytest.mark.parametrize("case", WRITER)
def test_a_run_that_could_not_be_read_back_is_refused_at_the_start(place, case):
    with pytest.raises(UsageError):
        RunWriter("run", **({"command": "", "config": {}, "seed": 0} | WRITER[case]))
    assert not (place / "run" / "run.json").exists()


class Shy:
    def __repr__(self) -> str:
        raise ValueError("no")


def test_a_config_that_cannot_be_encoded_is_recorded_as_well_as_it_can(place):
    RunWriter("run", command="\ud800", config={"\udfff": Shy(), "x": "\ud800"}, seed=np.int64(3)).finish()
    config = load_run("run").config
    assert "whose repr raises ValueError" in str(config) and json.dumps(config).encode()


FRAMES = [
    None,
    3,
    "x",
    [1],
    {"step": [0]},
    pd.Series([1]),
    pd.DataFrame({"a": [1]}),
    pd.DataFrame({"step": ["x"], "layer": "a"}),
]
FRAMES += [
    pd.DataFrame({"step": [0], "layer": ["a"], "q": [object()]}),
    pd.DataFrame({"step": [2**70], "layer": ["a"]}),
]
FRAMES += [pd.DataFrame({"step": [0.5], "layer": ["a"]}), pd.DataFrame({"step": [None], "layer": ["a"]})]


@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: f"{type(frame).__name__}")
def test_rows_that_are_none(place, frame):
    with RunWriter("run", command="", config={}, seed=0) as run, pytest.raises(UsageError):
        run.append("layers", frame)
    assert load_run("run").status == "finished"


def opens_or_explains(folder: Path) -> bool:
    """Whether a run opens, up to its page; anything but an error in four parts is raised."""
    try:
        run = load_run(folder)
        page_of(run, diagnostics.diagnose(run))
    except UsageError:
        return False
    return True


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.filterwarnings("ignore:not read")
@settings(FAST, max_examples=20)
@given(changes=st.dictionaries(st.sampled_from(FIELDS), JSON, min_size=1, max_size=3))
def test_any_values_in_the_fields_of_run_json(tmp_path_factory, changes):
    folder = stored_run(tmp_path_factory.mktemp("json") / "run")
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps(record | changes))
    opens_or_explains(folder)


@pytest.mark.filterwarnings("ignore:not read")
@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: f"{wrong!r:.20}")
def test_a_wrong_type_in_every_field(place, wrong):
    folder = stored_run(place / "run")
    record = json.loads((folder / "run.json").read_text())
    for at, content in changed(record, wrong):
        (folder / "run.json").write_text(json.dumps(content))
        try:
            manifest.read(folder, "run")
        except UsageError as error:
            assert error.where.startswith(str(folder)), at


@settings(FAST, max_examples=100)
@given(content=st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode()))
def test_any_bytes_in_run_json(tmp_path_factory, content):
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "run.json").write_bytes(content)
    opens_or_explains(folder)


LARGE = {
    "100 MB": b'{"config": "' + b"x" * (100 << 20) + b'"}',
    "deep lists": b'{"config": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "deep mappings": b'{"config": ' + b'{"a":' * 200 + b"1" + b"}" * 201,
    "a number of 10,000 digits": b'{"seed": ' + b"9" * 10_000 + b"}",
    "half a pair of surrogates": b'{"command": "\\ud800"}',
    "a newer version": b'{"schema_version": 99}',
    "a version of text": b'{"schema_version": "1"}',
    "an unknown kind": b'{"kind": "film"}',
    "a kind that is a list": b'{"kind": []}',
    "Latin 1": '{"command": "ä"}'.encode("latin-1"),
    "UTF-16": '{"command": "x"}'.encode("utf-16"),
    "a key twice": b'{"seed": 1, "seed": "x"}',
}


@pytest.mark.parametrize("name", LARGE)
def test_a_run_json_that_is_large_deep_or_odd(place, name):
    (place / "run.json").write_bytes(LARGE[name])
    opened = opens_or_explains(place)
    assert opened == (name in ("half a pair of surrogates",))
    assert opened or said(MAIN["report"], ["."])[0] == 2


COLUMN = st.sampled_from(["step", "layer", "depth", "kind", "gradient_norm", "dead_fraction", "zero_fraction", "odd"])
VALUES = st.sampled_from(
    [
        [0, 1],
        [-1, 2**40],
        [None, None],
        [float("nan"), float("inf")],
        ["a", "b"],
        ["", "a" * 300],
        [None, "x"],
        ["<b>$x_y$\n", "\u202e../.."],
        [True, False],
        [[1.0], [2.0]],
        [[], None],
        [b"x", b"y"],
        [{"a": 1}, None],
    ]
)


@pytest.mark.filterwarnings("ignore:not read")
@settings(FAST, max_examples=30)
@given(columns=st.dictionaries(COLUMN, VALUES, max_size=6), table=st.sampled_from(["layers", "units", "scalars"]))
def test_any_columns_in_a_part(tmp_path_factory, columns, table):
    folder = stored_run(tmp_path_factory.mktemp("part") / "run")
    content = pa.table({name: pa.array(values) for name, values in columns.items()})
    (path,) = (folder / table).iterdir()
    part_file.write(path, content.schema, [content], Part(0, 1), 1 << 20)
    assert opens_or_explains(folder)
