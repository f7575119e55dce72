"""The Python blocks of README.md, executed in order after a beginning that defines the reader's own model and data."""

from __future__ import annotations

import linecache
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from diagnostics.pages import html

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


@pytest.fixture
def yours() -> dict:
    """What the README expects its reader to have."""
    keras.utils.set_random_seed(0)
    x, y = np.random.default_rng(0).normal(size=(32, 4)).astype("float32"), np.arange(32) % 3
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(3)])
    loss_fn, optimizer = keras.losses.SparseCategoricalCrossentropy(from_logits=True), keras.optimizers.Adam()
    model.compile("adam", loss_fn)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(8)
    names = {"model": model, "loss_fn": loss_fn, "optimizer": optimizer, "x": x, "y": y}
    return names | {"train_dataset": data, "valid_dataset": data}


def test_every_block_runs(yours, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(html, "draw", lambda exhibit, folder: html.Drawn(exhibit, missing="tested elsewhere"))
    names = yours | {"__name__": "readme"}
    for number, code in enumerate(BLOCKS):
        place = f"README.md[{number}]"
        linecache.cache[place] = (len(code), None, code.splitlines(keepends=True), place)  # for tf.function
        exec(compile(code, place, "exec", dont_inherit=True), names)
    names["train_step"](names["x"], names["y"])
    assert len(names["monitor"].read().layers)
    assert sorted(folder.name for folder in Path("runs").iterdir()) == ["fit", "trainer"]
    assert Path("runs/trainer/report.html").is_file()
    measured = names["ActivationPeak"](every=1)
    assert measured.columns == ("activation_peak",)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", TEXT):
        assert (ROOT / target).exists(), target
