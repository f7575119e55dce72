"""The blocks of docs/how_do_i.md, executed in order: Python in one namespace, commands in this process."""

from __future__ import annotations

import linecache
import re
import runpy
import shlex
import sys
from pathlib import Path

import pytest

from diagnostics.pages import html

PAGE = Path(__file__).parents[2] / "docs" / "how_do_i.md"
TEXT = PAGE.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def run_command(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``python -m MODULE ARGUMENTS`` does, without a process and its second TensorFlow."""
    python, option, module, *arguments = shlex.split(line)
    assert (python, option) == ("python", "-m")
    monkeypatch.setattr(sys, "argv", [module, *arguments])
    monkeypatch.delitem(sys.modules, module, raising=False)
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__")
    assert ended.value.code == 0


def test_every_block_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(html, "draw", lambda exhibit, folder: html.Drawn(exhibit, missing="seen elsewhere"))
    names: dict = {"__name__": "how_do_i"}
    for number, (kind, code) in enumerate(BLOCKS):
        if kind == "python":
            place = f"{PAGE}[{number}]"
            linecache.cache[place] = (len(code), None, code.splitlines(keepends=True), place)  # for tf.function
            exec(compile(code, place, "exec"), names)
        else:
            run_command(code, monkeypatch)
    said = capsys.readouterr().out
    assert "vanishing_gradient" in said and "vanishing_gradient  " in said
    assert names["verdict"].word == "supported" and names["verdict"].seeds == 5
    assert len(names["reading"].layers) and len(names["run"].layers)
    assert (tmp_path / "runs" / "all_three" / "report.html").is_file() and (
        tmp_path / "tables" / "layers.csv"
    ).is_file()
    assert list(tmp_path.glob("runs/live/tensorboard/train/*")) and list(tmp_path.glob("boards/relu/train/*"))


def test_there_are_eleven_questions_each_with_a_block():
    parts = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    assert [part.partition(".")[0] for part in parts] == [str(number) for number in range(1, 12)]
    assert all("```" in part and part.splitlines()[0].endswith("?") for part in parts)
    assert {kind for kind, _ in BLOCKS} == {"python", "console"}
