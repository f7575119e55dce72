"""The table that each kind of figure draws, and the parameters that it takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from diagnostics.runs.typed import from_record
from probes.errors import UsageError, unknown_name


@dataclass(frozen=True)
class FigureKind:
    """The parameters of a kind of figure, in addition to ``column`` (required), ``title`` and ``options``.

    Args:
        table: name of the table that it draws, see ``diagnostics.pages.scenario_tables``.
        optional: parameters that select rows of the table or add marks to the figure.
        required: parameters needed to build the table.
        options: keyword arguments of the figure's function that ``options`` may set.
        by_layers: the table drawn instead of ``table`` when ``layers`` is given.
        column: whether the figure's function takes the column.
    """

    table: str
    optional: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    by_layers: str = ""
    column: bool = True

    def table_for(self, parameters: Mapping[str, object]) -> str:
        """The table that a figure with these parameters draws."""
        return self.by_layers if self.by_layers and "layers" in parameters else self.table


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


KINDS: Mapping[str, FigureKind] = {
    "before_after": FigureKind("layers", _names("layers"), options=_names("before expected")),
    "by_arm": FigureKind("measured", _names("unit references"), _names("measure of"), _names("label reference")),
    "by_setting": FigureKind("by_setting", _names("measure of setting series"), options=_names("x label theory guide")),
    "curves": FigureKind(
        "scalars", _names("layers split guide"), options=_names("notes arms"), by_layers="layer_means"
    ),
    "depth_profile": FigureKind("layers", _names("layers guide theory"), options=_names("notes arms")),
    "gap": FigureKind("gaps", options=_names("arms")),
    "heat_map": FigureKind("layers", _names("layers"), options=_names("notes arms")),
    "histogram_pair": FigureKind("histograms", required=_names("arms"), options=_names("x")),
    "seed_pairs": FigureKind("pairs", required=_names("pairs"), options=_names("x y")),
    "time_to_revival": FigureKind("spells", _names("layers"), column=False),
    "unit_raster": FigureKind("spells", _names("layers"), column=False),
}
"""The kinds of figure that a scenario can use, by the name of their function in ``diagnostics.figures``."""

TRIPLE = 3


@dataclass(frozen=True)
class _Parameters:
    """The types of parameters; what they mean says ``diagnostics.pages.figure_parameters``."""

    column: str = ""
    title: str = ""
    layers: str = ""
    split: str = ""
    theory: bool = False
    measure: str = ""
    of: Mapping[str, Any] = field(default_factory=dict)
    unit: str = ""
    references: Mapping[str, float] = field(default_factory=dict)
    pairs: tuple[tuple[str, ...], ...] = ()
    arms: str = ""
    setting: str = ""
    series: str = ""


@dataclass(frozen=True)
class _Options:
    """The types of options: keyword arguments of functions in ``diagnostics.figures``."""

    before: str = ""
    expected: str = ""
    label: str = ""
    reference: str = ""
    x: str = ""
    y: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)
    arms: tuple[str, ...] = ()
    theory: Mapping[str, tuple[tuple[float, ...], ...]] = field(default_factory=dict)


COMMON = frozenset({"column", "title", "options"})


def check_figure(kind: str, parameters: Mapping[str, object], where: str) -> None:
    """Raise an error if a figure's kind or parameters are wrong.

    Raises:
        UsageError: the kind, a parameter or an option is unknown, or a required parameter is missing.
    """
    if kind not in KINDS:
        raise unknown_name("kind of figure", kind, KINDS, where)
    options = parameters.get("options", {})
    if not isinstance(options, Mapping):
        do = "give a mapping of the figure's keyword arguments"
        raise UsageError(what="a figure's options must be a mapping", where=where, got=repr(options), do=do)
    typed = from_record(_Parameters, parameters, f"{where}.parameters")
    from_record(_Options, options, f"{where}.options")
    _check_guide(parameters.get("guide"), where)
    _check_guide(options.get("guide"), where)
    known = KINDS[kind]
    _check_known("parameter", kind, parameters, COMMON | known.optional | known.required, where)
    _check_known("option", kind, options, known.options, where)
    if not all(len(pair) == TRIPLE for pair in typed.pairs):
        do = "give each comparison as a label, the treated arm and its control"
        raise UsageError(what="these are no comparisons", where=where, got=f"{typed.pairs!r:.200}", do=do)
    for name in sorted({"column", *known.required} - parameters.keys()):
        raise UsageError(
            what=f"the figure {kind} has no {name!r}",
            where=where,
            got=", ".join(parameters) or "no parameters",
            do=f"add {name!r} to the figure's parameters",
        )


def _check_guide(guide: object, where: str) -> None:
    parts = tuple(map(type, guide)) if isinstance(guide, list | tuple) else ()
    if guide not in (None, "chance") and parts not in ((int, str), (float, str)):
        do = 'give "chance", or a number and its name'
        raise UsageError(what="this is no guide", where=where, got=f"{guide!r:.200}", do=do)


def _check_known(what: str, kind: str, given: Iterable[str], known: frozenset[str], where: str) -> None:
    for name in given:
        if name not in known:
            raise unknown_name(f"{what} of {kind}", name, known, where)
