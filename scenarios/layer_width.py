"""Do widths that are powers of 2 make a training step more efficient?

A dense layer spends its time on matrix products, whose inner loops process 8 or 16 numbers at once and whose blocks fit into
the caches. When the width is not a multiple of the vector length, the remainder is processed separately; its share shrinks as
the layer grows. A power of 2 is such a multiple, but so is 48 or 96. Powers of 2 can also be slower, when rows a power of 2
apart compete for the same cache lines. Only a measurement on a given machine can decide. Here all widths are timed in turn,
as time per multiply-add, so that changes in the speed of the machine affect all of them equally.

References: Goto and van de Geijn 2008, Anatomy of high-performance matrix multiplication (ACM TOMS 34); Lam, Rothberg and Wolf
1991, The cache performance and optimizations of blocked algorithms (ASPLOS IV).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, cast

import keras
import numpy as np
import tensorflow as tf

from probes.gradient_norm import GradientNorm
from probes.probe import Probe
from scenarios.data import Data
from scenarios.scenario import Answer, Arm, Claim, Figure, Part, Scenario
from scenarios.shared.layers import classifier

PRODUCTS = 5
"""Matrix products per step with two layers: two forward, two for weight gradients, one back to the first layer's output."""


@dataclass(frozen=True, kw_only=True)
class LayerWidth(Scenario):
    """Two dense layers of equal width, forward, backward and update, timed at widths around the powers of 2.

    Args:
        powers: the powers of 2.
        decimals: round decimal numbers below and above each of them.
        multiples: widths below and above each power of 2 that are multiples of 16 and no powers of 2.
        batches: examples in a step; one arm each.
        rounds: rounds in which every width is timed once, each in a new random order; the fastest time counts, because
            other work on the machine can only slow a step down.
        work: multiply-adds in one timing: a few milliseconds, far above the resolution of the clock.
        faster: a width is more efficient when its time per multiply-add is lower by more than this share; a few times what 24
            replicates leave uncertain.
    """

    seeds: int = 6
    epochs: int = 1
    powers: tuple[int, ...] = (64, 128, 256, 512)
    decimals: tuple[tuple[int, int], ...] = ((60, 70), (120, 130), (250, 260), (500, 520))
    multiples: tuple[tuple[int, int], ...] = ((48, 96), (96, 192), (192, 384), (384, 768))
    batches: tuple[int, ...] = (32, 256)
    rounds: int = 15
    work: float = 5e7
    faster: float = 0.02

    question: ClassVar = "Are powers of 2 the most efficient widths?"
    scope: ClassVar = (
        "Each replicate repeats the timing, with all widths interleaved in a new order. Varied: width and batch size. Not varied: "
        "the machine, the library, float32, two dense layers. The result holds for this machine and library only."
    )
    objection: ClassVar = (
        "The tests cover one machine, one numerical library, float32 and dense layers; other widths may be best on another "
        "processor or a GPU. The replicates repeat the timing on the same machine."
    )
    less: ClassVar = {"rounds": 5}

    def arms(self) -> tuple[Arm, ...]:
        """One arm per batch size, in which all widths are timed; each replicate repeats the timing."""
        return tuple(Arm(f"batch-{size}", f"batches of {size}", {"timed_batch": size}) for size in self.batches)

    def model(self, arm: Arm, data: Data) -> keras.Model:
        """A small classifier, trained for one epoch to warm the machine up before the timing."""
        return classifier(data)

    def optimizer(self, arm: Arm) -> keras.optimizers.Optimizer:
        """Plain SGD."""
        return keras.optimizers.SGD(0.01)

    def probes(self) -> tuple[Probe, ...]:
        """A probe of the warm-up training; the timed steps have none."""
        return (GradientNorm(every=45),)

    def record(self, arm: Arm, model: keras.Model, data: Data) -> Mapping[str, float]:
        """Time per multiply-add of every width, and of every power of 2 against what others around it would take there."""
        cost = self._costs(arm.settings["timed_batch"])
        found = {f"picoseconds@{width}": 1e12 * seconds for width, seconds in cost.items()}
        for name, pairs in self._around.items():
            for power, (low, high) in zip(self.powers, pairs, strict=True):
                found[f"{name}@{power}"] = cost[power] / between(power, (low, cost[low]), (high, cost[high])) - 1
        return found

    def claims(self) -> tuple[Claim, ...]:
        """Powers of 2 against their neighbours, round decimals and other multiples of 16."""
        names = {
            "against_neighbours": ("a layer with one unit more or less", "its two neighbours"),
            "against_decimal": ("a layer of a round number of units", _listed(self.decimals)),
            "against_multiples": ("a layer whose width is another multiple of 16", _listed(self.multiples)),
        }
        return tuple(
            self._claim(
                name, f"A layer whose width is a power of 2 takes less time per multiply-add than {than}.", other
            )
            for name, (than, other) in names.items()
        )

    def figures(self) -> tuple[Figure, ...]:
        """Time against width, and the powers of 2 against their neighbours."""
        width = {"x": "width of the layers (units)"}
        share = {"guide": [0.0, "as fast"]} | width
        return (
            Figure(
                "by_setting",
                "Time per multiply-add against width. In narrow layers it is high, because the fixed cost of a step is spread over "
                "little work; in wide layers it may rise again, where rows no longer fit into a cache. Each cluster of points is "
                "a power of 2 with its two neighbours and the round decimals around it.",
                {"column": "picoseconds", "options": {"label": "time per multiply-add (ps)"} | width},
            ),
            Figure(
                "by_setting",
                "Each power of 2 compared with its two neighbours: −0.1 is a tenth less time per multiply-add. Points below the "
                "dotted line are powers of 2 that are faster.",
                {"column": "against_neighbours", "options": {"label": "time against the neighbours' (share)"} | share},
            ),
            Figure(
                "by_setting",
                "Each power of 2 compared with the round decimals below and above it, interpolated at the power of 2 so that the "
                "fixed cost of a step falls on both alike. Points below the dotted line are powers of 2 that are faster.",
                {"column": "against_decimal", "options": {"label": "time against the round decimals' (share)"} | share},
            ),
            Figure(
                "by_setting",
                "Each power of 2 compared with the multiples of 16 below and above it that are no powers of 2. Points above the "
                "dotted line are powers of 2 that are slower.",
                {
                    "column": "against_multiples",
                    "options": {"label": "time against the multiples of 16 (share)"} | share,
                },
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return (
            Answer(
                f"Yes, on this machine: at every width and batch size tried, a power of 2 takes at least {100 * self.faster:g} % "
                "less time per multiply-add than widths around it.",
                {"against_neighbours": "supported", "against_decimal": "supported"},
            ),
            Answer(
                f"Not in general: on this machine some power of 2 is not {100 * self.faster:g} % faster than the widths next to it.",
                {"against_neighbours": "refuted"},
            ),
            Answer(
                "Not always: on this machine, whether a power of 2 is faster than the widths next to it depends on width and batch "
                "size.",
                {"against_neighbours": "mixed"},
            ),
            Answer(
                "Whether a power of 2 is faster than the widths next to it is not settled.",
                {"against_neighbours": "open"},
            ),
            Answer(
                "A power of 2 is faster than the widths next to it, but not always faster than a round decimal.",
                {"against_neighbours": "supported", "against_decimal": "refuted|mixed|open"},
            ),
            Answer(
                "Nor is it always faster than a round decimal.",
                {"against_neighbours": "refuted", "against_decimal": "refuted"},
            ),
            Answer(
                "Whether it is faster than a round decimal depends on width and batch size.",
                {"against_neighbours": "refuted|mixed|open", "against_decimal": "mixed"},
            ),
            Answer(
                "A multiple of 16 that is no power of 2, such as 48 or 96, can do as well: against these, some powers of 2 are "
                "faster and others are not.",
                {"against_multiples": "mixed"},
            ),
            Answer(
                "Against other multiples of 16, such as 48 and 96, no power of 2 was shown to be faster.",
                {"against_multiples": "refuted"},
            ),
            Answer("A power of 2 is also faster than other multiples of 16.", {"against_multiples": "supported"}),
            Answer(
                "Whether a power of 2 is faster than other multiples of 16 is not settled.",
                {"against_multiples": "open"},
            ),
        )

    @property
    def _around(self) -> dict[str, tuple[tuple[int, int], ...]]:
        """By claim, the widths below and above each power of 2."""
        neighbours = tuple((power - 1, power + 1) for power in self.powers)
        return {"against_neighbours": neighbours, "against_decimal": self.decimals, "against_multiples": self.multiples}

    def _claim(self, name: str, statement: str, other: str) -> Claim:
        return Claim(
            name=name,
            statement=statement,
            parts=tuple(
                Part(
                    f"{power} in {arm.label}",
                    "recorded",
                    {"name": f"{name}@{power}"},
                    treated=arm.name,
                    expects="less",
                    threshold=-self.faster,
                    unit="share of the time",
                )
                for arm in self.arms()
                for power in self.powers
            ),
            threshold=f"supported when a power of 2 takes over {100 * self.faster:g} % less time per multiply-add than {other}, "
            "interpolated at its own width; each replicate repeats the timing",
            outcomes={
                "": "Faster: {supported}. Not faster by that much: {refuted}. Time changes by a share of {low} to {high}."
            },
        )

    def _costs(self, batch: int) -> dict[int, float]:
        """Seconds per multiply-add by width, the fastest of all rounds."""
        widths = sorted({*self.powers, *(width for pairs in self._around.values() for pair in pairs for width in pair)})
        work = {width: PRODUCTS * batch * width**2 for width in widths}
        count = {width: max(1, round(self.work / work[width])) for width in widths}
        fastest = dict.fromkeys(widths, float("inf"))
        for _ in range(self.rounds):
            for width in np.random.permutation(widths).tolist():
                taken = _seconds(_steps(width, batch), count[width])
                fastest[width] = min(fastest[width], taken / count[width] / work[width])
        return fastest


def between(width: int, below: tuple[int, float], above: tuple[int, float]) -> float:
    """What two widths let expect at a third between them: linear in the logarithms of width and time per multiply-add.

    A wider layer takes less time per multiply-add, because a step's fixed cost is spread over more of them. Comparing a width with
    one side only would credit it with that.

    Args:
        width: the third.
        below: a smaller width and its time.
        above: a larger width and its time.
    """
    widths, times = np.log([below[0], above[0]]), np.log([below[1], above[1]])
    return float(np.exp(np.interp(np.log(width), widths, times)))


def _listed(pairs: tuple[tuple[int, int], ...]) -> str:
    widths = sorted({width for pair in pairs for width in pair})
    return f"layers of {', '.join(map(str, widths[:-1]))} and {widths[-1]} units"


@cache
def _steps(width: int, batch: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """A compiled function that takes a given number of training steps; already traced by one call."""
    random = np.random.default_rng(width)
    x, y = (tf.constant(random.normal(size=(batch, width)), tf.float32) for _ in range(2))
    weights = [tf.Variable(random.normal(size=(width, width)) / width**0.5, dtype=tf.float32) for _ in range(2)]

    @tf.function
    def run(count: tf.Tensor) -> tf.Tensor:
        loss = tf.constant(0.0)
        for _ in tf.range(count):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(tf.nn.relu(x @ weights[0]) @ weights[1] - y))
            for weight, gradient in zip(weights, cast(Any, tape).gradient(loss, weights), strict=True):
                weight.assign_sub(0.01 * gradient)
        return loss

    run(tf.constant(1))
    return run


def _seconds(run: Callable[[tf.Tensor], tf.Tensor], count: int) -> float:
    steps = tf.constant(count)
    started = time.perf_counter()
    run(steps).numpy()
    return time.perf_counter() - started
