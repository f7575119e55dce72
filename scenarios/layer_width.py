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
from scenarios.shared.width_answers import answers

PRODUCTS = 5
"""Matrix products per step with two layers: two forward, two for weight gradients, one back to the first layer's output."""


@dataclass(frozen=True, kw_only=True)
class LayerWidth(Scenario):
    """Two dense layers of equal width, forward, backward and update, timed at widths around the powers of 2.

    Args:
        powers: the powers of 2.
        decimals: round decimal numbers below and above each of them.
        multiples: the multiples of 16 just below and above each power of 2; none of them is a power of 2.
        others: further multiples of 16 that are no powers of 2, the control: compared with their own neighbours.
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
    multiples: tuple[tuple[int, int], ...] = ((48, 80), (112, 144), (240, 272), (496, 528))
    others: tuple[int, ...] = (48, 96, 192)
    batches: tuple[int, ...] = (32, 256)
    rounds: int = 15
    work: float = 5e7
    faster: float = 0.02

    question: ClassVar = "Are powers of 2 the most efficient widths?"
    scope: ClassVar = (
        "Each replicate repeats the timing, with all widths interleaved in a new order, at batches of 32 and 256; the one epoch on "
        "digits only warms the machine up. Varied: width and batch size. Not varied: the machine, the library, float32, two dense "
        "layers. The result holds for this processor, library and number of threads only."
    )
    objection: ClassVar = (
        "The tests cover one machine, one numerical library, float32 and dense layers; other widths may be best on another "
        "processor or a GPU. The replicates repeat the timing on the same machine, and other work on it makes some of them "
        "outliers, which means and their intervals feel more than the medians in the figures."
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
            for width, (low, high) in pairs.items():
                found[f"{name}@{width}"] = cost[width] / between(width, (low, cost[low]), (high, cost[high])) - 1
        return found

    def claims(self) -> tuple[Claim, ...]:
        """Powers of 2 and other multiples of 16 against their neighbours; powers of 2 against other multiples and round decimals."""
        power, other = (
            "whose width is a power of 2",
            f"of {', '.join(map(str, self.others[:-1]))} or {self.others[-1]} units, multiples of 16 that are no powers of 2,",
        )
        names = {
            "against_neighbours": (power, "a layer with one unit more or less", "its two neighbours"),
            "others_against_neighbours": (other, "a layer with one unit more or less", "its two neighbours"),
            "against_multiples": (power, "the nearest other multiples of 16", _listed(self.multiples)),
            "against_decimal": (power, "a round decimal number of units such as 60 or 70", _listed(self.decimals)),
        }
        return tuple(
            self._claim(
                name,
                f"A layer {which} takes over {100 * self.faster:g} % less time per multiply-add than {than}.",
                than_these,
            )
            for name, (which, than, than_these) in names.items()
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
                "The control: multiples of 16 that are no powers of 2, each compared with its own two neighbours. Where these lie "
                "as far below the dotted line, the gain is that of a multiple of 16.",
                {
                    "column": "others_against_neighbours",
                    "options": {"label": "time against the neighbours' (share)"} | share,
                },
            ),
            Figure(
                "by_setting",
                "Each power of 2 compared with the round decimals below and above it, interpolated at the power of 2 so that the "
                "fixed cost of a step falls on both alike. Points below the dotted line are powers of 2 that are faster.",
                {"column": "against_decimal", "options": {"label": "time against the round decimals' (share)"} | share},
            ),
            Figure(
                "by_setting",
                "Each power of 2 compared with the nearest multiples of 16 below and above it, none of which is a power of 2. "
                "Points above the dotted line are powers of 2 that are slower.",
                {
                    "column": "against_multiples",
                    "options": {"label": "time against the multiples of 16 (share)"} | share,
                },
            ),
        )

    def answers(self) -> tuple[Answer, ...]:
        """The sentences of the answer and the verdicts that each one needs."""
        return answers(100 * self.faster)

    @property
    def _around(self) -> dict[str, dict[int, tuple[int, int]]]:
        """By claim and width, the widths below and above it with which it is compared."""
        return {
            "against_neighbours": {width: (width - 1, width + 1) for width in self.powers},
            "others_against_neighbours": {width: (width - 1, width + 1) for width in self.others},
            "against_decimal": dict(zip(self.powers, self.decimals, strict=True)),
            "against_multiples": dict(zip(self.powers, self.multiples, strict=True)),
        }

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
                for power in self._around[name]
            ),
            threshold=f"supported when it takes over {100 * self.faster:g} % less time per multiply-add than {other}, interpolated "
            f"at its own width; {100 * self.faster:g} % is a few times what 24 replicates leave uncertain; each replicate repeats "
            "the timing",
            outcomes={
                "": "Faster: {supported}. Not faster by that much: {refuted}. Change of the time per multiply-add, as a share: "
                "{low} to {high}."
            },
        )

    def _costs(self, batch: int) -> dict[int, float]:
        """Seconds per multiply-add by width, the fastest of all rounds."""
        widths = sorted(
            {*(width for pairs in self._around.values() for own, pair in pairs.items() for width in (own, *pair))}
        )
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
