"""Whole folders of results of every kind, to be damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from diagnostics.report import main as report
from diagnostics.runs import manifest
from diagnostics.runs.experiment import run_directory
from tests.kit.bad_input import stored_run

STEPS, BATCH = 12, 8
LAST = {"column": "loss", "split": "train"}
FIGURES = [
    {"kind": "depth_profile", "caption": "By depth.", "parameters": {"column": "gradient_norm", "theory": True}},
    {"kind": "heat_map", "caption": "Norms.", "parameters": {"column": "gradient_norm", "layers": "*"}},
    {"kind": "unit_raster", "caption": "Dead.", "parameters": {"column": "dead_fraction", "layers": "*"}},
    {"kind": "gap", "caption": "Gap.", "parameters": {"column": "loss"}},
    {"kind": "by_arm", "caption": "End.", "parameters": {"column": "loss", "measure": "final_scalar", "of": LAST}},
    {"kind": "by_setting", "caption": "x.", "parameters": {"column": "x", "setting": "rate", "series": "series"}},
    {"kind": "seed_pairs", "caption": "x.", "parameters": {"column": "x", "pairs": [["a", "one", "two"]]}},
    {"kind": "histogram_pair", "caption": "x.", "parameters": {"column": "share", "arms": "*"}},
    {"kind": "curves", "caption": "Loss.", "parameters": {"column": "loss", "split": "train", "guide": "chance"}},
]


def page(path: Path) -> Path:
    """A page with the run in it; ``path`` is the page."""
    run = stored_run(path.with_name("behind-the-page"))
    report([str(run), "--embed-data", "--out", str(path)])
    shutil.rmtree(run)
    return path


def small_scenario(path: Path) -> Path:
    """An experiment of two arms and two seeds with a claim and two figures, without training."""
    part = {
        "label": "loss",
        "measure": "final_scalar",
        "parameters": {"column": "loss", "split": "train"},
        "treated": "one",
        "control": "two",
    }
    part |= {"scale": "difference", "expects": "less", "threshold": 0.0, "margin": None, "unit": "nats"}
    claim = {"name": "better", "statement": "One is better.", "parts": [part], "threshold": "any"}
    claim |= {
        "outcomes": {"": "As stated: {supported}. Not so: {refuted}. From {low} to {high}.", "open": "It is open."}
    }
    arms = {name: {"name": name, "label": name, "settings": {"rate": 0.1}} for name in ("one", "two")}
    about = {"scenario": "tiny", "question": "Does it?", "arms": arms, "seeds": [0, 1], "claims": [claim]}
    about |= {"answers": [{"text": "Nobody knows.", "when": {}}], "figures": FIGURES, "command": "", "about": "It may."}
    about |= {"data": {"name": "digits", "train": 10, "classes": 10}, "config": {"epochs": 1, "batch_size": 2}}
    manifest.create(path, "scenario", about)[0].release()
    for arm in arms:
        for seed in about["seeds"]:
            stored_run(run_directory(path, arm, seed))
    return path


def trained(path: Path, loop: str = "trainer", resume: bool = False) -> Path:
    """A run with probes, checkpoints and, where ``fit`` or `Trainer` met a NaN, a flight record."""
    import keras  # noqa: PLC0415 - not for runs that need none

    import probes  # noqa: PLC0415
    from diagnostics import ProbeCallback, Trainer  # noqa: PLC0415

    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(STEPS * BATCH, 4)).astype(np.float32), draw.integers(0, 3, STEPS * BATCH)
    x[-1, 0] = np.nan
    keras.utils.set_random_seed(3)
    layers = [
        keras.layers.Dense(6, "relu", name="hidden"),
        keras.layers.Dropout(0.2),
        keras.layers.BatchNormalization(),
    ]
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(3, "softmax", name="outputs")])
    loss = "sparse_categorical_crossentropy"
    options = {"checkpoint_every": 5, "flight_recorder": True}
    measured = probes.default(every=2)
    if loop == "trainer":
        made = Trainer(model, "adam", loss, probes=measured, directory=path, seed=3, metrics=["accuracy"], **options)
        made.fit(x, y, batch_size=BATCH, epochs=2, progress=False, resume=resume, shuffle=False)
    else:
        model.compile("adam", loss, metrics=["accuracy"])
        callback = ProbeCallback(path, measured, verbose=0, resume=resume, **options)
        model.fit(x, y, batch_size=BATCH, epochs=2, verbose=0, shuffle=False, callbacks=[callback])
    return path


def fitted(path: Path) -> Path:
    """The same by ``model.fit``."""
    return trained(path, "fit")


LIGHT: dict[str, Callable[[Path], Path]] = {"stored": stored_run, "page": page, "scenario": small_scenario}
HEAVY: dict[str, Callable[[Path], Path]] = {"trainer": trained, "fit": fitted}
"""With TensorFlow."""
SUFFIX = {"page": ".html"}
