"""Synthetic tables for the tests of figures and pages: ten arms, twenty layers, five seeds, and missing and non-finite values."""

from __future__ import annotations

import numpy as np
import pandas as pd

SLOPES = {"relu": 0.006, "sigmoid": 0.627, "tanh": 0.019, "selu": -0.002}
ARMS = {f"{name}-{rate}": (slope, rate) for name, slope in SLOPES.items() for rate in (0.01, 0.001)}
ARMS |= {"relu-bn-0.01": (-0.083, 0.01), "relu-glorot-0.01": (0.1505, 0.01)}
DEPTHS = np.arange(1, 21)


def layers(steps: int = 60, seeds: int = 5) -> pd.DataFrame:
    """activation_gradient_rms and update_ratio of every arm, seed, step and layer."""
    rng = np.random.default_rng(0)
    parts = []
    for arm, (slope, rate) in ARMS.items():
        for seed in range(seeds):
            step = np.linspace(0, 900, steps).astype(int)
            noise = 0.05 * rng.standard_normal((steps, len(DEPTHS))).cumsum(axis=1) * 0.3
            progress = 0 if "sigmoid" in arm else -1.2 * rate / 0.01 * (step / 900)
            log = np.add.outer(progress - 0.3 + 0 * step, slope * (DEPTHS - 20)) + noise + 0.04 * rng.standard_normal()
            gradient = 10.0**log
            parts.append(
                pd.DataFrame(
                    {
                        "arm": arm,
                        "seed": seed,
                        "step": np.repeat(step, len(DEPTHS)),
                        "layer": np.tile([f"hidden_{depth}" for depth in DEPTHS], steps),
                        "depth": np.tile(DEPTHS, steps).astype("int32"),
                        "kind": "Dense",
                        "activation_gradient_rms": gradient.ravel().astype("float32"),
                        "update_ratio": (gradient * rate * 0.3).ravel().astype("float32"),
                    }
                )
            )
    return pd.concat(parts, ignore_index=True)


def broken(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table with zeros, infinities and gaps at places that every figure shows."""
    frame = frame.copy()
    column = frame["activation_gradient_rms"].copy()
    last = frame["step"] == frame["step"].max()
    column[(frame["arm"] == "relu-0.01") & last & (frame["depth"] < 6)] = 0.0
    column[(frame["arm"] == "tanh-0.01") & last & (frame["depth"] > 17)] = np.inf
    column[(frame["arm"] == "selu-0.01") & (frame["depth"] == 10)] = np.nan
    column[frame["arm"] == "selu-0.001"] = np.nan
    frame["activation_gradient_rms"] = column
    return frame


def theory() -> pd.DataFrame:
    """The expected profile of every arm whose theory is known."""
    rows = [(arm, depth, slope * depth) for arm, (slope, _) in ARMS.items() if "-bn-" not in arm for depth in DEPTHS]
    return pd.DataFrame(rows, columns=["arm", "depth", "log10_relative"])


def scalars(steps: int = 900, seeds: int = 5) -> pd.DataFrame:
    """Training loss by step and validation loss by epoch; one arm diverges."""
    rng = np.random.default_rng(1)
    parts = []
    for arm, (slope, rate) in ARMS.items():
        for seed in range(seeds):
            step = np.arange(steps)
            speed = rate / 0.01 * (0.0 if slope > 0.5 else 1.0 - abs(slope) * 3)
            loss = 2.303 * np.exp(-4 * speed * step / steps) + 0.05
            noisy = loss * np.exp(0.15 * rng.standard_normal(steps))
            if arm == "selu-0.01" and seed < 4:
                noisy[700:] = np.nan
                noisy[680:700] = np.inf
            parts.append(pd.DataFrame({"arm": arm, "seed": seed, "step": step, "split": "train", "loss": noisy}))
            every = step[89::90]
            held = pd.DataFrame(
                {"arm": arm, "seed": seed, "step": every, "split": "validation", "loss": loss[every] * 1.1}
            )
            parts.append(held)
    return pd.concat(parts, ignore_index=True)


def slopes() -> pd.DataFrame:
    """Measured depth slopes with intervals, and theory's values."""
    rows = [(arm, slope + 0.003, slope - 0.006, slope + 0.012, slope) for arm, (slope, _) in ARMS.items()]
    table = pd.DataFrame(rows, columns=["label", "effect", "low", "high", "reference"]).assign(unit="decades per layer")
    table.loc[table["label"] == "relu-bn-0.01", "reference"] = np.nan
    return table


def pairs() -> pd.DataFrame:
    """Errors of the control and the treated arm, by comparison and seed."""
    rng = np.random.default_rng(1)
    rows = [(label, seed, *rng.uniform(0.5, 1.5, 2)) for label in ("all", "few", "other") for seed in range(5)]
    return pd.DataFrame(rows, columns=["label", "seed", "control", "treated"])


def histograms() -> pd.DataFrame:
    """Shares of values by bin, before and after, of three arms."""
    rng, middles = np.random.default_rng(2), np.arange(-3.9, 6, 0.2)
    rows = [
        (arm, seed, moment, middle, share)
        for arm in ("standard, 0.5", "alpha, 0.5", "none")
        for seed in range(3)
        for moment in ("before", "after")
        for middle, share in zip(middles, rng.dirichlet(np.ones(len(middles))), strict=True)
    ]
    return pd.DataFrame(rows, columns=["arm", "seed", "moment", "bin", "share"])


def network(count: int, steps: int = 5) -> pd.DataFrame:
    """The table ``layers`` of one run: blocks of convolution, normalisation and sum, the last layer dead, one step of Inf."""
    kinds = {"conv": "Conv2D", "norm": "BatchNormalization", "add": "Add"}
    names = [
        (f"stage_{place // 10}/block_{place}/{part}", kind)
        for place in range(count // 3)
        for part, kind in kinds.items()
    ]
    rows = [
        (10 * step, name, depth, kind, 1e-3 * 10.0 ** (-list(kinds.values()).index(kind)) * 1.01**depth)
        for step in range(steps)
        for depth, (name, kind) in enumerate(names, start=1)
    ]
    frame = pd.DataFrame(rows, columns=["step", "layer", "depth", "kind", "update_ratio"])
    frame.loc[frame["depth"] == len(names), "update_ratio"] = 0.0
    frame.loc[(frame["step"] == 20) & (frame["depth"] == 1), "update_ratio"] = np.inf
    return frame
