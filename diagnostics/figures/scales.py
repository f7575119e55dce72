"""Axis scales that handle zeros and infinities: limits, ticks and their labels."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.ticker import FixedFormatter, FixedLocator, NullFormatter, NullLocator

from diagnostics.wording.numerals import power_of_ten, short

Limits = tuple[float, float]
FINER = ((1, 3), (1, 2, 5), (1, 1.5, 2, 3, 5, 7), (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8))
"""Round values within a decade, from few to many."""
FEWEST = 3
"""Fewest ticks from which a reader can tell that a scale is logarithmic."""
MOST = 1e290
"""Where logarithmic limits end, so that a margin around them can still be computed in double precision."""


BULK = 0.025
"""Share of the medians at either end that does not count for where most of them lie."""


class Scale(Protocol):
    """How values are laid out along an axis."""

    @property
    def name(self) -> Literal["log", "linear"]:
        """The scale's name in matplotlib."""
        ...

    def limits(self, values: np.ndarray) -> Limits:
        """Limits that include every value the scale can show."""
        ...

    def ticks(self, limits: Limits, most: int) -> list[float]:
        """At most about `most` round values inside the limits."""
        ...

    def label(self, value: float) -> str:
        """A tick's text."""
        ...


@dataclass(frozen=True)
class Log:
    """Equal ratios are equal distances; zero lies below every limit.

    Args:
        margin: share of the range in decades that is added at both ends, so that no mark is cut.
        least: narrowest range in decades; without it, a constant would have no range.
    """

    margin: float = 0.05
    least: float = 0.3
    name: Literal["log"] = "log"

    def limits(self, values: np.ndarray) -> Limits:
        """Limits around the finite positive values; (0.1, 10) when there are none."""
        shown = values[(values >= 1 / MOST) & (values <= MOST)]
        if not shown.size:
            return 0.1, 10.0
        low, high = np.log10(shown.min()), np.log10(shown.max())
        pad = max(self.margin * (high - low), (self.least - (high - low)) / 2, 0.02)
        return float(10 ** (low - pad)), float(10 ** (high + pad))

    def ticks(self, limits: Limits, most: int = 6) -> list[float]:
        """Whole decades at an even stride, or round values between them where there are fewer than three decades."""
        first, last = math.ceil(math.log10(limits[0]) - 1e-9), math.floor(math.log10(limits[1]) + 1e-9)
        if last - first >= 2:
            stride = math.ceil((last - first + 1) / most)
            return [10.0**power for power in range(first, last + 1) if power % stride == 0]
        span = limits[1] / limits[0]
        powers = range(first - 1, last + 1)
        for steps in FINER[0 if span > 40 else 1 if span > 4 else 2 :]:
            fine = [factor * 10.0**power for power in powers for factor in steps]
            found = [value for value in fine if limits[0] <= value <= limits[1]]
            if len(found) >= FEWEST:
                return found
        # Within less than a third of a decade, equal steps are all but equal ratios.
        return round_steps(limits, most + 2)

    def label(self, value: float) -> str:
        """A power of ten in superscript, plain digits between 0.01 and 1000."""
        return power_of_ten(value)


@dataclass(frozen=True)
class Linear:
    """Equal differences are equal distances.

    Args:
        margin: share of the range that is added at both ends.
        always: values that the limits always include, such as (0, 1) for a share, so that a small range is not magnified.
    """

    margin: float = 0.05
    always: tuple[float, ...] = ()
    name: Literal["linear"] = "linear"

    def limits(self, values: np.ndarray) -> Limits:
        """Limits around the finite values; (0, 1) when there are none."""
        shown = np.append(values[np.isfinite(values)], self.always)
        if not shown.size:
            return 0.0, 1.0
        low, high = float(shown.min()), float(shown.max())
        pad = self.margin * (high - low) or 0.05 * abs(high) or 0.5
        return low - pad, high + pad

    def ticks(self, limits: Limits, most: int = 5) -> list[float]:
        """Multiples of 1, 2 or 5 times a power of ten."""
        return round_steps(limits, most)

    def label(self, value: float) -> str:
        """The value with three significant digits."""
        return short(value)


@dataclass(frozen=True)
class Share(Linear):
    """A share, from 0 to the first of a few round ends that has room for it: few scales stay comparable, and 5 % is seen."""

    ends: tuple[float, ...] = (0.1, 0.2, 0.5, 1.0)

    def limits(self, values: np.ndarray) -> Limits:
        """Limits from 0 to one of the ends, or around what lies beyond them."""
        shown = values[np.isfinite(values)]
        largest = float(shown.max(initial=0.0))
        end = next((one for one in self.ends if largest <= one), largest)
        return super().limits(np.append(shown, [0.0, end]))


def main_part(values: np.ndarray, medians: np.ndarray, scale: Scale) -> tuple[np.ndarray, str]:
    """The values for which a logarithmic axis has room: without those so far off that all others would be one flat line.

    Room is left on both sides for as many decades as the bulk of the medians spans, and at least one. Values are left out
    only if that halves the axis.

    Args:
        values: everything that the lines and their bands show.
        medians: what the lines show.
        scale: of the axis; a linear one shows everything.

    Returns:
        The values to make room for, and what to add to the axis's title, such as ``"; what leaves a panel reaches 10³⁵"``;
        empty where nothing is left out.
    """
    known, bulk = (np.log10(each[(each >= 1 / MOST) & (each <= MOST)]) for each in (values, medians))
    if scale.name != "log" or not bulk.size:
        return values, ""
    low, high = np.quantile(bulk, [BULK, 1 - BULK])
    room = max(high - low, 1.0)
    ends = max(known.min(), low - room), min(known.max(), high + room)
    if 2 * (ends[1] - ends[0]) >= np.ptp(known):
        return values, ""
    left = [known.max()] if known.max() > ends[1] else []
    left += [known.min()] if known.min() < ends[0] else []
    reached = " and ".join(power_of_ten(10 ** float(round(end))) for end in left)
    return 10 ** np.array(ends), f"; what leaves a panel reaches {reached}"


def round_steps(limits: Limits, most: int) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten inside the limits, at most `most` of them."""
    rough = (limits[1] - limits[0]) / max(most, 1)
    unit = 10.0 ** math.floor(math.log10(rough))
    stride = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= rough * (1 - 1e-9))
    first, last = math.ceil(limits[0] / stride - 1e-9), math.floor(limits[1] / stride + 1e-9)
    return [float(f"{index * stride:.12g}") for index in range(first, last + 1)]


def depth_ticks(low: float, high: float) -> list[float]:
    """The first layer, and round layer numbers that keep their distance from it."""
    inner = [tick for tick in round_steps((low, high), 4) if tick == int(tick)] if high > low else []
    return [low, *(tick for tick in inner if tick > low + (high - low) / 8)]


def step_ticks(low: float, high: float) -> list[float]:
    """Round and whole steps; fewer where their numbers are long."""
    if high <= low:
        return [low]
    return [step for step in round_steps((low, high), 5 if high < 10_000 else 3) if float(step).is_integer()] or [low]


def lay_out(axes: Axes, scale: Scale, limits: Limits, *, most: int = 6, labels: bool = True) -> None:
    """Give the y axis its scale, limits and ticks, with labels unless a neighbouring panel has them."""
    axes.set_yscale(scale.name)
    axes.set_ylim(*limits)
    set_ticks(axes.yaxis, scale.ticks(limits, most), scale.label, labels=labels)


def set_ticks(axis: Axis, values: Sequence[float], text: Callable[[float], str], *, labels: bool = True) -> None:
    """Set exactly these ticks; making the default ticks first would take most of the time of a small panel."""
    axis.set_major_locator(FixedLocator(values))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FixedFormatter([text(value) for value in values]) if labels else NullFormatter())
