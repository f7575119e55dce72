"""How many units are dead at the end of training, and since when?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from diagnostics.measures.grid import Grid
from diagnostics.rules.case import Case
from diagnostics.rules.finding import UNJUDGED, Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.first_weights import far_biases, unusual
from diagnostics.rules.model import activation_of
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.wording.findings import MOST_NAMES, listed
from diagnostics.wording.numerals import percent

RECTIFYING = ("relu", "relu6")
"""Activations that are 0 for all inputs below 0: where there is one, units can die."""
NO_RATE = "A smaller learning rate will not revive units that were dead from the start."
BORN = (
    "Look at the first weights and biases there: try He initialisation with biases of 0, scaled inputs, or a leaky activation. "
    f"{NO_RATE}"
)
LATER = "Try a smaller learning rate, He initialisation, a leaky activation, or gradient clipping."
"""What to do about a layer that was dead at the first check, and about units that died in training."""
REMEDIES = (Remedy("learning_rate", {"factor": 0.1}), Remedy("activation", {"activation": "leaky_relu"}))


@dataclass(frozen=True)
class DeadUnits(Rule):
    """Units whose output is 0 on every example of a layer's last check.

    Formula: dead_fraction at the last check of every layer; the worst layer decides. Told are also units born dead (dead at the
    first check) and a mass death (``jump`` of a layer from one check to the next).

    Args:
        warning: share of dead units. A tenth: well above a healthy wide layer, and still easy to fix.
        critical: share of dead units from which on the layer has lost half its width (the CS231n notes report
            40 % of a network dead at a learning rate that is too high).
        whole: share from which on a layer passes on next to nothing.
        live: units that are left in the narrowest layer, below which losing half of one explains that a model learns nothing. Eight:
            what more of them cannot tell, twice as many could not either.
        jump: share of a layer that dies between two checks. A quarter: more than a drift of single units.
        window: fewest measured steps from which no check means that there is nothing to check. Five: the default probes' window.

    References:
        Lu et al. 2019, arXiv 1903.06733.
    """

    warning: float = 0.1
    critical: float = 0.5
    whole: float = 0.95
    live: int = 8
    jump: float = 0.25
    window: int = 5

    remedy: ClassVar[str] = "Add probes.DeadUnits(window=10) to the probes."
    rank: ClassVar[int] = 60
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "vanishing_gradient",
        "constant_signal",
        "weights_do_not_move",
        "update_ratio",
        "stopped_early",
        "learning_rate_too_low",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean, by the worst layer; not evaluated without checks."""
        grid = case.grid("dead_fraction")
        if grid is None and "dead_fraction" in case.layers:
            return self._without_check(case)
        if grid is None:
            return NotEvaluated(("dead_fraction",), tuple(case.statistics))
        last, first = _ends(grid)
        worst = int(last.argmax())
        shares = dict(zip(grid.layers, (float(own) for own in last), strict=True))
        concerned = tuple(name for name, own in shares.items() if own >= self.warning)
        whole = [name for name, own in shares.items() if own >= self.whole]
        bad = int((last >= self.critical).sum())
        share, born = float(last[worst]), float(first[worst])
        live = _live(case, last, grid.layers)
        if share == 0 and not concerned:
            return Finding(self.name, "clean", f"No unit of {len(last)} layers is dead at the last check.")
        if not concerned:
            what = f"None of {len(last)} layers has {percent(self.warning)} dead units at the last check"
            return Finding(self.name, "clean", f"{what}; the worst is {grid.layers[worst]} with {percent(share)}.")
        confidence = 0.95 if whole else 0.78 if bad and live < self.live else 0.5
        first_weights = unusual(case, whole[0]) if whole and born >= self.whole else ""
        biased = whole[0] if first_weights and "below" in far_biases(case, whole[0]) else ""
        return Finding(
            rule=self.name,
            severity="warning",
            what=f"{self._what(shares, grid.layers[worst], *self._since(case, grid, worst))} {first_weights}".rstrip(),
            means=_blocked(whole) if whole or confidence > 0.5 else self._usable(),
            do=_unbiased(biased, whole) if biased else BORN if born >= self.whole else LATER,
            layers=concerned,
            numbers={"layers": len(last), "concerned": len(concerned), "worst": share, "born": born},
            value=share,
            threshold=self.warning,
            confidence=confidence,
            evidence=(Evidence("dead_fraction"),),
            remedies=(Remedy("initialization", {"bias": "zeros", "layer": biased}),)
            if biased
            else REMEDIES[1:]
            if born >= self.whole
            else REMEDIES,
            reference="Lu et al. 2019, arXiv 1903.06733.",
        )

    def _what(self, shares: dict[str, float], worst: str, since: str, before: str) -> str:
        """Which layers have dead units, the worst first, and since when."""
        others = {name: own for name, own in shares.items() if own >= self.warning and name != worst}
        silent = "they output 0 for every example"
        if percent(shares[worst]) == "100 %":
            whole = [name for name, own in shares.items() if percent(own) == "100 %"]
            others = {name: own for name, own in others.items() if name not in whole}
            told = f"All units of {_names(whole)} are dead: {silent}{since}.{before}"
        else:
            told = f"{percent(shares[worst])} of the units in {worst} are dead: {silent}{since}.{before}"
        if not others:
            return told
        if len(others) > MOST_NAMES:
            return f"{told} {len(others)} more of {len(shares)} layers have {percent(self.warning)} or more."
        each = [f"{percent(own)} in {name}" for name, own in others.items()]
        return f"{told} Also {listed(each)}."

    def _usable(self) -> str:
        """Why the share is noted and no complaint."""
        return (
            "Dead units get no gradient and add nothing to the output, but the others still work: it counts as a fault where "
            f"{percent(self.whole)} of a layer are dead, or {percent(self.critical)} and fewer than {self.live} units are left."
        )

    def _without_check(self, case: Case) -> Finding | NotEvaluated:
        """The answer where the probe ran and no check came to its end: too few steps, or no unit that can die."""
        measured = len(np.unique(case.layers["step"].to_numpy()))
        if measured < self.window or any(activation_of(layer) in RECTIFYING for layer in case.architecture):
            do = "Train for longer, or let a check take fewer steps: probes.DeadUnits(window=2)."
            return NotEvaluated(("a complete check for dead units",), (f"{measured} measured steps",), do)
        what = "probes.DeadUnits found no layer whose units can die, as those of ReLU can."
        return Finding(self.name, "clean", what, UNJUDGED)

    def _since(self, case: Case, grid: Grid, place: int) -> tuple[str, str]:
        """Since when units of a layer are dead, as the end of a sentence; and, as a sentence, what became of those dead before."""
        known = ~np.isnan(grid.values[:, place])
        steps, shares = grid.steps[known], grid.values[known, place]
        born, now = float(shares[0]), float(shares[-1])
        if born >= now / 2:
            back = _came_back(case, grid.layers[place])
            if back is None:  # a share that never changes hardly comes of other units each time
                return (
                    (", from the start", "") if np.ptp(shares) == 0 else (f", {percent(born)} at the first check", "")
                )
            lasting = born * (1 - back)
            if lasting >= now / 2:
                return (", " if percent(lasting) == percent(now) else f", {percent(lasting)} ") + "from the start", ""
            most = "all" if back == 1 else "most" if 2 * back > 1 else "some"
            return "", f" At the first check it was {percent(born)}, but {most} of those came back in between."
        rise = np.diff(shares)
        if rise.max(initial=0.0) >= self.jump:
            return f", most of which died at once near step {steps[int(rise.argmax()) + 1]:,}", ""
        return "", ""


def _unbiased(layer: str, whole: Sequence[str]) -> str:
    """What to do about a layer that is dead by its first biases, and how the dead layers behind it hang together with that."""
    behind = [name for name in whole if name != layer]
    they = f": {_names(behind)} behind it {'is' if len(behind) == 1 else 'are'} most likely dead only because it puts out zeros"
    return f"Let the biases of {layer} begin at 0{they if behind else ''}. {NO_RATE}"


def _came_back(case: Case, layer: str) -> float | None:
    """The share of a layer's units dead at the first check that came back, if only for a time; ``None`` where no unit was recorded."""
    events = case.units
    if not len(events):
        return None
    there = (events["layer"].astype(str) == layer).to_numpy() & (events["step"].to_numpy() < case.first_nonfinite_step)
    own = events.loc[there]
    born, back = (set(own.loc[(own["event"] == kind).to_numpy(), "unit"]) for kind in ("born_dead", "revival"))
    return len(born & back) / len(born) if born else None


def _blocked(whole: list[str]) -> str:
    """What dead units mean for training, given the layers that pass on next to nothing."""
    if not whole:
        return "A dead unit receives no gradient from these examples and contributes nothing to the output."
    if len(whole) == 1:
        return f"No gradient passes {whole[0]}: neither it nor the layers before it are trained."
    return f"No gradient passes {_names(whole)}: neither they nor the layers before them are trained."


def _names(layers: Sequence[str]) -> str:
    return listed(layers) if len(layers) <= MOST_NAMES else f"{len(layers)} layers, the last of them {layers[-1]},"


def _live(case: Case, shares: np.ndarray, layers: tuple[str, ...]) -> float:
    """The fewest units that are not dead in any layer; infinity where their number is not recorded."""
    units = {layer.path: layer.units for layer in case.architecture}
    left = [(1 - share) * size for layer, share in zip(layers, shares, strict=True) if (size := units.get(layer))]
    return min(left, default=np.inf)


def _ends(grid: Grid) -> tuple[np.ndarray, np.ndarray]:
    """Each layer's last and first check, ``[layers]``."""
    known = ~np.isnan(grid.values)
    places = np.arange(len(grid.layers))
    last = len(grid) - 1 - known[::-1].argmax(axis=0)
    return grid.values[last, places], grid.values[known.argmax(axis=0), places]
