from __future__ import annotations

import base64
import hashlib
import re
import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest

from diagnostics.pages.html import ReportPath
from diagnostics.pages.index import write_index
from diagnostics.pages.run_page import report
from diagnostics.rules import Evidence, Finding, Remedy
from diagnostics.runs.files import write_json
from diagnostics.runs.run import Run, load_run
from diagnostics.runs.writer import RunWriter

HOSTILE = """</script><img src=x onerror=document.title='taken'> ' " & $a_b$ {{ 7 }}"""
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Run:
    """A run whose layers and metrics have names that are markup."""
    names = [HOSTILE, "javascript:alert(1)", "=1+1", "a/b"]
    rows = [
        (step, name, depth, HOSTILE, 10.0**-depth) for step in range(0, 30, 10) for depth, name in enumerate(names, 1)
    ]
    layers = pd.DataFrame(rows, columns=["step", "layer", "depth", "kind", "update_ratio"])
    steps = np.arange(30)
    scalars = pd.DataFrame({"step": steps, "epoch": 0, "split": "train", "loss": 1.0, f"metric {HOSTILE}": 0.5})
    table = [{"layer": name, "depth": depth, "kind": HOSTILE, "parameters": 3} for depth, name in enumerate(names, 1)]
    path = tmp_path_factory.mktemp("runs") / "cost_$5_and_$6 <b>"
    with RunWriter(path, command=HOSTILE, config={HOSTILE: HOSTILE}, seed=0, layer_table=table) as writer:
        writer.append("layers", layers)
        writer.append("scalars", scalars)
    return load_run(path)


@pytest.fixture(scope="module")
def page(run, tmp_path_factory):
    finding = Finding(
        "update_ratio",
        "error",
        HOSTILE,
        HOSTILE,
        HOSTILE,
        layers=(HOSTILE, "javascript:alert(1)"),
        value=0.1,
        threshold=0.05,
        evidence=(Evidence("update_ratio"),),
        remedies=(Remedy("learning_rate", {"factor": 0.1}),),
    )
    return report(run, tmp_path_factory.mktemp("page") / "report.html", findings=[finding])


def hash_of(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def test_the_policy_allows_this_page_its_style_and_script_and_nothing_else(page):
    text = page.read_text(encoding="utf-8")
    allowed = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1].replace("&#39;", "'")
    parts = dict(part.split(" ", 1) for part in allowed.split("; "))
    style, script = (re.search(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)[1] for tag in ("style", "script"))
    assert parts == {
        "default-src": "'none'",
        "img-src": "data:",
        "style-src": hash_of(style),
        "script-src": hash_of(script),
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert text.index("Content-Security-Policy") < text.index("<style")


def test_hostile_names_stay_text(page):
    text = page.read_text(encoding="utf-8")
    assert "<img" not in text and text.count("<script") == 2
    assert not re.findall(r"<[^>]* (?:style|on[a-z]+)=", re.sub(r'="[^"]*"', '=""', text))
    links = re.findall(r'href="([^"]*)"', text)
    assert links and all(link.startswith(("#", "figures/", "data:image/png")) for link in links)


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
def test_in_a_browser_nothing_is_refused_and_the_script_follows_the_address(page, tmp_path):
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        f"--user-data-dir={tmp_path}",
        "--dump-dom",
    ]
    command = [CHROMIUM, *flags, "--enable-logging=stderr", f"file://{page}#layer=a%2Fb&step=20"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert "CONSOLE" not in done.stderr, done.stderr[-2000:]
    assert "<title>taken" not in done.stdout
    assert re.search(r"<output[^>]*>a/b, step 20 · update norm / weight norm, per step: 1 × 10⁻⁴", done.stdout)
    assert 'class="chosen"' in done.stdout and 'aria-current="true"' in done.stdout


def test_a_notebook_shows_the_page_in_a_sandbox(page):
    frame = ReportPath(page)._repr_html_()
    assert 'sandbox="allow-scripts"' in frame and "allow-same-origin" not in frame


def test_a_scenario_cannot_put_a_scheme_into_the_index(tmp_path):
    place = tmp_path / "javascript:alert(1)"
    place.mkdir()
    claims = [{"word": "open", "statement": HOSTILE, "parts": []}]
    write_json(place / "findings.json", {"question": HOSTILE, "answer": HOSTILE, "status": "", "claims": claims})
    text = write_index(tmp_path, {HOSTILE: HOSTILE}, 1.0).read_text(encoding="utf-8")
    assert 'href="javascript%3Aalert%281%29/report.html"' in text and "<img src=x" not in text
