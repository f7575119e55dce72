"""The page's script, function by function, in Node."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import diagnostics.pages
from diagnostics.pages.html import SCRIPTS

FOLDER = Path(diagnostics.pages.__file__).parent / "templates"
NODE = shutil.which("node")
LAYERS = {"column": "u", "y": "layer", "layers": ["a", "b", "c"]}
MAP = {"x": "step", "box": [100, 20, 200, 90], "limits": [[0, 400], [2.5, -0.5]], "log": [False, False]}
LINES = {"x": "value", "box": [0, 0, 100, 90], "limits": [[0.001, 10], [2.5, -0.5]], "log": [True, False]}
PANEL, PROFILE = json.dumps(LAYERS | MAP), json.dumps(LAYERS | LINES)
CHOICE = {"layer": "x=1&step=2", "step": 0, "column": "u"}
RECORD = "{log: true, limits: [0.001, 10], layers: ['a', 'b'], steps: [0, 10, 20], values: 'AAAAAAAAgD8AAABAAABAQAAAwH8AAIB/'}"
CASES = [
    ("readFragment('#layer=a%2Fb+c%26&step=20')", {"layer": "a/b c&", "step": 20, "column": ""}),
    ("readFragment('#section-3')", {"layer": "", "step": None, "column": ""}),
    (f"readFragment('#' + writeFragment({json.dumps(CHOICE)}))", CHOICE),
    ("[0, 4, 5, 6, 99].map((v) => nearest([0, 10, 20], v))", [0, 0, 0, 1, 2]),
    (f"[0, 10, null].map((step) => readings({RECORD}).at('a', step))", [0, 1, 2]),
    (f"Number.isNaN(readings({RECORD}).at('c', 0))", True),
    (f"[0.001, 10, 1e9, 0, NaN, Infinity].map((v) => level({RECORD}, v, 16))", [0, 15, 15, 17, -1, 16]),
    (
        "[0.25, -0.000012, 1234567, NaN, Infinity, 0].map(written)",
        ["0.25", "−1.2 × 10⁻⁵", "1.23 × 10⁶", "–", "not finite", "0"],
    ),
    (f"pointed({PANEL}, 200, 65)", {"layer": "b", "step": 200}),
    (f"pointed({PANEL}, 100, 20)", {"layer": "a", "step": 0}),
    (f"[holds({PANEL}, 99, 65), holds({PANEL}, 101, 65)]", [False, True]),
    (f"[toPlace({PROFILE}, 0, 0.1), toPlace({PROFILE}, 1, 1)]", [50, 45]),
    (f"Math.round(1000 * toValue({PROFILE}, 0, toPlace({PROFILE}, 0, 0.037)))", 37),
]


@pytest.mark.skipif(NODE is None, reason="needs Node")
def test_the_functions_of_the_script():
    parts = [name for name in SCRIPTS if not name.endswith(("begin.js", "end.js"))]
    code = "".join((FOLDER / name).read_text(encoding="utf-8") for name in parts)
    calls = ", ".join(call for call, _ in CASES)
    done = subprocess.run(
        [NODE, "-e", f"{code}\nconsole.log(JSON.stringify([{calls}]))"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for (call, expected), found in zip(CASES, json.loads(done.stdout), strict=True):
        assert found == pytest.approx(expected) if isinstance(expected, int | float) else found == expected, call


def test_the_script_can_stand_in_a_page():
    code = "".join((FOLDER / name).read_text(encoding="utf-8") for name in SCRIPTS)
    assert "</script" not in code and "<!--" not in code
    assert not {"eval(", "new Function", "innerHTML", "fetch(", "XMLHttpRequest", "import("} & set(code.split())
    assert all(word not in code for word in ("eval(", "innerHTML", "fetch(", "XMLHttpRequest"))
