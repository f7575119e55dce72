"""The base that every probe derives from."""

from __future__ import annotations

import abc
import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import tensorflow as tf

from probes.cadence import Cadence
from probes.errors import UsageError
from probes.merging import Merge
from probes.snapshot.facts import ANY_CALL, CallKind, Facts
from probes.snapshot.snapshot import PER_CALL, Need, Snapshot

Statistic = tf.Tensor | tuple[tf.Tensor, ...]
Arrays = Mapping[str, np.ndarray]

DEFAULT_CADENCE = 10
"""Steps between two readings when neither ``every`` nor ``window`` is given: cheap, and dense enough to see training change."""


@dataclass(frozen=True, kw_only=True)
class Probe(abc.ABC):
    """Turns one layer's tensors into sufficient statistics, and those into columns.

    ``measure`` runs inside the compiled step and returns what adds up to a statistic; ``merges`` says how two of its
    readings become one; ``summarize`` runs on the host, over many steps and layers at once.

    Args:
        every: cadence in steps: the step is measured when ``step % every == 0``. 10, or 1 when a window is given.
        early: whether steps 1, 2, 4, 8, ... below ``every`` are measured, too; training changes most at its start. By
            default they are when neither ``every`` nor ``window`` is given: steps 0, 1, 2, 4, 8, 10, 20, 30, ...
        window: steps merged into one reading, a multiple of ``every``; its row carries the window's first step.
            ``every`` by default: each measured step is a reading.
        layers: limits the probe to layers by path or by pattern (``"encoder/*"``); all by default.

    Raises:
        UsageError: a cadence or window that is not a positive whole number, a window that is no multiple of it or is
            measured early, or ``layers`` that are no names.
    """

    every: int | None = None
    window: int | None = None
    layers: str | tuple[str, ...] | None = None
    early: bool | None = None

    needs: ClassVar[frozenset[Need]]
    """The tensors that ``measure`` reads."""
    merges: ClassVar[Mapping[str, Merge]]
    """The statistics that ``measure`` returns, and how each merges."""
    alike: ClassVar[frozenset[str]] = frozenset()
    """Statistics of variables alone, in a probe that also reads activations: all replicas hold the same, so one copy counts."""
    columns: ClassVar[tuple[str, ...]]
    """The columns that ``summarize`` returns."""
    looks_at: ClassVar[CallKind] = ANY_CALL
    """The kind of calls that the probe looks at."""
    needs_all: ClassVar[bool] = True
    """Whether ``measure`` reads everything in ``needs`` at once; if not, it is called for each part as soon as that is there."""

    def __post_init__(self) -> None:
        """Fill in the defaults that depend on one another, and check them."""
        if self.early is None:
            object.__setattr__(self, "early", self.every is None and self.window is None)
        every = (1 if self.window else DEFAULT_CADENCE) if self.every is None else self.every
        window = every if self.window is None else self.window
        object.__setattr__(self, "every", every)
        object.__setattr__(self, "window", window)
        for field, value in (("every", every), ("window", window)):
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise self._misuse(field, value, "give a whole number of steps, 1 or more")
        if window % every:
            raise self._misuse(
                "window", window, f"give a multiple of every={every}, such as {every * (window // every + 1)}"
            )
        if self.early and window > every:
            raise self._misuse("early", True, "leave early out: the steps of a window are those of its cadence")
        if isinstance(self.layers, list):
            object.__setattr__(self, "layers", tuple(self.layers))
        if self.layers is not None and not self._names_layers():
            raise self._misuse("layers", self.layers, 'give a path or pattern such as "encoder/*", or a tuple of them')

    @property
    def cadence(self) -> Cadence:
        """The steps that are measured; probes that share them share one record."""
        assert self.every is not None and self.window is not None
        return Cadence(self.every, self.window, bool(self.early) and self.every > 1)

    def selects(self, path: str) -> bool:
        """Whether the probe is to look at the layer with this path, or at the layer of this row (``path@2``)."""
        names = (path, path.partition("@")[0])
        return self.layers is None or any(
            fnmatch.fnmatchcase(name, pattern) for name in names for pattern in self.patterns
        )

    @property
    def patterns(self) -> tuple[str, ...]:
        """``layers`` as a tuple; empty when the probe looks at all."""
        return (self.layers,) if isinstance(self.layers, str) else self.layers or ()

    def is_alike(self, statistic: str) -> bool:
        """Whether this statistic has the same value on all replicas of the model, as it has for variables."""
        return statistic in self.alike or not self.needs & PER_CALL

    @final
    def suits(self, facts: Facts) -> bool:
        """Whether the probe looks at calls with these facts."""
        return self.looks_at.includes(facts)

    @final
    def applies(self, snapshot: Snapshot) -> bool:
        """Whether the probe looks at this call, and the snapshot holds what the probe needs."""
        enough = all if self.needs_all else any
        return self.suits(snapshot.facts) and enough(snapshot.has(frozenset({need})) for need in self.needs)

    @abc.abstractmethod
    def measure(self, snapshot: Snapshot) -> dict[str, Statistic]:
        """The sufficient statistics of one layer in one step, under the names of ``merges``; graph code only."""

    @abc.abstractmethod
    def summarize(self, statistics: Arrays) -> dict[str, np.ndarray]:
        """The columns from merged statistics.

        Args:
            statistics: for every name in ``merges`` an array ``[...]``; with a last axis for what is a vector (units,
                bins, or the three of ``moments``).

        Returns:
            For every name in ``columns`` an array ``[...]``; NaN where a value is not defined.
        """

    def _names_layers(self) -> bool:
        return isinstance(self.layers, str | tuple) and all(isinstance(name, str) for name in self.patterns or (None,))

    def _misuse(self, field: str, got: object, do: str) -> UsageError:
        name = type(self).__name__
        return UsageError(what=f"{name} cannot be set up", where=f"{name}({field}=...)", got=repr(got), do=do)
