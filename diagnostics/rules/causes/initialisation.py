"""Do the first weights let the layers differ and the signal keep its size?"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from diagnostics.rules.case import Case
from diagnostics.rules.finding import ALL_FACTS, UNJUDGED, Evidence, Finding, NotEvaluated, Remedy
from diagnostics.rules.first_weights import unusual
from diagnostics.rules.model import RECURRENT, RECURRENT_CELLS, hidden
from diagnostics.rules.rule import LEARNS_LITTLE, Rule
from diagnostics.runs.facts import Layer
from diagnostics.statistics.slopes import decades as logarithms
from diagnostics.statistics.slopes import depth_slope
from diagnostics.wording.numerals import short

CONSTANT = ("Zeros", "Ones", "Constant", "zeros", "ones", "constant")
EMBEDDINGS = ("Embedding",)
BY_SETTING = "By their settings, the initialisers suit the layers. First weights and biases that come from elsewhere are not judged:"
UNRECORDED = "The spread of the activations keeps its size from layer to layer. The initialisers were not recorded."
SUITABLE = "The first weights differ between units, and their spread keeps the signal's size. Biases and means are not checked."


@dataclass(frozen=True)
class Initialisation(Rule):
    """First weights that are alike, or much too large or small.

    Formula: in a hidden layer, the share of pairs of units with the same weights at step 0 is at least ``alike``; or its
    kernel's initialiser has gain = standard deviation × √fan-in above ``large`` or below ``small``; or activation_std at the
    first step changes by more than ``drift`` decades over the layers of one kind (Theil-Sen slope × layers), at most
    half of it at a single layer; or a recurrent layer's first output is ``burst`` times as large as its input.

    Args:
        alike: share of pairs. Nine in ten: units with the same weights get the same gradient and stay alike.
        large: gain. Three: He's is 1.4; in ten layers a gain of 3 grows the signal 2,000-fold.
        small: gain. A tenth: each layer loses nine tenths of its input. It is only sure if one layer loses ``lost``, or all
            together ``drift``: a few layers of a tenth train, if slowly.
        lost: gain. A hundredth.
        drift: decades. Three: what theory predicts for a suitable initialiser is below one.
        burst: factor. A hundred: with a recurrent matrix that keeps the signal's size, a sum over steps grows with their number
            at most.

    References:
        Glorot and Bengio 2010; Poole et al. 2016, arXiv 1606.05340.
    """

    alike: float = 0.9
    large: float = 3.0
    small: float = 0.1
    lost: float = 0.01
    drift: float = 3.0
    burst: float = 100.0

    rank: ClassVar[int] = 40
    explains: ClassVar[frozenset[str]] = LEARNS_LITTLE | {
        "diverging_loss",
        "oscillating_loss",
        "non_finite",
        "dead_units",
        "saturation",
        "exploding_gradient",
        "vanishing_gradient",
        "update_ratio",
        "learning_rate_too_low",
        "learning_rate_too_high",
        "stopped_early",
        "weights_do_not_move",
        "constant_signal",
    }

    def judge(self, case: Case) -> Finding | NotEvaluated:
        """Warning or clean; not evaluated without a record of the architecture or of activations."""
        layers = [layer for layer in hidden(case.architecture) if layer.class_name not in EMBEDDINGS]
        found = self._same(case, layers) or self._scaled(layers) or self._drifting(case) or self._bursting(case)
        if found:
            return replace(found, do=_suiting(layers, found.layers))
        if not case.architecture and case.grid("activation_std") is None:
            return NotEvaluated(("a record of the architecture",), (), ALL_FACTS)
        odd = next((one.path for one in layers if unusual(case, one.path)), "")
        if odd:  # what speaks against them is told by the finding that it explains
            return Finding(self.name, "clean", f"{BY_SETTING} those of {odd} are unusual.", UNJUDGED)
        if not case.architecture:
            return Finding(self.name, "clean", UNRECORDED)
        return Finding(self.name, "clean", SUITABLE)

    def _same(self, case: Case, layers: list[Layer]) -> Finding | None:
        constant = [one.path for one in layers if _kernel(one) in CONSTANT and (one.units or 2) > 1 and one.trainable]
        paths = {one.path for one in layers if (one.units or 2) > 1 and one.trainable_parameters}
        alike = [path for path, share in case.data.alike_weights.items() if share >= self.alike and path in paths]
        concerned = tuple(dict.fromkeys([*constant, *alike]))
        if not concerned:
            return None
        return self._found(
            f"In {len(concerned)} of {len(layers)} hidden layers, the units begin with the same weights ({concerned[0]}).",
            "Such units get the same gradient and remain copies of each other.",
            concerned,
            None,
            0.97,
        )

    def _scaled(self, layers: list[Layer]) -> Finding | None:
        gains = {one.path: gain for one in layers if (gain := _gain(one)) is not None}
        off = {path: gain for path, gain in gains.items() if gain > self.large or 0 < gain < self.small}
        if not off:
            return None
        path, gain = max(off.items(), key=lambda item: abs(np.log(item[1])))
        size = "larger" if gain > 1 else "smaller"
        decades = abs(sum(np.log10(each) for each in off.values()))
        return self._found(
            f"The first weights of {len(off)} of {len(gains)} hidden layers are far {size} than their input allows: at {path} their "
            f"standard deviation × √inputs is {short(gain)} (about 1 keeps the signal's size, 1.4 with ReLU).",
            f"The signal gets {size} from layer to layer.",
            tuple(off),
            gain,
            0.85 if self.lost < gain < 1 and decades <= self.drift else 0.9,
        )

    def _drifting(self, case: Case) -> Finding | None:
        grid = case.grid("activation_std")
        kinds = [] if grid is None else [kind for kind in grid.kinds if kind in ("Dense", "Conv2D", "Conv1D")]
        if grid is None or len(kinds) < 4 or grid.steps[0] > 1:
            return None
        chosen = grid.of([name for name, kind in zip(grid.layers, grid.kinds, strict=True) if kind == kinds[0]])
        first = chosen.values[0][:-1]
        slope = depth_slope(
            first, np.arange(len(first))
        ).slope  # robust: one odd layer is no matter of the first weights
        decades = slope * (len(first) - 1)
        largest = np.abs(np.diff(logarithms(first))).max(initial=0.0)
        if not abs(decades) > self.drift or largest > abs(decades) / 2:
            return None
        return self._found(
            f"At the first step, activations {'grow' if decades > 0 else 'shrink'} by {short(abs(decades))} decades over "
            f"{len(first)} layers.",
            "The first weights do not suit the activation.",
            chosen.layers[:-1],
            decades,
        )

    def _bursting(self, case: Case) -> Finding | None:
        grid = case.grid("activation_std")
        if grid is None or grid.steps[0] > 0:
            return None
        first = dict(zip(grid.layers, zip(grid.kinds, grid.values[0], strict=True), strict=True))
        larger = 1.0  # a recurrent layer's input, at least of unit size
        for path, (kind, size) in first.items():
            if kind in RECURRENT and size > self.burst * larger:
                return self._found(
                    f"At the first step, {path} puts out values {short(size / larger)} times as large as its input.",
                    "Its recurrent weights multiply the signal, and the gradient on its way back, at every step of the sequence.",
                    (path,),
                    float(size / larger),
                )
            larger = max(larger, float(size))
        return None

    def _found(
        self, what: str, means: str, layers: tuple[str, ...], value: float | None, confidence: float = 0.9
    ) -> Finding:
        return Finding(
            self.name,
            "warning",
            what,
            means,
            _SUITING,
            layers=layers,
            value=value,
            confidence=confidence,
            steps=(0,),
            evidence=(Evidence("activation_std"),),
            remedies=(Remedy("initialization"),),
            reference="Glorot and Bengio 2010; He et al. 2015, arXiv 1502.01852.",
        )


_SUITING = (
    "Use the initialiser that suits the activation: He for ReLU, LeCun for SELU, Glorot for tanh and linear layers, orthogonal "
    "for recurrent weights."
)


def _suiting(layers: list[Layer], concerned: tuple[str, ...]) -> str:
    """What to use instead: for layers of one activation its own initialiser."""
    kinds = {one.activation for one in layers if one.path in concerned and one.class_name not in RECURRENT_CELLS}
    known = {"relu": ("he_normal", "ReLU"), "selu": ("lecun_normal", "SELU"), "tanh": ("glorot_uniform", "tanh")}
    kind = kinds.pop() if len(kinds) == 1 else None
    if kind not in known:
        return _SUITING
    return 'Use kernel_initializer="{}", which suits {}.'.format(*known[kind])


def _kernel(layer: Layer) -> str:
    known = layer.initializers.get("kernel")
    return known.class_name if known else ""


def _gain(layer: Layer) -> float | None:
    """σ √fan-in of a kernel whose initialiser does not scale itself with its input; ``None`` for the others."""
    known, inputs = layer.initializers.get("kernel"), _fan_in(layer)
    if layer.class_name in RECURRENT_CELLS:  # what is fed back at every step decides
        known, inputs = layer.initializers.get("recurrent"), layer.units
    if known is None or not inputs:
        return None
    settings = known.settings
    if known.class_name in ("RandomNormal", "TruncatedNormal"):
        spread = settings.get("stddev", 0.05)
    elif known.class_name == "RandomUniform":
        spread = (settings.get("maxval", 0.05) - settings.get("minval", -0.05)) / np.sqrt(12)
    else:
        return None
    return float(spread) * float(np.sqrt(inputs))


def _fan_in(layer: Layer) -> int | None:
    """Inputs of one unit: the kernel's entries by its units."""
    if not layer.units or layer.class_name not in ("Dense", "Conv1D", "Conv2D", "Conv3D"):
        return None
    return max(layer.parameters // layer.units - 1, 1)
