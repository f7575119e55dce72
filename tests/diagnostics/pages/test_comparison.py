from __future__ import annotations

import importlib
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import diagnostics
from diagnostics.compare import main
from diagnostics.figures import layer_maps, layer_overlay, style
from diagnostics.figures.layer_grid import merged
from diagnostics.figures.overlay import looks_of
from diagnostics.pages import differences
from diagnostics.pages.comparison import names_of, page_of
from diagnostics.pages.comparison_tables import settings_table
from diagnostics.runs.experiment import run_directory
from diagnostics.runs.run import Run, load_run
from diagnostics.runs.writer import RunWriter
from probes.errors import UsageError
from tests.kit import figure_frames as frames
from tests.kit.runs import layers_table, scalars_table

STEPS = (0, 10, 20)
NORMS = np.array([[1.0, 2.0], [4.0, 8.0], [16.0, 32.0]])


def stored(path, columns, *, losses=(2.0, 1.0), steps=STEPS, names=None, seed=0, **config) -> Run:
    layers, scalars = layers_table(columns, steps=steps, names=names), scalars_table(losses)
    table = [{"layer": name, "kind": "Dense", "units": 3} for name in dict.fromkeys(layers["layer"])]
    with RunWriter(path, command="train.py", config=config, seed=seed, layer_table=table, probes=["P()"]) as writer:
        writer.append("layers", layers)
        writer.append("scalars", scalars)
    return load_run(path)


@pytest.fixture
def pair(tmp_path) -> dict[str, Run]:
    other = NORMS * [[1, 1], [10, 1], [100, 1]]
    means = np.zeros((3, 2))
    one = stored(tmp_path / "one", {"gradient_norm": NORMS, "activation_mean": means}, rate=0.1, nested={"depth": 2})
    two = stored(
        tmp_path / "two",
        {"gradient_norm": other, "activation_mean": np.add(means, [0.5, -0.25])},
        losses=(2.0, 0.5),
        rate=0.2,
        nested={"depth": 2, "width": 3},
    )
    return {"one": one, "two": two}


def test_only_settings_that_differ_are_shown(pair):
    found = differences.settings(pair)
    assert found.to_dict("index") == {
        "rate": {"one": 0.1, "two": 0.2},
        "nested.width": {"one": differences.ABSENT, "two": 3},
    }


def test_of_the_probes_only_those_that_differ_are_settings(tmp_path):
    runs = {name: stored(tmp_path / name, {"gradient_norm": NORMS}) for name in ("one", "two")}
    for name, run in runs.items():
        run.metadata["probes"] = ["GradientNorm(every=1)", f"Histogram(edges={(1, 2) if name == 'one' else (1, 3)})"]
    found = differences.settings(runs)
    assert found.to_dict("index") == {"probes.Histogram": {"one": "edges=(1, 2)", "two": "edges=(1, 3)"}}


def test_settings_are_shown_without_quotes_and_commits_short(pair):
    pair["one"].config.update(inbound=["a", "b"], commit="1ce887a645e96563bcccae1763133bceb9004ce3")
    rows = {key: values for key, *values in settings_table(pair).rows}
    assert rows["inbound"] == ["a, b", "absent"] and rows["commit"][0] == "1ce887a645e9"


def test_differences_by_layer_are_medians_over_common_steps_largest_first(pair):
    found = differences.by_layer(pair, "gradient_norm", ratio=True)
    assert found["layer"].tolist() == ["hidden_1", "hidden_2"]
    assert found["difference"].tolist() == pytest.approx([1.0, 0.0])  # the middle of 0, 1 and 2 decades
    assert found["first"].tolist()[0] == 10 and np.isnan(found["first"].tolist()[1])
    assert found[["reference", "value", "steps"]].to_numpy().tolist() == [[4.0, 40.0, 3], [8.0, 8.0, 3]]
    linear = differences.by_layer(pair, "activation_mean", ratio=False)
    assert linear["difference"].tolist() == [0.5, -0.25]


def test_a_cadence_that_differs_leaves_the_common_steps(tmp_path):
    one = stored(tmp_path / "a", {"gradient_norm": NORMS})
    two = stored(tmp_path / "b", {"gradient_norm": NORMS * 10}, steps=(0, 5, 20))
    found = differences.by_layer({"a": one, "b": two}, "gradient_norm", ratio=True)
    assert found["steps"].tolist() == [2, 2]
    assert found["difference"].tolist() == pytest.approx([1.0, 1.0])


def test_ratios_of_zeros_and_of_what_is_not_finite():
    a, b = [0.0, 0.0, 2.0, np.inf, 1.0, np.nan], [0.0, 1.0, 0.0, np.inf, -1.0, 1.0]
    assert differences.log_ratio(a, b).tolist()[:4] == [0.0, np.inf, -np.inf, 0.0]
    assert np.isnan(differences.log_ratio(a, b)[4:]).all()


def test_scalars_are_means_over_the_last_epoch_of_each_split(pair):
    found = differences.scalars(pair)
    assert found.loc[("train", "loss")].tolist() == [1.5, 1.25]
    assert differences.uneven_scalars(pair) == ["loss"]


def test_the_page_answers_and_shows_every_statistic_on_common_axes(pair):
    page = page_of(list(pair.values()))
    assert page.answer == (
        "two ends with the lower training loss, 1.25; one ends at 1.5. "
        "The largest difference is in the gradient norm ‖g‖₂: at hidden_1, it is 10 times as large in two as in one."
    )
    names = [exhibit.name for section in page.sections for exhibit in section.figures]
    assert names == ["loss-overlay", "gradient-norm-overlay", "activation-mean-overlay"]
    overview = next(section for section in page.sections if "differ most" in section.heading).tables[0]
    assert overview.rows[0] == ("gradient norm ‖g‖₂", "hidden_1", "4", "40", "+1 decade")
    assert "first difference is at step 0" in overview.caption


def test_a_run_that_diverged_is_named_first(pair, tmp_path):
    lost = stored(tmp_path / "lost", {"gradient_norm": NORMS}, losses=(2.0, np.nan))
    told = page_of([pair["one"], lost]).answer
    assert told.startswith("lost has NaN or Inf from step 1 on.") and "largest difference" not in told


def test_layers_of_different_models_are_named_and_the_common_ones_compared(tmp_path):
    one = stored(tmp_path / "a", {"gradient_norm": NORMS}, names=["in", "out"])
    two = stored(tmp_path / "b", {"gradient_norm": NORMS}, names=["in", "<middle>"])
    page = page_of([one, two])
    layers = next(section for section in page.sections if section.heading == "Layers").tables[0]
    assert layers.rows == (("out", "Dense, 3 units", "absent"), ("<middle>", "absent", "Dense, 3 units"))
    assert page.answer == "These runs agree in every number that they have in common."
    assert differences.by_layer({"a": one, "b": two}, "gradient_norm", ratio=True)["layer"].tolist() == ["in"]


def test_models_without_a_common_layer_and_runs_without_rows(tmp_path):
    one = stored(tmp_path / "a", {"gradient_norm": NORMS}, names=["a", "b"])
    two = stored(tmp_path / "b", {"gradient_norm": NORMS}, names=["c", "d"])
    with RunWriter(tmp_path / "c", command="", config={}, seed=None) as writer:
        writer.append("layers", layers_table({"gradient_norm": NORMS[:0]}, steps=()))
    path = diagnostics.compare([one, two, load_run(tmp_path / "c")], tmp_path / "page" / "report.html")
    text = path.read_text(encoding="utf-8")
    assert "No two runs recorded this statistic" in text and "Not drawn" not in text


def test_runs_that_recorded_nothing_compare_too(tmp_path):
    for name in "ab":
        RunWriter(tmp_path / name, command="", config={"rate": name}, seed=None).finish()
    page = page_of([load_run(tmp_path / name) for name in "ab"])
    assert page.sections[0].tables[0].rows == (("rate", "a", "b"),)


def test_names_drop_what_all_paths_share(tmp_path):
    arms = [run_directory(tmp_path, arm, 0) for arm in ("relu", "tanh")]
    assert names_of(arms) == ["relu", "tanh"]
    assert names_of([run_directory(tmp_path, "relu", seed) for seed in (0, 1)]) == ["seed-0", "seed-1"]
    assert names_of([run_directory(tmp_path, "relu", 0), run_directory(tmp_path, "tanh", 1)]) == [
        "relu/seed-0",
        "tanh/seed-1",
    ]
    assert len(set(names_of([tmp_path, tmp_path / tmp_path.name]))) == 2


def test_the_same_run_twice_is_refused(pair):
    with pytest.raises(UsageError, match="nothing to compare"):
        page_of([pair["one"], pair["one"]])


def test_every_run_of_an_overlay_has_its_line_and_a_look_of_its_own():
    table = frames.layers(steps=5, seeds=1)
    figure = layer_overlay(table.assign(kind="Dense"), "update_ratio", width=style.NARROW)
    drawn = {(line.get_color(), line.get_linestyle()): line for line in figure.axes[0].lines}
    assert len(figure.axes[0].lines) == len(frames.ARMS) and len(figure.axes) == 3
    looks = looks_of([f"run {number}" for number in range(20)])
    assert len({(look["color"], look["ls"]) for look in looks.values()}) == 20
    start = table[(table["step"] == 0) & (table["arm"] == "relu-0.01")].groupby("depth")["update_ratio"].median()
    first = drawn[style.colour("run-1"), "-"]
    np.testing.assert_allclose(np.asarray(first.get_xdata(), float), start)


def test_layers_that_only_one_run_has_stand_where_they_belong():
    assert merged([["a", "b", "out"], ["a", "b", "c", "d", "out"]]) == ["a", "b", "c", "d", "out"]
    assert merged([["a", "out"], ["stem", "a", "out", "head"]]) == ["stem", "a", "out", "head"]


@pytest.mark.parametrize("width", [style.WIDE, style.NARROW])
def test_runs_share_the_rows_of_layers_of_one_name(width):
    short, deep = (layers_table({"gradient_norm": np.ones((3, n))}, steps=STEPS) for n in (2, 4))
    table = pd.concat([short.assign(arm="short"), deep.assign(arm="deep", gradient_norm=0.0)])
    figure = layer_overlay(table, "gradient_norm", width=width)
    first = figure.axes[0]
    names = [text.get_text() for text in first.texts]
    assert names == list(dict.fromkeys(deep["layer"])) and first.get_ylim() == (3.5, -0.5)
    assert "zero" in {text.get_text() for text in figure.legends[0].get_texts()}
    maps = layer_maps(table, "gradient_norm", width=width)
    painted = [[tuple(image.get_extent()[2:]) for image in axes.images] for axes in maps.axes[:2]]
    assert painted == [[(1.5, -0.5)], [(3.5, -0.5)]]


def command(capsys, *arguments: object) -> tuple[int, str, str]:
    status = main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return status, said.out, said.err


def test_the_command_writes_a_page_and_a_summary(pair, tmp_path, capsys):
    status, out, _ = command(capsys, *(run.path for run in pair.values()), "--out", tmp_path / "both")
    assert status == 0 and "+1 decade" in out and "gradient norm" in out
    assert (tmp_path / "both" / "figures" / "loss-overlay.svg").is_file()


@pytest.mark.parametrize("wrong", ["alone", "nowhere", "scenario"])
def test_wrong_use_is_one_message(pair, tmp_path, capsys, wrong):
    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "run.json").write_text('{"kind": "scenario"}')
    places = {"alone": [pair["one"].path], "nowhere": [pair["one"].path, tmp_path / "nowhere"]}
    status, out, error = command(capsys, *places.get(wrong, [pair["one"].path, tmp_path / "scenario"]))
    assert (status, out) == (2, "") and error.count("do this:") == 1


AS_A_MODULE = """
import runpy, sys
sys.modules["tensorflow"] = None
sys.argv[0] = sys.argv.pop(1)
runpy.run_module(sys.argv[0], run_name="__main__")
"""


def test_commands_run_as_modules_without_tensorflow(pair, tmp_path):
    one, two = (str(run.path) for run in pair.values())
    for arguments in (
        ["diagnostics.compare", one, two, "--out", str(tmp_path / "x")],
        ["diagnostics.report", one],
    ):
        words = [sys.executable, "-W", "error", "-c", AS_A_MODULE, *arguments]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 0 and "Report: " in done.stdout, done.stderr
    assert (tmp_path / "one" / "report.html").is_file()


def test_the_module_is_the_function_too(pair, tmp_path):
    importlib.import_module("diagnostics.compare")
    assert vars(diagnostics)["compare"](list(pair.values()), tmp_path / "page.html").is_file()


def test_findings_that_are_gone_or_new_are_told(tmp_path):
    stuck = stored(tmp_path / "stuck", {"gradient_norm": NORMS}, losses=[2.3] * 60)
    learns = stored(tmp_path / "learns", {"gradient_norm": NORMS}, losses=2.3 * 0.9 ** np.arange(60))
    page = page_of([stuck, learns])
    section = page.sections[0]
    assert section.heading == "Findings" and section.tables[0].header == ("finding", "stuck", "learns", "change")
    rows = {row[0]: row[1:] for row in section.tables[0].rows}
    assert rows and all(row[0].startswith(("warning", "error")) and row[-1] == "gone" for row in rows.values())
    assert "Gone in learns: " in page.answer
    back = page_of([learns, stuck])
    assert {row[-1] for row in back.sections[0].tables[0].rows} == {"new"} and "New in stuck: " in back.answer
    three = page_of([stuck, learns, stored(tmp_path / "third", {"gradient_norm": NORMS}, losses=[2.3] * 60)])
    assert three.sections[0].tables[0].header == ("finding", "stuck", "learns", "third")


def test_what_is_the_same_in_all_runs_is_said_in_a_sentence(tmp_path):
    zeros = np.zeros((3, 2))
    one = stored(tmp_path / "a", {"gradient_norm": NORMS, "gradient_nonfinite": zeros})
    two = stored(tmp_path / "b", {"gradient_norm": NORMS * 2, "gradient_nonfinite": zeros})
    page = page_of([one, two])
    same = next(section for section in page.sections if section.heading == "The same in all runs")
    assert same.text == "Gradient entries that are NaN or Inf."
    assert "gradient-nonfinite-overlay" not in [each.name for section in page.sections for each in section.figures]


def test_runs_that_differ_in_their_seed_alone_are_the_yardstick(tmp_path):
    sizes = {"first": (0, 0.1, 1.0), "again": (1, 0.1, 1.5), "other": (0, 0.2, 100.0), "both": (1, 0.2, 120.0)}
    runs = [
        stored(tmp_path / n, {"gradient_norm": NORMS * size}, seed=seed, rate=rate)
        for n, (seed, rate, size) in sizes.items()
    ]
    assert differences.same_but_for_the_seed(dict(zip(sizes, runs, strict=True))) == ["again"]
    table = next(one for one in page_of(runs).sections if "differ most" in one.heading).tables[0]
    assert table.header[-1] == "between repeats" and table.rows[0][2:] == ("both", "+2.08 decades", "0.176 decades")
    assert "again, which repeat it" in table.caption
    two = next(one for one in page_of(runs[::2]).sections if "differ most" in one.heading).tables[0]
    assert "between repeats" not in two.header
