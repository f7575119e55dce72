"""Data in which order matters: tokens and time series, drawn here."""

from __future__ import annotations

import functools

import numpy as np

from tests.benchmarks.judgement.data import Data, split

MARK = 1
"""The token after which `needle` hides its answer."""


@functools.cache
def reviews(words: int = 200, length: int = 20, examples: int = 1600) -> Data:
    """Sentences of tokens from 1 on; some words are good, some bad, most neutral, and the sum of them is the class."""
    rng = np.random.default_rng(0)
    value = np.zeros(words)
    value[2:32], value[32:62] = 1, -1
    often = np.where(value == 0, 1.0, 2.0)
    often[:2] = 0
    x = rng.choice(words, (examples, length), p=often / often.sum())
    total = value[x].sum(axis=1)
    keep = total != 0
    return split("binary", x[keep].astype(np.int32), (total[keep] > 0).astype(np.int64))


@functools.cache
def needle(words: int = 12, length: int = 8, classes: int = 6, examples: int = 2400) -> Data:
    """The class is the token right after a mark that stands anywhere in the sequence."""
    rng = np.random.default_rng(1)
    x = rng.integers(2, words, (examples, length))
    place = rng.integers(0, length - 1, examples)
    y = rng.integers(0, classes, examples)
    rows = np.arange(examples)
    x[rows, place], x[rows, place + 1] = MARK, 2 + y
    return split("classes", x.astype(np.int32), y.astype(np.int64))


@functools.cache
def waves(length: int = 32, examples: int = 1200, classes: int = 3, noise: float = 0.3) -> Data:
    """Noisy sine waves of random phase; the class is the frequency."""
    rng = np.random.default_rng(2)
    y = rng.integers(0, classes, examples)
    angle = 2 * np.pi * ((y[:, None] + 1.5) * np.arange(length) / length + rng.random((examples, 1)))
    x = np.sin(angle) + noise * rng.standard_normal((examples, length))
    return split("classes", x[..., None].astype(np.float32), y.astype(np.int64))


@functools.cache
def forecast(length: int = 24, examples: int = 1200) -> Data:
    """A sum of two waves with noise, mean 0 and deviation about 1; the target is the value that comes next."""
    rng = np.random.default_rng(3)
    time = np.arange(length + 1)
    slow, fast = (rng.random((examples, 1)) * 2 * np.pi for _ in range(2))
    series = np.sin(0.3 * time + slow) + np.sin(0.9 * time + fast) + 0.1 * rng.standard_normal((examples, length + 1))
    return split("real", series[:, :-1, None].astype(np.float32), series[:, -1].astype(np.float32))


@functools.cache
def first_sign(length: int = 40, examples: int = 1500) -> Data:
    """The class is the sign of the first value; all later values are noise: the net has to remember."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((examples, length, 1)).astype(np.float32)
    x[:, 0, 0] = rng.choice([-1.5, 1.5], examples)
    return split("binary", x, (x[:, 0, 0] > 0).astype(np.int64))
